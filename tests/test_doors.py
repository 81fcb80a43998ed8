"""One behaviour, two doors: calls through C that keep the GIL, and through cffi alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from conftest import run_python

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
    for name in _door.__all__:
        if name not in ("CLOSED", "DOOR", "handle_of"):
            assert hasattr(fast, name), name
            assert hasattr(_pure, name), name


@pytest.mark.skipif(_ffi.fast is None, reason="only the fast door checks its arguments in C")
def test_the_fast_door_refuses_wrong_arguments():
    fast = _ffi.fast
    for name in ("send", "recv", "recv_into", "recv_message", "send_multipart", "recv_multipart"):
        with pytest.raises(TypeError):
            getattr(fast, name)()
    with pytest.raises(TypeError):
        fast.recv("no handle")
    with pytest.raises(OverflowError):
        fast.recv(0, 2**40)
    with pytest.raises(TypeError):
        fast.recv_message(0, 0, int)
    with pytest.raises(TypeError):
        fast.poll([], 0)


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
    assert _door.recv(pull._handle, flags) is None
    assert _door.recv_multipart(pull._handle, flags) is None
    assert _door.recv_many(pull._handle, 5, flags) is None
    assert _door.recv_into(pull._handle, bytearray(5), 0, flags) == -1
    assert _door.recv_message(pull._handle, flags, _door.Message) is None
    assert push.send_many([b"x"] * 5, Flag.DONTWAIT) == 2
    assert _door.send(push._handle, b"x", flags) == -1
    assert _door.send_multipart(push._handle, [b"x"], flags) == -1
    assert _door.send_many(push._handle, [b"x"], flags) == -1


def test_the_stub_of_cffi_is_what_the_headers_say(tmp_path):
    from pathlib import Path

    root = Path(__file__).parent.parent
    made = tmp_path / "made.pyi"
    subprocess.run([sys.executable, root / "build_ffi.py", made], check=True)
    assert made.read_text() == (root / "zcffi/_cffi.pyi").read_text()
