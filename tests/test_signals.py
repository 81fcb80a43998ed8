from __future__ import annotations

import signal
import threading
import time

import pytest

import zcffi
from zcffi import Poller, SocketType

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
    "poll": lambda pull, push: pull.poll(),
    "send": lambda pull, push: push.send(b"x"),
    "send frame": lambda pull, push: push.send(zcffi.Frame(b"x")),
    "send_multipart": lambda pull, push: push.send_multipart([b"x", b"y"]),
    "send_many": lambda pull, push: push.send_many([b"x"] * 10),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_handler_that_raises_ends_a_wait(ctx, interrupt, call):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    with pytest.raises(Interrupted):
        interrupt(raise_interrupted)
        CALLS[call](pull, push)


def test_a_handler_that_raises_ends_a_poller(ctx, interrupt):
    poller = Poller()
    poller.register(ctx.socket(SocketType.PULL), zcffi.PollEvent.POLLIN)
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


def test_ctrl_c_ends_a_program_that_waits():
    from conftest import run_python

    code = """
import os, signal, threading, zcffi
context = zcffi.Context()
pull = context.socket(zcffi.SocketType.PULL)
threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
try:
    pull.recv()
except KeyboardInterrupt:
    print("ended")
pull.close()
context.term()
"""
    done = run_python(code)
    assert done.stdout == "ended\n", done.stderr
    assert done.returncode == 0
