"""A program by pyzmq's names, for mypy --strict; see typed.py."""

from __future__ import annotations

import asyncio

import zcffi.zmq as zmq
import zcffi.zmq.asyncio  # noqa: F401 (used as zmq.asyncio)
from zcffi.zmq.utils.monitor import recv_monitor_message


def main() -> None:
    context = zmq.Context()
    context.setsockopt(zmq.LINGER, 0)
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    port: int = pull.bind_to_random_port("tcp://127.0.0.1")
    with push.connect(f"tcp://127.0.0.1:{port}") as connected:
        connected.setsockopt(zmq.SNDHWM, 10)
        connected.send(b"x", zmq.SNDMORE)
        connected.send_multipart([b"y", b"z"], copy=True)
        poller = zmq.Poller()
        poller.register(pull, zmq.POLLIN)
        ready = dict(poller.poll(10_000))
        assert pull in ready
        data: list[bytes] = pull.recv_multipart()
        frame: zmq.Frame = (connected.send(b"a"), pull.recv(copy=False))[1]
        word: bytes = (connected.send(b"a"), pull.recv())[1]
        assert len(data) == 3
        assert frame.bytes == word
    monitor = pull.get_monitor_socket(zmq.EVENT_LISTENING)  # the peer's leaving may still be told
    pull.bind("tcp://127.0.0.1:*")
    event = recv_monitor_message(monitor)
    assert event["event"] == zmq.EVENT_LISTENING
    pull.disable_monitor()
    assert monitor.closed
    context.destroy(linger=0)


async def coroutines() -> None:
    context = zmq.asyncio.Context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.bind("inproc://awaited")
    push.connect("inproc://awaited")
    await push.send_multipart([b"x"])
    parts: list[bytes] = await pull.recv_multipart()
    monitor = pull.get_monitor_socket()
    pull.bind("tcp://127.0.0.1:*")
    assert (await recv_monitor_message(monitor))["event"] == zmq.EVENT_LISTENING
    await push.send_string("x")
    text: str = await pull.recv_string()
    assert parts == [text.encode()]
    context.destroy(linger=0)


main()
asyncio.run(coroutines())
print("ok")
