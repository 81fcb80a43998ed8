"""One behaviour, two doors: calls through C that keep the GIL, and through cffi alone."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
import threading
import time

import pytest
from conftest import run_python

import zcffi
from zcffi import Flag, SocketType, _door, _ffi


def test_the_environment_chooses_the_door():
    for value, door in (("1", "pure"), ("0", None), ("", None)):
        done = run_python("from zcffi import _door; print(_door.DOOR)", ZCFFI_PURE_CFFI=value)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == door or door is None


def test_the_fast_door_is_open_on_cpython():
    if os.environ.get("ZCFFI_PURE_CFFI", "0") in ("", "0") and sys.implementation.name == "cpython":
        assert _door.DOOR == "fast"
    else:
        assert _door.DOOR == "pure"


def test_both_doors_offer_the_same_calls():
    from zcffi import _pure

    fast = pytest.importorskip("zcffi._fast")
    for name in _pure.__all__:
        assert hasattr(fast, name), name
        assert hasattr(_door, name), name


@pytest.mark.skipif(_ffi.fast is None, reason="only the fast door checks its arguments in C")
def test_the_fast_door_refuses_wrong_arguments(ctx):
    fast = _ffi.fast
    socket = ctx.socket(SocketType.PULL)
    for name in ("send", "recv", "recv_into", "recv_message", "send_multipart", "recv_multipart"):
        with pytest.raises(TypeError):
            getattr(fast, name)()
    with pytest.raises(TypeError):
        fast.recv("no handle")
    with pytest.raises(OverflowError):
        fast.recv(socket, 2**40)
    with pytest.raises(OverflowError):
        socket.recv(2**40)
    with pytest.raises(TypeError):
        fast.recv_message(socket, 0, int)
    with pytest.raises(KeyError):
        fast.hot_method("bind", "bind($self)")
    with pytest.raises(TypeError):
        fast.poll([], 0)


@pytest.mark.parametrize("module", ["zcffi", "zcffi.zmq"])
def test_hot_methods_tell_their_signature_and_docstring(module):
    kind = importlib.import_module(module).Socket
    for name in ("send", "recv", "send_multipart", "recv_multipart"):
        method = getattr(kind, name)
        shown = inspect.signature(method)
        written = inspect.signature(getattr(kind, f"_whole_{name}", method))
        assert [(p.name, p.default) for p in shown.parameters.values()] == [
            (p.name, p.default) for p in written.parameters.values()
        ]
        assert len(method.__doc__) > 20
        assert method.__name__ == name


def test_every_form_of_a_hot_call_does_the_same(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"1")
    push.send(data=b"2")
    push.send(b"3", Flag.SNDMORE)
    push.send(b"4", flags=0)
    push.send(b"5", more=True)
    push.send(bytearray(b"6"), copy=False)
    push.send_multipart([b"7", b"8"])
    push.send_multipart(parts=iter([b"9"]), flags=Flag.DONTWAIT)
    assert pull.recv() == b"1"
    assert pull.recv(flags=0) == b"2"
    assert pull.recv(0, copy=True) == b"3"
    assert pull.recv(copy=False) == b"4"
    assert pull.recv_multipart() == [b"5", b"6"]
    assert pull.recv_multipart(0, copy=False) == [b"7", b"8"]
    assert pull.recv_multipart(flags=0) == [b"9"]


def test_hot_calls_say_what_is_wrong_with_their_arguments(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(TypeError, match="data"):
        push.send()
    with pytest.raises(TypeError, match="unexpected keyword argument 'dat'"):
        push.send(dat=b"x")
    with pytest.raises(TypeError, match="positional"):
        pull.recv(0, 1)
    with pytest.raises(TypeError, match="'str'"):
        push.send(b"x", "DONTWAIT")
    with pytest.raises(TypeError, match="sequence of parts"):
        push.send_multipart(b"x")


def test_a_subclass_may_replace_a_hot_call():
    class Shouting(zcffi.Socket):
        def send(self, data, flags=0):
            super().send(data.upper(), flags)

        def recv(self, flags=0):
            return b"<" + super().recv(flags) + b">"

    with zcffi.Context() as context:
        pull, push = (Shouting(context, kind) for kind in (SocketType.PULL, SocketType.PUSH))
        push.connect(pull.bind("tcp://127.0.0.1:*"))
        push.send(b"hey")
        assert pull.recv() == b"<HEY>"


def test_a_call_that_waits_lets_other_threads_run(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    thread = threading.Timer(0.01, push.send, [b"x"])
    thread.start()
    assert pull.recv() == b"x"  # would hang if it kept the GIL
    thread.join()


@pytest.mark.skipif(
    _ffi.fast is None, reason="the door through cffi gives the GIL up on every call"
)
def test_a_call_that_does_not_wait_keeps_the_gil(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            pass

    old = sys.getswitchinterval()
    sys.setswitchinterval(0.05)
    thread = threading.Thread(target=spin)
    thread.start()
    try:
        # A call that gave the GIL up would get it back a switch interval later: 100 seconds.
        started = time.monotonic()
        for _ in range(1000):
            push.send(b"x")
            pull.recv()
        assert time.monotonic() - started < 50
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(old)


def test_quiet_gives_none_instead_of_again(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, sndhwm=1, rcvhwm=1)
    flags = Flag.DONTWAIT | _door.QUIET
    assert _door.recv(pull, flags) is None
    assert _door.recv_multipart(pull, flags) is None
    assert _door.recv_many(pull, 5, flags) is None
    assert _door.recv_into(pull, bytearray(5), 0, flags) == -1
    assert _door.recv_message(pull, flags, _door.Message) is None
    assert push.send_many([b"x"] * 5, Flag.DONTWAIT) == 2
    assert _door.send(push, b"x", flags) == -1
    assert _door.send_multipart(push, [b"x"], flags) == -1
    assert _door.send_many(push, [b"x"], flags) == -1


def test_the_stub_of_cffi_is_what_the_headers_say(tmp_path):
    from pathlib import Path

    root = Path(__file__).parent.parent
    made = tmp_path / "made.pyi"
    subprocess.run([sys.executable, root / "build_ffi.py", made], check=True)
    assert made.read_text() == (root / "zcffi/_cffi.pyi").read_text()
