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
