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


WAITING = {
    "recv": "pull.recv()",
    "send": "push.send(b'x')",
    "send_many": "push.send_many([b'x'])",
    "poll": "pull.poll()",
    "poller": "poller.poll()",
    "proxy": "zcffi.proxy(pull, push)",
    "monitor": "pull.monitor().recv()",
    "term": "context.term()",
    "busy": "while True: push.connect('inproc://x')",
    "loop": "asyncio.run(zcffi.asyncio.Context().socket(zcffi.SocketType.PULL).recv())",
}


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize("call", WAITING)
def test_a_daemon_thread_in_any_call_does_not_hang_the_exit(call, pure):
    done = run_python(
        f"""
import asyncio, os, threading, zcffi, zcffi.asyncio
context = zcffi.Context()
pull, push = context.socket(zcffi.SocketType.PULL), context.socket(zcffi.SocketType.PUSH)
poller = zcffi.Poller()
poller.register(pull, zcffi.PollEvent.POLLIN)
started = threading.Event()
def work():
    started.set()
    {WAITING[call]}
threading.Thread(target=work, daemon=True).start()
started.wait()
threading.Event().wait(0.02)  # now it waits, as far as one can tell from outside
os.write(1, b"done")
""",
        ZCFFI_PURE_CFFI=pure,
    )
    assert (done.returncode, done.stdout) == (0, "done"), done.stderr


def test_an_open_loop_with_a_waiter_does_not_hang_the_exit():
    done = run_python("""
import asyncio, zcffi.asyncio
loop = asyncio.new_event_loop()
context = zcffi.asyncio.Context()
pull = context.socket(zcffi.SocketType.PULL)
task = loop.create_task(pull.recv())
loop.run_until_complete(asyncio.sleep(0))
print("done")
""")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_the_wait_for_an_awaited_contexts_end():
    """Ctrl-C while an awaited context ends, for a peer that never comes."""
    started = time.monotonic()
    done = run_python(
        """
import asyncio, os, signal, sys, threading, zcffi, zcffi.asyncio
async def main():
    async with zcffi.asyncio.Context() as context:
        push = context.socket(zcffi.SocketType.PUSH)
        push.linger = -1
        push.connect("tcp://127.0.0.1:9")
        await push.send(b"for nobody")
        threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("ended")
"""
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
    assert time.monotonic() - started < 15


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
