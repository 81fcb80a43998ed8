"""A forgotten socket warns and never hangs the interpreter's exit."""

from __future__ import annotations

import time

import pytest
from conftest import run_python

FORGOTTEN = """
import zcffi
context = zcffi.Context()
push = context.socket(zcffi.SocketType.PUSH)
push.linger = -1
push.connect("tcp://127.0.0.1:9")
push.send(b"for nobody")
print("done")
"""


def test_a_forgotten_socket_warns_at_exit():
    done = run_python(FORGOTTEN, PYTHONWARNINGS="always")
    assert done.stdout == "done\n"
    assert done.returncode == 0
    assert "ResourceWarning: unclosed <zcffi.Socket PUSH>" in done.stderr


@pytest.mark.parametrize(
    "end",
    [
        "",
        "import sys; sys.exit()",
        "del context",
        "del push",
        "del push, context",
        "push.close()",
        "context.shutdown()",
        "raise SystemExit(0)",
        "import threading; threading.Thread(target=lambda: None).start()",
    ],
)
def test_a_forgotten_socket_does_not_hang_the_exit(end):
    started = time.monotonic()
    done = run_python(FORGOTTEN + end)
    assert done.stdout == "done\n", done.stderr
    assert done.returncode == 0
    # A second for all forgotten sockets, and plenty for a busy machine to start Python.
    assert time.monotonic() - started < 15


DAEMONS = """
import os, threading, zcffi
context = zcffi.Context()
pull = context.socket(zcffi.SocketType.PULL)

def wait(started):
    started.set()
    try:
        pull.recv()
    finally:
        os.write(1, b"back ")

for _ in range(5):
    started = threading.Event()
    threading.Thread(target=wait, args=[started], daemon=True).start()
    started.wait()
os.write(1, b"done")
"""


@pytest.mark.parametrize("pure", ["0", "1"])
def test_a_daemon_thread_that_waits_neither_hangs_the_exit_nor_comes_back(pure):
    """Whoever came back would print its error, and hold stderr while the interpreter flushes it."""
    done = run_python(DAEMONS, ZCFFI_PURE_CFFI=pure)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done", "")


def test_what_a_forgotten_socket_holds_is_sent_at_exit(ctx):
    from zcffi import SocketType

    pull = ctx.socket(SocketType.PULL)
    address = pull.bind("tcp://127.0.0.1:*")
    done = run_python(
        """
import sys, zcffi
context = zcffi.Context()
push = context.socket(zcffi.SocketType.PUSH)
push.connect(sys.argv[1])
for i in range(100):
    push.send(b"%d" % i)
""",
        address,
    )
    assert done.returncode == 0, done.stderr
    assert [pull.recv() for _ in range(100)] == [b"%d" % i for i in range(100)]


def test_an_event_loop_that_waits_does_not_hang_the_exit():
    done = run_python("""
import asyncio, zcffi, zcffi.asyncio
async def main():
    context = zcffi.asyncio.Context()
    pull = context.socket(zcffi.SocketType.PULL)
    pull.bind("tcp://127.0.0.1:*")
    asyncio.create_task(pull.recv())
    await asyncio.sleep(0.01)
    print("done")
asyncio.run(main())
""")
    assert done.stdout == "done\n"
    assert done.returncode == 0, done.stderr
