"""Subscriptions without measure, and data for who reads none: S-04, S-05, S-32, S-37."""

from __future__ import annotations

import contextlib
import random

import pytest
from conftest import eventually, run_python
from rfc.wire import cancel, command, message, shaken, subscribe

from hostile.target import KIB, MIB

pytestmark = pytest.mark.zcffi_only


@pytest.mark.parametrize("size", [KIB, 64 * KIB, MIB, 32 * MIB])
def test_long_topics(target, unharmed, size):
    """S-04, S-32: a topic of any length comes and goes without recursion, and costs its length."""
    with unharmed(slack=8 * MIB):
        pub = target.make("pub", "XPUB")
        resident = target.resident
        topic = b"t" * size
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(10)
            wire.send(subscribe(topic))
            wire.ping()
            # The topic, the message for the application, and one more on its way.
            assert target.resident - resident < 3 * size + 4 * MIB
            wire.send(cancel(topic))
            wire.ping()
            wire.send(subscribe(topic), subscribe(topic[:-1]))
            wire.ping()
        with shaken(pub, "SUB") as wire:
            wire.send(subscribe(b"t"))
            wire.ping()
            target.do("send", "pub", "t")
            assert wire.read_message() == [b"t"]


STACK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (1 << 19, resource.RLIM_INFINITY))
import os
if len(sys.argv) < 2:
    os.execv(sys.executable, [sys.executable, "-P", "-c", os.environ["CODE"], "again"])
import zcffi
from zcffi import SocketType
with zcffi.Context() as context:
    for end in ("unsubscribe", "close"):
        xpub, sub = context.socket(SocketType.XPUB), context.socket(SocketType.SUB)
        mid = context.socket(SocketType.XSUB)
        xpub.rcvhwm = sub.sndhwm = mid.sndhwm = 0
        where = xpub.bind("tcp://127.0.0.1:*")
        sub.connect(where)
        mid.connect(where)
        topics = [b"n" * i for i in range(1, 1500)] + [b"q" * (1 << 22)]
        for topic in topics:
            sub.subscribe(topic)
            mid.send(b"\\1m" + topic)
        for _ in range(2 * len(topics)):
            xpub.recv()
        if end == "unsubscribe":
            for topic in topics:
                sub.unsubscribe(topic)
                mid.send(b"\\0m" + topic)
        else:
            sub.close(0)
            mid.close(0)
        for _ in range(2 * len(topics)):
            assert xpub.recv()[0] == 0
        for each in (xpub, sub, mid):
            each.close(0)
print("done")
"""


def test_long_and_nested_topics_with_a_small_stack():
    """S-04: in the publisher and in the subscriber, at unsubscribe, at close and at the loss of the
    peer, with threads of 512 KiB."""
    done = run_python(STACK, CODE=STACK)
    assert done.stdout == "done\n", (done.returncode, done.stderr[-500:])


def test_a_subscription_costs_its_topic_and_a_hundred_octets(target, unharmed):
    """S-32: 200,000 random topics of 32 octets."""
    rng = random.Random(32)
    topics = [rng.randbytes(32) for _ in range(200_000)]
    with unharmed(slack=8 * MIB):
        pub = target.make("pub", "PUB")
        resident = target.resident
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(20)
            for i in range(0, len(topics), 1000):
                wire.send(*map(subscribe, topics[i : i + 1000]))
            wire.ping()
            assert target.resident - resident < len(topics) * (32 + 100) + 2 * MIB
            target.do("send", "pub", topics[77].decode("latin-1") + "!")
            assert wire.read_message() == [topics[77] + b"!"]
        with shaken(pub, "SUB") as wire:
            wire.send(subscribe(b"a"))
            wire.ping()
            target.do("send", "pub", "a")
            assert wire.read_message() == [b"a"]


def test_too_many_subscriptions(target, unharmed):
    """S-32: more than allowed: that peer is closed, others keep theirs."""
    with unharmed():
        pub = target.make("pub", "PUB", max_subscriptions=1000)
        with shaken(pub, "SUB") as good, shaken(pub, "SUB") as bad:
            good.send(subscribe(b"7"))
            good.ping()
            bad.send(*(subscribe(b"%d" % i) for i in range(1000)))
            bad.ping()
            bad.send(subscribe(b"x"))
            bad.until_closed()
            target.eventually_refuses("pub")
            target.do("send", "pub", "7!")
            assert good.read_message() == [b"7!"]


def test_too_many_subscriptions_by_default(target, unharmed):
    """S-32: 64 MiB of topics are the limit unless another is set."""
    with unharmed(slack=16 * MIB):
        pub = target.make("pub", "PUB")
        resident = target.resident
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(10)
            with contextlib.suppress(ConnectionError):
                for i in range(70):
                    wire.send(subscribe(b"%05d" % i + b"t" * MIB))
            wire.until_closed()
        target.eventually_refuses("pub")
        eventually(lambda: target.resident < resident + 16 * MIB, "the memory")


@pytest.mark.slow
def test_a_million_subscriptions_are_the_limit_by_default(target, unharmed):
    """S-32: that many are served, at a hundred octets and the topic; one more closes the peer."""
    with unharmed(slack=16 * MIB):
        pub = target.make("pub", "PUB")
        resident = target.resident
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(30)
            for i in range(0, 1_000_000, 10_000):
                wire.send(*(subscribe(b"%08d" % n) for n in range(i, i + 10_000)))
            wire.ping()
            assert target.resident - resident < 1_000_000 * (8 + 100) + 2 * MIB
            target.do("send", "pub", "00999999 is there")
            assert wire.read_message() == [b"00999999 is there"]
            wire.send(subscribe(b"one more"))
            wire.until_closed()
        assert "ZCFFI_MAX_SUBSCRIPTIONS" in target.eventually_refuses("pub")[0]


@pytest.mark.slow
def test_without_a_limit_there_may_be_any_number_of_subscriptions(target, unharmed):
    """S-32: 0 takes away the limit of their number, and that of their bytes."""
    with unharmed(slack=16 * MIB):
        pub = target.make("pub", "PUB", max_subscriptions=0, max_subscription_bytes=0)
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(30)
            for i in range(0, 1_010_000, 10_000):
                wire.send(*(subscribe(b"%08d" % n) for n in range(i, i + 10_000)))
            for i in range(70):
                wire.send(subscribe(b"long%05d" % i + b"t" * MIB))
            wire.ping()
            target.do("send", "pub", "01009999 is there")
            assert wire.read_message() == [b"01009999 is there"]


def test_subscribing_and_cancelling_for_ever(target, unharmed):
    """S-32: what was cancelled costs nothing; a cancel of nothing neither (S-19)."""
    with unharmed():
        pub = target.make("pub", "PUB")
        with shaken(pub, "SUB") as wire:
            for round_ in range(40):
                topics = [b"%d-%d" % (round_, i) * 5 for i in range(1000)]
                wire.send(*(subscribe(each) + cancel(each) + cancel(each) for each in topics))
                wire.ping()
                if round_ == 4:
                    resident = target.resident
            assert target.resident < resident + 2 * MIB


def test_data_for_a_publisher_costs_nothing(target, unharmed):
    """S-05: messages that nobody reads are dropped where they arrive."""
    with unharmed():
        pub = target.make("pub", "PUB")
        with shaken(pub, "XSUB") as wire:
            resident = target.resident
            for _ in range(100):
                wire.send(message(b"hello", b"x" * 100) * 1000)
            wire.ping()
            assert target.resident < resident + 2 * MIB


def test_a_flood_of_pings_that_are_not_read(target, unharmed):
    """S-37: who asks and does not read the answers makes us hold no more than a little."""
    with unharmed():
        pull = target.make("pull", "PULL")
        resident = target.resident
        with shaken(pull, "PUSH") as wire:
            wire.sock.settimeout(0.2)
            with contextlib.suppress(TimeoutError, ConnectionError):
                for _ in range(200):
                    wire.send(command(b"PING", b"\0\0" + b"c" * 16) * 1000)
            assert target.resident < resident + 8 * MIB
