from __future__ import annotations

import multiprocessing
import os

import pytest
from conftest import run_python

import zcffi
from zcffi import SocketType

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PREPARE = """
import os, sys, warnings, zcffi
from zcffi import SocketType
context = zcffi.Context()
pull, push = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
push.connect(pull.bind("tcp://127.0.0.1:*"))
push.send(b"before")
assert pull.recv() == b"before"

def in_child(work):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

AFTER = """
push.send(b"after")
assert pull.recv() == b"after"
pull.close()
push.close()
context.term()
print("parent done")
"""


def forked(work: str) -> None:
    """Run a program that forks in the middle of its work; the parent must be unharmed."""
    done = run_python(PREPARE + work + AFTER)
    assert done.stdout.endswith("parent done\n"), done.stderr
    assert done.returncode == 0


def test_close_and_term_succeed_quietly_in_the_child():
    forked("""
def work():
    pull.close()
    push.close()
    context.term()
in_child(work)
""")


def test_any_other_use_in_the_child_is_a_clear_error():
    forked("""
def work():
    for call in (lambda: push.send(b"x"), pull.recv, lambda: pull.recv_many(), lambda: pull.poll(0),
                 lambda: pull.bind("inproc://x"), lambda: pull.linger,
                 lambda: context.socket(SocketType.PULL)):
        try:
            call()
        except zcffi.ZMQError as error:
            assert "fork" in str(error) or "terminated" in str(error), str(error)
        else:
            raise AssertionError("no error")
in_child(work)
""")


@pytest.mark.after_fork
def test_the_error_in_the_child_is_a_forked_error():
    forked("""
def work():
    try:
        push.send(b"x")
    except zcffi.ForkedError:
        pass
in_child(work)
""")


def test_a_new_context_works_in_the_child():
    forked("""
def work():
    with zcffi.Context() as new:
        mine, other = new.socket(SocketType.PUSH), new.socket(SocketType.PULL)
        other.connect(mine.bind("tcp://127.0.0.1:*"))
        mine.send(b"x")
        assert other.recv() == b"x"
in_child(work)
""")


def test_a_child_talks_to_its_parent():
    forked("""
address = pull.last_endpoint
def work():
    with zcffi.Context() as new, new.socket(SocketType.PUSH) as mine:
        mine.linger = 5000
        mine.connect(address)
        mine.send(b"from the child")
in_child(work)
assert pull.recv() == b"from the child"
""")


EVERY_KIND = """
import asyncio, zcffi.asyncio, zcffi.zmq as zmq
kinds = [context.socket(each) for each in SocketType]
poller = zcffi.Poller()
poller.register(pull, 1)
monitor = pull.monitor()
shadow = zcffi.Socket.shadow(push.underlying)
awaited = zcffi.asyncio.Context()
waiting = awaited.socket(SocketType.PULL)
shared = zmq.Context.instance()
named = shared.socket(zmq.PUSH)
watch = named.get_monitor_socket()
everything = [*kinds, monitor, shadow, waiting, named, awaited, shared]
push.send(b"kept" * 50_000)
frame = pull.recv(copy=False)
"""


@pytest.mark.after_fork
def test_every_kind_of_object_says_in_the_child_that_it_is_the_parents():
    forked(
        EVERY_KIND
        + """
def work():
    calls = [lambda: poller.poll(0), lambda: poller.poll(), lambda: monitor.recv(0), monitor.recv,
             lambda: monitor.poll(), lambda: next(iter(monitor)), lambda: shadow.send(b"x"),
             lambda: zcffi.proxy(pull, push), lambda: context.io_threads, watch.recv,
             lambda: setattr(context, "io_threads", 2), lambda: awaited.socket(SocketType.PULL),
             lambda: asyncio.run(waiting.recv()), lambda: asyncio.run(waiting.poll()),
             lambda: named.send(b"x"), lambda: shared.socket(zmq.PUSH)]
    for each in kinds:
        calls += [lambda each=each: each.send(b"x"), lambda each=each: each.recv(),
                  lambda each=each: each.recv_many(), lambda each=each: each.send_many([b"x"]),
                  lambda each=each: each.recv(copy=False), lambda each=each: each.poll(),
                  lambda each=each: each.recv_into(bytearray(5)), lambda each=each: each.events,
                  lambda each=each: each.monitor(), lambda each=each: each.fileno(),
                  lambda each=each: each.linger,
                  lambda each=each: each.connect("tcp://127.0.0.1:9")]
    for number, call in enumerate(calls):
        try:
            call()
        except zcffi.ForkedError as error:
            assert "before a fork: make a new Context" in str(error)
        else:
            raise AssertionError(number)
    assert bytes(frame.buffer) == b"kept" * 50_000
in_child(work)
for each in everything:
    each.close()
"""
    )


def test_every_kind_of_object_closes_quietly_in_the_child():
    forked(
        EVERY_KIND
        + """
def work():
    warnings.simplefilter("error")
    for each in everything:
        each.close()
        each.close()
    context.shutdown()
    context.close()
    context.term()
    for each in (*kinds, waiting, named, awaited, shared, context):
        assert each.closed
in_child(work)
for each in everything:
    each.close()
"""
    )


def test_every_kind_of_object_is_collected_quietly_in_the_child():
    forked(
        EVERY_KIND
        + """
def work():
    import gc
    warnings.simplefilter("error")
    sys.unraisablehook = lambda seen: os._exit(2)
    for name in ("kinds", "poller", "monitor", "shadow", "awaited", "waiting", "shared", "named",
                 "watch", "everything", "frame", "context", "pull", "push"):
        del globals()[name]
    zmq.Context._instance = None
    gc.collect()
in_child(work)
for each in everything:
    each.close()
"""
    )


def test_a_child_that_closes_an_awaited_socket_leaves_the_parents_loop_watching():
    """The selector of the loop is shared by both processes."""
    forked("""
import asyncio, zcffi.asyncio
async def main():
    async with zcffi.asyncio.Context() as mine:
        one, two = mine.socket(SocketType.PULL), mine.socket(SocketType.PUSH)
        two.connect(one.bind("tcp://127.0.0.1:*"))
        waiting = asyncio.create_task(one.recv())
        await asyncio.sleep(0)
        def work():
            one.close()
            mine.close()
        in_child(work)
        await two.send(b"x")
        assert await asyncio.wait_for(waiting, 10) == b"x"
asyncio.run(main())
""")


@pytest.mark.after_fork
def test_a_fork_beside_threads_that_send_receive_and_wait_harms_nobody():
    forked("""
import threading
busy, target = context.socket(SocketType.PUSH), context.socket(SocketType.PULL)
busy.connect(target.bind("tcp://127.0.0.1:*"))
idle = context.socket(SocketType.PULL)
idle.bind("inproc://idle")
stop = threading.Event()
sent, got = [], []
def send():
    while not stop.is_set():
        busy.send(b"%d" % len(sent))
        sent.append(len(sent))
    busy.send(b"")
def receive():
    while data := target.recv():
        got.append(int(data))
threads = [threading.Thread(target=each) for each in (send, receive, idle.recv)]
for thread in threads:
    thread.start()
def work():
    try:
        target.recv()
    except zcffi.ForkedError:
        pass
    for each in (busy, target, idle, context):
        each.close()
    with zcffi.Context() as new:
        mine, other = new.socket(SocketType.PUSH), new.socket(SocketType.PULL)
        other.connect(mine.bind("inproc://new"))
        mine.send(b"x")
        assert other.recv() == b"x"
for _ in range(10):
    in_child(work)
stop.set()
with context.socket(SocketType.PUSH) as end:
    end.connect("inproc://idle")
    end.send(b"")
for thread in threads:
    thread.join()
assert got == sent
for each in (busy, target, idle):
    each.close()
""")


def test_a_grandchild_is_told_as_a_child_is():
    forked("""
def work():
    mine = zcffi.Context()
    socket = mine.socket(SocketType.PULL)
    def below():
        for each in (socket, pull):
            try:
                each.recv()
            except zcffi.ZMQError:
                pass
            else:
                raise AssertionError("no error")
        for each in (socket, mine, pull, push, context):
            each.close()
        with zcffi.Context() as new:
            new.socket(SocketType.PULL).close()
    in_child(below)
    socket.close()
    mine.term()
in_child(work)
""")


def test_a_child_that_ends_normally_does_not_hang_or_warn():
    done = run_python(
        PREPARE
        + """
child = os.fork()
if child == 0:
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
        + AFTER,
        PYTHONWARNINGS="always",
    )
    assert done.stdout == "parent done\n"
    assert "ResourceWarning" not in done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_multiprocessing_works_with_new_contexts(ctx, method):
    dealer = ctx.socket(SocketType.REQ)
    address = dealer.bind("tcp://127.0.0.1:*")
    process = multiprocessing.get_context(method).Process(target=_square_text, args=(address,))
    process.start()
    for i in range(10):
        dealer.send(b"%d" % i)
        assert dealer.recv() == b"%d" % (i * i)
    process.join(20)
    assert process.exitcode == 0


def _square_text(address: str) -> None:
    with zcffi.Context() as context, context.socket(SocketType.REP) as rep:
        rep.connect(address)
        for _ in range(10):
            number = int(rep.recv())
            rep.send(b"%d" % (number * number))
        rep.linger = 5000
