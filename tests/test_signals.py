from __future__ import annotations

import signal
import threading
import time

import pytest

import zcffi
import zcffi.zmq
from zcffi import Event, Poller, PollEvent, SocketType

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer")


class Interrupted(Exception):
    pass


@pytest.fixture
def interrupt():
    """Calls `handler` by a signal that arrives again and again, until it is told to stop."""
    old = signal.getsignal(signal.SIGUSR1)
    stop = threading.Event()
    main = threading.main_thread().ident

    def send():
        while not stop.wait(0.01):
            signal.pthread_kill(main, signal.SIGUSR1)

    thread = threading.Thread(target=send)

    def start(handler):
        signal.signal(signal.SIGUSR1, handler)
        thread.start()

    yield start
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    stop.set()
    if thread.ident:
        thread.join()
    signal.signal(signal.SIGUSR1, old)


def raise_interrupted(*_):
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # once: the next would hit whoever cleans up
    raise Interrupted


CALLS = {
    "recv": lambda pull, push: pull.recv(),
    "recv frame": lambda pull, push: pull.recv(copy=False),
    "recv_multipart": lambda pull, push: pull.recv_multipart(),
    "recv_many": lambda pull, push: pull.recv_many(),
    "recv_into": lambda pull, push: pull.recv_into(bytearray(10)),
    "recv_multipart frames": lambda pull, push: pull.recv_multipart(copy=False),
    "recv_string": lambda pull, push: pull.recv_string(),
    "recv_json": lambda pull, push: pull.recv_json(),
    "poll for a time": lambda pull, push: pull.poll(60_000),
    "monitor recv": lambda pull, push: pull.monitor(Event.LISTENING).recv(),
    "monitor recv for a time": lambda pull, push: pull.monitor(Event.LISTENING).recv(60_000),
    "monitor poll": lambda pull, push: pull.monitor(Event.LISTENING).poll(),
    "monitor iterated": lambda pull, push: list(pull.monitor(Event.LISTENING)),
    "proxy": lambda pull, push: zcffi.proxy(pull, push),
    "zmq select": lambda pull, push: zcffi.zmq.select([pull], [push], []),
    "zmq poll": lambda pull, push: zcffi.zmq.zmq_poll([(pull, PollEvent.POLLIN)]),
    "poll": lambda pull, push: pull.poll(),
    "send": lambda pull, push: push.send(b"x"),
    "send frame": lambda pull, push: push.send(zcffi.Frame(b"x")),
    "send_multipart": lambda pull, push: push.send_multipart([b"x", b"y"]),
    "send_many": lambda pull, push: push.send_many([b"x"] * 10),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # monitors that nobody could close
@pytest.mark.parametrize("timeout", [-1, 60_000], ids=["for ever", "for a minute"])
@pytest.mark.parametrize("call", CALLS)
def test_a_handler_that_raises_ends_a_wait(ctx, interrupt, call, timeout):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    pull.rcvtimeo = push.sndtimeo = timeout
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        CALLS[call](pull, push)


@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc"])
@pytest.mark.parametrize("call", ["recv", "send", "send_many"])
def test_a_handler_that_raises_ends_a_wait_on_a_connection(pair, interrupt, call, transport):
    """Where the thread that waits drives the connection itself."""
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport, sndhwm=2, rcvhwm=2)
    push.send(b"first")
    assert pull.recv() == b"first"
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        while True:
            if call == "recv":
                pull.recv()
            elif call == "send":
                push.send(b"x" * 100_000)
            else:
                push.send_many([b"x" * 100_000] * 100)


def test_a_handler_that_raises_ends_a_close_that_lingers(interrupt):
    context = zcffi.Context()
    push = context.socket(SocketType.PUSH)
    push.connect("tcp://127.0.0.1:9")
    push.send(b"for nobody")
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        context.close(linger=60_000)
    assert not context.closed
    assert push.closed


def test_a_handler_that_raises_ends_a_trackers_wait(interrupt):
    context = zcffi.zmq.Context()
    push = context.socket(zcffi.zmq.PUSH)
    push.connect("tcp://127.0.0.1:9")
    tracker = push.send(bytearray(100_000), copy=False, track=True)
    if zcffi._door.DOOR == "pure":
        interrupt(raise_interrupted)
        tracker.wait()  # nothing is lent through this door
    else:
        with pytest.raises(Interrupted):
            interrupt(raise_interrupted)
            tracker.wait()
    context.destroy(linger=0)


@pytest.mark.any_thread
def test_a_signal_that_hits_another_thread_does_not_end_its_wait(ctx, address):
    """Python runs handlers in the main thread only; the others go on waiting."""
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.connect(pull.bind(address("tcp")))
    old = signal.signal(signal.SIGUSR1, lambda *_: seen.append(threading.current_thread()))
    seen, got = [], []
    thread = threading.Thread(target=lambda: got.append(pull.recv()))
    thread.start()
    try:
        while len(seen) < 20:
            signal.pthread_kill(thread.ident, signal.SIGUSR1)
            time.sleep(0.001)
        assert thread.is_alive()
        push.send(b"x")
        thread.join(10)
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert got == [b"x"]
    assert set(seen) == {threading.main_thread()}


def test_a_handler_that_raises_ends_a_poller(ctx, interrupt):
    poller = Poller()
    poller.register(ctx.socket(SocketType.PULL), PollEvent.POLLIN)
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        poller.poll()


def test_a_handler_that_raises_ends_a_proxy(ctx, interrupt):
    front, back = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        zcffi.proxy(front, back)


def test_a_handler_that_raises_ends_term_which_may_go_on(interrupt):
    context = zcffi.Context()
    socket = context.socket(SocketType.PULL)
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        context.term()
    assert not context.closed
    socket.close()
    context.term()
    assert context.closed


def test_a_handler_that_returns_lets_the_wait_go_on(ctx, address, interrupt):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.connect(pull.bind(address("tcp")))
    count = 0

    def handler(*_):
        nonlocal count
        count += 1
        if count == 5:
            push.send(b"x")

    interrupt(handler)
    assert pull.recv() == b"x"
    assert count >= 5


def test_signals_do_not_make_a_timeout_longer(ctx, interrupt):
    pull = ctx.socket(SocketType.PULL)
    pull.rcvtimeo = 200
    interrupt(lambda *_: None)
    started = time.monotonic()
    with pytest.raises(zcffi.Again):
        pull.recv()
    assert time.monotonic() - started >= 0.19
    assert not pull.poll(50)


PREPARE = """
import asyncio, contextlib, os, signal, threading, zcffi, zcffi.asyncio
from zcffi import SocketType
context = zcffi.Context()
pull, push = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
push.connect(pull.bind("tcp://127.0.0.1:*"))
poller = zcffi.Poller()
poller.register(pull, 1)
async def waits(kind, call):
    async with zcffi.asyncio.Context() as mine, asyncio.timeout(60):
        with mine.socket(kind) as socket:
            await call(socket)
async def watch(socket):
    async for event in socket.monitor():
        pass
def wait_until_closed():  # which the interpreter's end must not find telling of an error
    with contextlib.suppress(zcffi.ZMQError):
        pull.poll()
def interrupt():
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
try:
    interrupt()
    {call}
except KeyboardInterrupt:
    print("ended")
pull.close()
push.close()
context.term()
"""

PROGRAMS = {
    "recv": "pull.recv()",
    "poll": "pull.poll()",
    "poller": "poller.poll()",
    "send": "[push.send(b'x' * 100_000) for _ in range(10**6)]",
    "proxy": "zcffi.proxy(pull, push)",
    "term": "context.term()",
    "beside a thread that waits": "threading.Thread(target=wait_until_closed, daemon=True).start();"
    " pull.poll()",
    "asyncio recv": "asyncio.run(waits(SocketType.PULL, lambda s: s.recv()))",
    "asyncio send": "asyncio.run(waits(SocketType.PUSH, lambda s: s.send(b'x')))",
    "asyncio poll": "asyncio.run(waits(SocketType.PULL, lambda s: s.poll()))",
    "asyncio monitor": "asyncio.run(waits(SocketType.PULL, watch))",
}


@pytest.mark.parametrize("call", PROGRAMS)
def test_ctrl_c_ends_a_program(call):
    from conftest import differs, run_python

    if call == "beside a thread that waits":
        differs("any_thread")
    done = run_python(PREPARE.replace("{call}", PROGRAMS[call]))
    assert done.stdout == "ended\n", done.stderr
    assert done.returncode == 0
