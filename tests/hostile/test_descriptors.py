"""No descriptors left: C-01, C-02."""

from __future__ import annotations

import time

import pytest
from conftest import eventually, run_python
from rfc.wire import connect

from hostile.target import Friend, Target, eventually_steady

pytestmark = pytest.mark.zcffi_only

SWEEP = """
import errno, os, resource, socket, sys, threading, time, zcffi
from zcffi import Context, PollEvent, SocketType

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

def count():
    return len(os.listdir("/proc/self/fd")) - 1

def leave(free):
    '''Have just so many descriptors free; what keeps the holes below.'''
    held = []
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
        if held[-1] >= count() - 1:  # no hole is left below it
            break
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1] + 1 + free, hard))
    return held

def release(held):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    for each in held:
        os.close(each)

def attempt(what, work):
    try:
        return work()
    except zcffi.ZMQError as error:
        wanted = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
        assert error.errno in wanted, (what, error)
        return None

release([])
step = sys.argv[1]
for free in range(41):
    before = count()
    if step == "socket":
        held = leave(free)
        context = attempt("context", Context)
        one = context and attempt("socket", lambda: context.socket(SocketType.PULL))
        two = context and attempt("socket", lambda: context.socket(SocketType.PUSH))
        where = one and attempt("bind", lambda: one.bind("tcp://127.0.0.1:*"))
        if two and where:
            attempt("connect", lambda: two.connect(where))
        release(held)
        context = context or Context()
        one = one or context.socket(SocketType.PULL)
        two = two or context.socket(SocketType.PUSH)
        where2 = where or one.bind("tcp://127.0.0.1:*")
        if not where:
            two.connect(where2)
    elif step in ("bind", "bind ipc"):
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        path = f"ipc:///tmp/zc{os.getpid()}.sweep" if step == "bind ipc" else "tcp://127.0.0.1:*"
        held = leave(free)
        where = attempt("bind", lambda: one.bind(path))
        release(held)
        two.connect(where or one.bind(path))
    elif step == "connect":
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        two.reconnect_ivl = 5
        where = one.bind("tcp://127.0.0.1:*")
        held = leave(free)
        attempt("connect", lambda: two.connect(where))
        two.sndtimeo = 5
        sent = attempt("send", lambda: two.send(b"early"))
        release(held)
        if free < 2:
            one.rcvtimeo = 5000
        assert one.recv() == b"early"
    elif step == "accept":
        context = Context()
        one = context.socket(SocketType.PULL)
        where = one.bind("tcp://127.0.0.1:*")
        port = int(where.rsplit(":", 1)[1])
        raw = socket.socket()
        held = leave(free)
        raw.connect(("127.0.0.1", port))
        one.poll(5)
        release(held)
        two = context.socket(SocketType.PUSH)
        two.connect(where)
        raw.close()
    elif step == "send":  # the first one: connected, but nothing has passed yet
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        one.connect(two.bind("tcp://127.0.0.1:*"))
        while not two.events & PollEvent.POLLOUT:
            time.sleep(0.001)
        held = leave(free)
        for i in range(20):
            two.send(b"%d" % i)
            assert one.recv() == b"%d" % i
        release(held)
    elif step == "poll":  # by a thread that never did before
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        two.connect(one.bind("tcp://127.0.0.1:*"))
        thread = threading.Thread(target=attempt, args=("poll", lambda: one.poll(1)))
        held = leave(free)
        thread.start()
        thread.join()
        release(held)
    else:  # first send and receive of sockets whose link joined meanwhile
        context = Context()
        one, two = context.socket(SocketType.REP), context.socket(SocketType.REQ)
        two.connect(one.bind("inproc://sweep"))
        held = leave(free)
        two.send(b"q")
        assert one.recv() == b"q"
        one.send(b"a")
        assert two.recv() == b"a"
        assert one.poll(1) == 0
        release(held)
    if step not in ("connect", "inproc"):
        one.rcvtimeo = two.sndtimeo = 5000
        two.send(b"alive")
        assert one.recv() == b"alive", free
    context.close(0)
    assert count() - before <= (step == "poll"), (free, count(), before)  # a thread's own is kept
    assert count() < 20
    print(free, end=" ", flush=True)
"""


@pytest.mark.descriptors
@pytest.mark.parametrize(
    "step", ["socket", "bind", "bind ipc", "connect", "accept", "send", "poll", "inproc"]
)
def test_without_descriptors(step):
    """C-01: with 0 to 40 descriptors left, each call works or says EMFILE; nothing leaks, and the
    same objects work once there are descriptors again."""
    done = run_python(SWEEP, step, timeout=60)
    assert done.stdout.split() == [str(free) for free in range(41)], done.stderr[-2000:]
    assert done.returncode == 0


@pytest.mark.descriptors
def test_accepting_at_the_limit_waits(ctx):
    """C-02: a listener out of descriptors says so and waits, instead of trying all the time; soon
    after there are some, everybody gets in."""
    target = Target(descriptors=64)
    try:
        endpoint = target.make("router", "ROUTER")
        friend = Friend(ctx, endpoint)
        friend.exchange()
        crowd = [connect(endpoint) for _ in range(90)]
        eventually(lambda: target.descriptors >= 63, "the limit")
        eventually(lambda: "ACCEPT_FAILED" in target.happened("router"), "the event")
        late = Friend(ctx, endpoint)
        eventually_steady(lambda: target.descriptors)
        before = target.wakeups
        assert not late.sock.poll(1000)
        woken = target.wakeups - before
        assert woken < 150, f"{woken} wake-ups in a second of waiting"
        friend.exchange()
        for wire in crowd:
            wire.close()
        began = time.monotonic()
        late.exchange()
        assert time.monotonic() - began < 3, "the longest pause is a second"
        friend.exchange()
        for wire in crowd[:5]:
            wire.close()
    finally:
        target.end()
