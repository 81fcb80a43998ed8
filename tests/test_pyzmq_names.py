"""zcffi.zmq: programs written for pyzmq run by its names."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import zcffi
import zcffi.zmq as zmq
import zcffi.zmq.asyncio
from zcffi.zmq.utils import jsonapi, z85
from zcffi.zmq.utils.monitor import recv_monitor_message


@pytest.fixture
def context():
    context = zmq.Context()
    kept = []
    make = context.socket

    def socket(*arguments):
        kept.append(make(*arguments))
        return kept[-1]

    object.__setattr__(context, "socket", socket)
    yield context
    context.destroy(linger=0)


@pytest.fixture
def pair(context):
    def make(bound, connected):
        one, two = context.socket(bound), context.socket(connected)
        port = one.bind_to_random_port("tcp://127.0.0.1")
        two.connect(f"tcp://127.0.0.1:{port}")
        return one, two

    return make


def test_constants_are_flat_names():
    assert zmq.PUSH == 8
    assert zmq.LINGER == 17
    assert zmq.DONTWAIT == zmq.NOBLOCK == 1
    assert zmq.SNDMORE == 2
    assert zmq.POLLIN | zmq.POLLOUT == 3
    assert zmq.EVENT_CONNECTED == 1
    assert zmq.EAGAIN == zmq.Errno.EAGAIN
    assert zmq.IO_THREADS == 1
    assert zmq.XREQ == zmq.DEALER
    assert zmq.IDENTITY == zmq.ROUTING_ID == 5


def test_a_classic_program_runs(pair):
    rep, req = pair(zmq.REP, zmq.REQ)
    req.send_string("hello")
    assert rep.recv_string() == "hello"
    rep.send_json({"a": 1})
    assert req.recv_json() == {"a": 1}
    req.send_pyobj({1, 2})
    assert rep.recv_pyobj() == {1, 2}
    rep.send_multipart([b"a", b"b"])
    assert req.recv_multipart() == [b"a", b"b"]
    req.send(b"x", zmq.SNDMORE)
    req.send(b"y")
    assert rep.recv() == b"x"
    assert rep.getsockopt(zmq.RCVMORE) == 1
    assert rep.recv() == b"y"


def test_again_is_raised_by_its_name(pair):
    pull, _ = pair(zmq.PULL, zmq.PUSH)
    with pytest.raises(zmq.Again):
        pull.recv(zmq.NOBLOCK)
    with pytest.raises(zmq.ZMQError) as caught:
        pull.recv(flags=zmq.DONTWAIT)
    assert caught.value.errno == zmq.EAGAIN
    assert str(zmq.ZMQError(zmq.EFSM)) == "Operation cannot be accomplished in current state"


def test_options_are_set_by_number_and_by_name_in_any_case(context):
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.SNDHWM, 5)
    assert socket.getsockopt(zmq.SNDHWM) == socket.SNDHWM == socket.sndhwm == socket.Sndhwm == 5
    socket.RCVHWM = 7
    assert socket.get(zmq.RCVHWM) == 7
    socket.linger = 3
    assert socket.LINGER == 3
    socket.set_string(zmq.IDENTITY, "me")
    assert socket.identity == socket.getsockopt(zmq.ROUTING_ID) == b"me"
    assert socket.get_string(zmq.IDENTITY) == "me"
    socket.hwm = 9
    assert (socket.sndhwm, socket.rcvhwm, socket.get_hwm()) == (9, 9, 9)


def test_what_is_no_option_is_an_attribute_error(context):
    socket = context.socket(zmq.DEALER)
    with pytest.raises(AttributeError, match="FOO"):
        socket.foo = 1
    with pytest.raises(AttributeError, match="foo"):
        _ = socket.foo
    with pytest.raises(AttributeError, match="XPUB_VERBOSE can't be read"):
        _ = socket.xpub_verbose
    with pytest.raises(TypeError):
        socket.setsockopt(zmq.SNDHWM, b"x")
    with pytest.raises(TypeError):
        socket.setsockopt(zmq.IDENTITY, 5)


def test_linger_is_that_of_libzmq(context):
    assert context.socket(zmq.PUSH).linger == -1
    assert context.socket(zmq.SUB).linger == 0
    assert context.socket(zmq.XSUB).linger == 0


def test_bind_and_connect_are_context_managers(context):
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    with pull.bind("tcp://127.0.0.1:*") as bound:
        assert bound is pull
        with push.connect(pull.last_endpoint.decode()):
            push.send(b"x")
            assert pull.recv() == b"x"
    with pytest.raises(zmq.ZMQError):
        pull.unbind(pull.last_endpoint.decode())


def test_last_endpoint_is_bytes(context):
    socket = context.socket(zmq.PULL)
    socket.bind("inproc://here")
    assert socket.getsockopt(zmq.LAST_ENDPOINT) == socket.LAST_ENDPOINT == b"inproc://here"


def test_subscribe_by_option_and_by_method(context):
    pub, sub = context.socket(zmq.XPUB), context.socket(zmq.SUB)
    pub.bind("inproc://news")
    sub.connect("inproc://news")
    sub.setsockopt(zmq.SUBSCRIBE, b"a")
    assert pub.recv() == b"\x01a"
    sub.setsockopt_string(zmq.SUBSCRIBE, "b")
    assert pub.recv() == b"\x01b"
    sub.subscribe("c")
    assert pub.recv() == b"\x01c"
    sub.unsubscribe(b"c")
    assert pub.recv() == b"\x00c"


def test_the_instance_is_shared_and_made_anew_after_its_end():
    one = zmq.Context.instance()
    assert zmq.Context.instance() is one
    one.term()
    two = zmq.Context.instance()
    assert two is not one
    assert not two.closed
    two.term()


def test_options_of_the_context_hold_for_its_sockets(context):
    context.setsockopt(zmq.LINGER, 5)
    context.SNDHWM = 6
    context.rcvhwm = 7
    socket = context.socket(zmq.DEALER)
    assert (socket.linger, socket.sndhwm, socket.rcvhwm) == (5, 6, 7)
    assert context.getsockopt(zmq.LINGER) == context.linger == 5
    assert context.get(zmq.IO_THREADS) == context.IO_THREADS == 1
    del context.linger
    with pytest.raises(AttributeError):
        _ = context.linger


def test_a_closed_context_refuses_sockets():
    context = zmq.Context()
    context.term()
    assert context.closed
    with pytest.raises(zmq.ZMQError) as caught:
        context.socket(zmq.PUSH)
    assert caught.value.errno == zmq.ENOTSUP


def test_destroy_closes_the_sockets():
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    context.destroy(linger=0)
    assert socket.closed
    assert context.closed


def test_poller_and_select(pair):
    pull, push = pair(zmq.PULL, zmq.PUSH)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    poller.register(push, zmq.POLLOUT)
    push.send(b"x")
    assert pull.poll(1000)
    assert dict(poller.poll(1000)) == {pull: zmq.POLLIN, push: zmq.POLLOUT}
    assert zmq.select([pull], [push], [], 1) == ([pull], [push], [])
    assert zmq.zmq_poll([(pull, zmq.POLLIN)], 0) == [(pull, zmq.POLLIN)]


def test_frames_and_trackers(pair):
    pull, push = pair(zmq.PULL, zmq.PUSH)
    data = bytearray(b"x" * 100_000)
    tracker = push.send(data, copy=False, track=True)
    frame = pull.recv(copy=False)
    assert isinstance(frame, zmq.Frame)
    assert frame.bytes == data
    tracker.wait(10)
    assert tracker.done
    assert push.send(b"x") is None
    assert push.send(b"x", copy=False).done
    tracker = push.send_multipart([data, data], copy=False, track=True)
    assert [pull.recv() for _ in range(2)] == [b"x", b"x"]
    assert [frame.bytes for frame in pull.recv_multipart(copy=False)] == [data, data]
    tracker.wait(10)


def test_a_tracker_says_that_it_is_not_done(context):
    push = context.socket(zmq.PUSH)
    push.connect("tcp://127.0.0.1:9")
    tracker = push.send(bytearray(100_000), copy=False, track=True)
    if zcffi._door.DOOR == "pure":
        assert tracker.done  # nothing is lent through this door
        return
    with pytest.raises(zmq.NotDone):
        tracker.wait(0.01)


def test_a_monitor_socket_gives_the_events(context):
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    monitor = pull.get_monitor_socket()
    port = pull.bind_to_random_port("tcp://127.0.0.1")
    push.connect(f"tcp://127.0.0.1:{port}")
    seen = []
    while zmq.EVENT_HANDSHAKE_SUCCEEDED not in seen:
        assert monitor.poll(10_000)
        event = recv_monitor_message(monitor)
        seen.append(event["event"])
    assert seen == [zmq.EVENT_LISTENING, zmq.EVENT_ACCEPTED, zmq.EVENT_HANDSHAKE_SUCCEEDED]
    assert event["endpoint"].startswith(b"tcp://127.0.0.1:")
    pull.disable_monitor()


def test_monitor_takes_an_address(context):
    pull, watch = context.socket(zmq.PULL), context.socket(zmq.PAIR)
    pull.monitor("inproc://events", zmq.EVENT_LISTENING)
    watch.connect("inproc://events")
    pull.bind("tcp://127.0.0.1:*")
    assert recv_monitor_message(watch)["event"] == zmq.EVENT_LISTENING
    pull.monitor(None)


def test_a_proxy_ends_with_context_terminated(context):
    import threading

    front, back = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    front.bind("inproc://front")
    ended = []

    def run():
        try:
            zmq.proxy(front, back)
        except zmq.ContextTerminated as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    context.shutdown()
    thread.join(10)
    assert len(ended) == 1


def test_shadows_and_copies_share_the_handle(context):
    one, two = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    one.bind("inproc://shared")
    two.connect("inproc://shared")
    zmq.Socket.shadow(one.underlying).send(b"a")
    copy.copy(one).send(b"b")
    zmq.Socket(one).send(b"c")
    assert [two.recv() for _ in range(3)] == [b"a", b"b", b"c"]
    other = zmq.Context.shadow(context.underlying)
    three = other.socket(zmq.PAIR)
    three.close()
    other.term()
    assert not context.closed


def test_contexts_and_sockets_do_not_pickle(context):
    for each in (context, context.socket(zmq.PUSH)):
        with pytest.raises(TypeError):
            pickle.dumps(each)


def test_serialized_messages(pair):
    pull, push = pair(zmq.PULL, zmq.PUSH)
    push.send_serialized("a b", lambda text: text.encode().split())
    assert pull.recv_serialized(b" ".join) == b"a b"


def test_helpers():
    assert z85.decode(z85.encode(b"\x86\x4f\xd2\x6f")) == b"\x86\x4f\xd2\x6f"
    assert jsonapi.loads(jsonapi.dumps({"ü": 1})) == {"ü": 1}
    assert zmq.zmq_version_info() >= (4, 3, 0)
    assert zmq.strerror(zmq.EFSM).startswith("Operation")
    assert zmq.has("ipc")
    watch = zmq.Stopwatch()
    watch.start()
    assert watch.stop() >= 0


def test_asyncio_by_its_names():
    async def main():
        context = zmq.asyncio.Context()
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        port = pull.bind_to_random_port("tcp://127.0.0.1")
        push.connect(f"tcp://127.0.0.1:{port}")
        await push.send_multipart([b"a", b"b"])
        assert await pull.recv_multipart() == [b"a", b"b"]
        await push.send_pyobj([1])
        assert await pull.recv_pyobj() == [1]
        await push.send_json({"a": 1})
        assert await pull.recv_json() == {"a": 1}
        await push.send_string("x")
        assert await pull.poll(1000) == zmq.POLLIN
        assert await pull.recv_string() == "x"
        poller = zmq.asyncio.Poller()
        poller.register(pull, zmq.POLLIN)
        assert await poller.poll(5) == []
        monitor = pull.get_monitor_socket()
        push.close()
        assert (await recv_monitor_message(monitor))["event"] == zmq.EVENT_DISCONNECTED
        context.destroy(linger=0)

    asyncio.run(main())


def test_an_awaited_socket_is_made_of_a_plain_one(context):
    plain = context.socket(zmq.PULL)
    for made in (
        zmq.asyncio.Socket(plain),
        zmq.asyncio.Socket.from_socket(plain),
        zmq.asyncio.Socket(shadow=plain.underlying),
    ):
        assert made.underlying == plain.underlying
        made.close()
    assert not plain.closed


def test_every_name_of_pyzmq_that_is_promised_is_there():
    for name in [
        "Context",
        "Socket",
        "Poller",
        "Frame",
        "Message",
        "MessageTracker",
        "Again",
        "ContextTerminated",
        "ZMQError",
        "NotDone",
        "ZMQBindError",
        "ZMQVersionError",
        "InterruptedSystemCall",
        "Stopwatch",
        "proxy",
        "proxy_steerable",
        "device",
        "select",
        "zmq_poll",
        "has",
        "strerror",
        "curve_keypair",
        "curve_public",
        "zmq_version",
        "zmq_version_info",
        "pyzmq_version",
        "get_includes",
        "get_library_dirs",
        "COPY_THRESHOLD",
        "DRAFT_API",
        "SocketType",
        "SocketOption",
        "ContextOption",
        "Event",
        "Flag",
        "PollEvent",
        "SecurityMechanism",
    ]:
        assert hasattr(zmq, name), name


def test_small_programs_give_the_same_with_pyzmq():
    """Answers and exceptions, line by line."""
    pytest.importorskip("zmq")
    program = Path(__file__).parent / "programs/pyzmq_answers.py"
    said = {}
    for module in ("zmq", "zcffi.zmq"):
        done = subprocess.run(
            [sys.executable, "-P", program, module], capture_output=True, text=True, timeout=25
        )
        assert done.returncode == 0, done.stderr
        said[module] = done.stdout.splitlines()
    assert len(said["zmq"]) > 100
    assert said["zcffi.zmq"] == said["zmq"]
