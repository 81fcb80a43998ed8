"""A program for pyzmq that uses most of what a program uses; says "ok" when all went well."""

import asyncio
import contextlib
import tempfile
import threading

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

WAIT = 10_000


def requests(context: zmq.Context, where: str) -> None:
    with context.socket(zmq.REP) as rep, context.socket(zmq.REQ) as req:
        rep.bind(where)
        req.connect(rep.last_endpoint)
        for i in range(200):
            req.send_string(f"question {i}")
            rep.send_multipart([rep.recv(), b"", bytes(i)])
            assert req.recv_multipart() == [b"question %d" % i, b"", bytes(i)]


def topics(context: zmq.Context, where: str) -> None:
    with context.socket(zmq.XPUB) as pub, context.socket(zmq.SUB) as sub:
        pub.bind(where)
        sub.connect(pub.last_endpoint)
        sub.subscribe(b"a")
        assert pub.recv() == b"\x01a"
        poller = zmq.Poller()
        poller.register(sub, zmq.POLLIN)
        poller.register(pub, zmq.POLLIN)
        assert poller.poll(0) == []
        pub.send(b"not for you")
        pub.send(b"a word")
        assert poller.poll(WAIT) == [(sub, zmq.POLLIN)]
        assert sub.recv() == b"a word"


def frames(context: zmq.Context, where: str) -> None:
    data = bytes(range(256)) * 8192
    with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
        pull.bind(where)
        push.connect(pull.last_endpoint)
        tracker = push.send(data, copy=False, track=True)
        frame = pull.recv(copy=False)
        assert frame.buffer == data
        del frame
        tracker.wait(10)


def devices(context: zmq.Context) -> None:
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    front.bind("inproc://front")
    back.bind("inproc://back")

    def forward() -> None:
        with front, back, contextlib.suppress(zmq.ContextTerminated):
            zmq.proxy(front, back)

    thread = threading.Thread(target=forward)
    thread.start()
    with context.socket(zmq.REQ) as client, context.socket(zmq.REP) as worker:
        client.connect("inproc://front")
        worker.connect("inproc://back")
        client.send(b"task")
        worker.send(worker.recv() + b" done")
        assert client.recv() == b"task done"
    context.term()
    thread.join(10)
    assert not thread.is_alive()


def events(context: zmq.Context) -> None:
    with context.socket(zmq.PULL) as pull:
        with pull.get_monitor_socket(zmq.EVENT_LISTENING) as monitor:
            pull.bind("tcp://127.0.0.1:*")
            event = recv_monitor_message(monitor)
            assert event["event"] == zmq.Event.LISTENING
            assert event["endpoint"] == pull.last_endpoint
        pull.disable_monitor()


async def coroutines(where: str) -> None:
    context = zmq.asyncio.Context()
    with context.socket(zmq.DEALER) as one, context.socket(zmq.DEALER) as two:
        one.bind(where)
        two.connect(one.last_endpoint)

        async def answer() -> None:
            for _ in range(500):
                await one.send_multipart(await one.recv_multipart())

        task = asyncio.create_task(answer())
        for i in range(500):
            await two.send_multipart([b"%d" % i, b"x"])
        for i in range(500):
            assert await two.recv_multipart() == [b"%d" % i, b"x"]
        await task
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(two.recv(), 0.01)
    context.term()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="zc", dir="/tmp") as folder:
        context = zmq.Context()
        context.setsockopt(zmq.RCVTIMEO, WAIT)
        context.setsockopt(zmq.SNDTIMEO, WAIT)
        for i, where in enumerate(("tcp://127.0.0.1:*", f"ipc://{folder}/one", "inproc://one")):
            requests(context, where)
            topics(context, where)
            frames(context, where)
            asyncio.run(coroutines(f"inproc://coroutines.{i}" if i == 2 else where))
        events(context)
        devices(context)
    assert context.closed
    print("ok")


main()
