"""SUBSCRIBE and CANCEL: RFC 37 and 23, "The Publish-Subscribe Pattern"."""

from __future__ import annotations

import pytest
from conftest import differs

from rfc.wire import (
    Wire,
    cancel,
    command,
    connect,
    frame,
    greeting,
    message,
    ready,
    shaken,
    subscribe,
)
from zcffi import SocketType


@pytest.fixture(params=["PUB", "XPUB"])
def publisher(request, ctx):
    """A publisher of ours, and a plain subscriber (SUB)."""
    differs("background")
    sock = ctx.socket(SocketType[request.param])
    with shaken(sock.bind("tcp://127.0.0.1:*"), "SUB") as wire:
        yield sock, wire


def subscriber(ctx, name: str, *, minor: int) -> tuple[object, Wire]:
    """A subscriber of ours, and a plain publisher."""
    sock = ctx.socket(SocketType[name])
    wire = connect(sock.bind("tcp://127.0.0.1:*"))
    wire.shake("XPUB", minor=minor)
    return sock, wire


# ---- What we read ----


@pytest.mark.parametrize(
    ("topic", "first", "matches"),
    [
        (b"A", b"A", True),
        (b"A", b"ABC", True),
        (b"A", b"a", False),
        (b"A", b"", False),
        (b"AB", b"A", False),
        (b"", b"", True),
        (b"", b"anything", True),
        (b"\0\xff", b"\0\xff\0", True),
        (b"\0\xff", b"\0\xfe", False),
        (b"t" * 300, b"t" * 300 + b"!", True),
        (b"t" * 300, b"t" * 299, False),
    ],
)
def test_a_subscription_is_a_prefix(publisher, topic, first, matches):
    """RFC 37, The Publish-Subscribe Pattern: a subscription is a binary string that matches all
    messages that begin with it; an empty one matches all."""
    pub, wire = publisher
    wire.send(subscribe(topic), subscribe(b"end"))
    wire.ping()
    pub.send_multipart([first, b"body"])
    pub.send(b"end")
    if matches:
        assert wire.read_message() == [first, b"body"]
    assert wire.read_message() == [b"end"]


def test_filtering_happens_at_the_publisher(publisher):
    """RFC 37, The Publish-Subscribe Pattern: messages that nobody wants are not sent at all."""
    pub, wire = publisher
    pub.send(b"x")
    wire.send(subscribe(b"a"))
    wire.ping()
    pub.send(b"b")
    assert wire.is_silent()


def test_cancel_ends_a_subscription(publisher):
    """RFC 37, The Publish-Subscribe Pattern: CANCEL takes a subscription back."""
    pub, wire = publisher
    wire.send(subscribe(b"a"), subscribe(b"b"), cancel(b"a"))
    wire.ping()
    pub.send(b"a")
    pub.send(b"b")
    assert wire.read_message() == [b"b"]


def test_subscriptions_add_up(publisher):
    """RFC 37, The Publish-Subscribe Pattern: subscriptions are additive: "A" and "" is the same as
    "" alone, and no message comes twice."""
    pub, wire = publisher
    wire.send(subscribe(b"A"), subscribe(b""), subscribe(b"AB"))
    wire.ping()
    for each in (b"ABC", b"x"):
        pub.send(each)
        assert wire.read_message() == [each]
    wire.send(cancel(b""))
    wire.ping()
    pub.send(b"x")
    pub.send(b"A!")
    assert wire.read_message() == [b"A!"]


@pytest.mark.parametrize("topic", [b"", b"never seen"])
def test_a_cancel_of_nothing_is_harmless(publisher, topic):
    """RFC 37, The Publish-Subscribe Pattern: CANCEL for what was never subscribed changes nothing,
    also as the very first thing."""
    pub, wire = publisher
    wire.send(cancel(topic), subscribe(b"a"), cancel(topic))
    wire.ping()
    pub.send(b"a")
    assert wire.read_message() == [b"a"]


def test_the_messages_of_3_0_do_the_same(publisher):
    """RFC 23, The Publish-Subscribe Pattern: 3.0 subscribes by messages that begin with 1, and
    cancels by those that begin with 0."""
    pub, wire = publisher
    wire.send(message(b"\x01a"), message(b"\x01b"), message(b"\0a"))
    wire.ping()
    pub.send(b"a")
    pub.send(b"b")
    assert wire.read_message() == [b"b"]


def test_xpub_shows_both_forms_alike(ctx):
    """RFC 29, The XPUB Socket Type: subscriptions are delivered to the application, whatever the
    protocol they came by."""
    xpub = ctx.socket(SocketType.XPUB)
    with shaken(xpub.bind("tcp://127.0.0.1:*"), "SUB") as wire:
        wire.send(subscribe(b"A"), message(b"\x01B"), cancel(b"A"), message(b"\0B"), subscribe(b""))
        assert [xpub.recv() for _ in range(5)] == [b"\x01A", b"\x01B", b"\0A", b"\0B", b"\x01"]


@pytest.mark.parametrize("theirs", ["PUSH", "DEALER", "PAIR"])
@pytest.mark.strict
def test_subscribe_means_nothing_to_others(ctx, theirs):
    """RFC 37, The Publish-Subscribe Pattern: SUBSCRIBE is sent by SUB and XSUB; elsewhere it is no
    message, whatever becomes of the connection."""
    ours = {"PUSH": SocketType.PULL, "DEALER": SocketType.ROUTER, "PAIR": SocketType.PAIR}[theirs]
    sock = ctx.socket(ours)
    endpoint = sock.bind("tcp://127.0.0.1:*")
    with shaken(endpoint, theirs) as wire:
        wire.send(subscribe(b"a"))
    with shaken(endpoint, theirs) as wire:
        wire.send(message(b"real"))
        assert sock.recv_multipart()[-1] == b"real"


# ---- What we send ----


@pytest.mark.parametrize("topic", [b"", b"A", b"\x00\x01", b"t" * 245, b"t" * 246, b"t" * 70_000])
@pytest.mark.background
def test_a_3_1_publisher_gets_commands(ctx, topic):
    """RFC 37, The Publish-Subscribe Pattern: to subscribe, SUB sends SUBSCRIBE; to cancel, CANCEL;
    a body of up to 255 octets has the short size."""
    sub, wire = subscriber(ctx, "SUB", minor=1)
    with wire:
        sub.subscribe(topic)
        got = wire.read_frame()
        assert (got.name, got.data) == (b"SUBSCRIBE", topic)
        assert got.flags == (4 if len(topic) + 10 <= 255 else 6)
        sub.unsubscribe(topic)
        got = wire.read_frame()
        assert (got.name, got.data) == (b"CANCEL", topic)


@pytest.mark.parametrize("topic", [b"", b"A", b"t" * 254, b"t" * 255])
@pytest.mark.background
def test_a_3_0_publisher_gets_messages(ctx, topic):
    """RFC 23, The Publish-Subscribe Pattern: to a peer of 3.0, 1 and 0 before the topic."""
    sub, wire = subscriber(ctx, "SUB", minor=0)
    with wire:
        sub.subscribe(topic)
        assert wire.read_message() == [b"\x01" + topic]
        sub.unsubscribe(topic)
        assert wire.read_message() == [b"\0" + topic]


@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.strict
def test_xsub_subscribes_like_sub(ctx, minor):
    """RFC 29, The XSUB Socket Type: subscriptions of the application go to the publishers by the
    transport's protocol; other messages go as they are."""
    xsub, wire = subscriber(ctx, "XSUB", minor=minor)
    with wire:
        xsub.send(b"\x01topic")
        got = wire.read_frame()
        if minor:
            assert (got.name, got.data) == (b"SUBSCRIBE", b"topic")
        else:
            assert got == (0, b"\x01topic")
        xsub.send_multipart([b"upstream", b"two"])
        assert wire.read_message() == [b"upstream", b"two"]


@pytest.mark.background
def test_subscriptions_made_before_are_told_first(ctx):
    """RFC 37, The Publish-Subscribe Pattern: filtering is at the publisher, so whoever comes, comes
    to know all subscriptions, and again after each reconnection."""
    sub = ctx.socket(SocketType.SUB)
    topics = {b"one", b"two", b"", b"t" * 1000}
    for topic in topics:
        sub.subscribe(topic)
    endpoint = sub.bind("tcp://127.0.0.1:*")
    for _ in range(3):
        with shaken(endpoint, "PUB") as wire:
            got = [wire.read_frame() for _ in topics]
            assert {each.name for each in got} == {b"SUBSCRIBE"}
            assert {each.data for each in got} == topics


def test_a_subscriber_filters_what_a_publisher_sends_anyway(ctx):
    """RFC 29, The SUB Socket Type: a publisher may send everything, SUB delivers what matches."""
    sub, wire = subscriber(ctx, "SUB", minor=1)
    with wire:
        sub.subscribe(b"yes")
        wire.send(message(b"no"), message(b"no", b"yes"), message(b"yes!", b"no"))
        assert sub.recv_multipart() == [b"yes!", b"no"]


def test_data_from_subscribers_is_discarded_by_pub(ctx):
    """RFC 29, The PUB Socket Type: messages that subscribers send are silently discarded."""
    pub = ctx.socket(SocketType.PUB)
    with connect(pub.bind("tcp://127.0.0.1:*")) as wire:
        wire.send(greeting(), ready("XSUB"))
        wire.read(64)
        wire.read_frame()
        wire.send(message(b"hello"), message(b"two", b"parts"), message(b""), subscribe(b""))
        wire.send(frame(b"more", more=True), command(b"PING", b"\0\0"), frame(b"end"))
        assert wire.read_frame().name == b"PONG"
        pub.send(b"fine")
        assert wire.read_message() == [b"fine"]
