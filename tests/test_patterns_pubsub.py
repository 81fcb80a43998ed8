"""PUB, SUB, XPUB, XSUB."""

from __future__ import annotations

import pytest
from conftest import subscribed

import zcffi
from zcffi import SocketType


@pytest.fixture
def pubsub(ctx, address):
    """An XPUB, which sees subscriptions arrive, and a connected SUB."""

    def make(transport: str = "inproc", pub_type=SocketType.XPUB, sub_type=SocketType.SUB):
        pub, sub = ctx.socket(pub_type), ctx.socket(sub_type)
        sub.connect(pub.bind(address(transport)))
        return pub, sub

    return make


def test_a_subscriber_gets_what_begins_with_its_topic(pubsub, transport):
    pub, sub = pubsub(transport)
    subscribed(pub, sub, b"a")
    for message in (b"b1", b"a1", b"", b"ab", b"A"):
        pub.send(message)
    pub.send(b"a-last")
    assert [sub.recv() for _ in range(3)] == [b"a1", b"ab", b"a-last"]


def test_the_empty_topic_gets_everything(pubsub, transport):
    pub, sub = pubsub(transport)
    subscribed(pub, sub)
    for message in (b"", b"x", b"abc"):
        pub.send(message)
    assert [sub.recv() for _ in range(3)] == [b"", b"x", b"abc"]


def test_only_the_first_part_is_matched(pubsub):
    pub, sub = pubsub()
    subscribed(pub, sub, b"a")
    pub.send_multipart([b"b", b"a"])
    pub.send_multipart([b"a", b"b"])
    assert sub.recv_multipart() == [b"a", b"b"]


def test_unsubscribe_ends_a_topic(pubsub, transport):
    pub, sub = pubsub(transport)
    subscribed(pub, sub, b"a")
    subscribed(pub, sub, b"b")
    sub.unsubscribe(b"a")
    assert pub.recv() == b"\x00a"
    pub.send(b"a")
    pub.send(b"b")
    assert sub.recv() == b"b"


def test_subscriptions_are_counted(pubsub):
    pub, sub = pubsub()
    subscribed(pub, sub, b"a")
    sub.subscribe("a")
    sub.unsubscribe("a")
    pub.send(b"a1")
    assert sub.recv() == b"a1"


def test_a_topic_may_be_text(pubsub):
    pub, sub = pubsub()
    sub.subscribe("grüß")
    assert pub.recv() == b"\x01" + "grüß".encode()


def test_every_subscriber_gets_a_copy(ctx, address, transport):
    pub = ctx.socket(SocketType.XPUB)
    where = pub.bind(address(transport))
    subs = []
    for i in range(5):
        sub = ctx.socket(SocketType.SUB)
        sub.connect(where)
        sub.subscribe(b"%d" % i)
        assert pub.recv() == b"\x01%d" % i
        subs.append(sub)
    for i in range(5):
        pub.send(b"%d" % i)
    assert [sub.recv() for sub in subs] == [b"%d" % i for i in range(5)]
    for sub in subs:
        sub.subscribe(b"all")
    subs[0].unsubscribe(b"0")
    assert [pub.recv() for _ in range(2)] == [b"\x01all", b"\x000"]


def test_pub_drops_what_nobody_wants(ctx):
    pub = ctx.socket(SocketType.PUB)
    pub.bind("tcp://127.0.0.1:*")
    for _ in range(5000):
        pub.send(b"x", zcffi.Flag.DONTWAIT)


def test_xsub_subscribes_by_messages(pubsub, transport):
    pub, sub = pubsub(transport, sub_type=SocketType.XSUB)
    sub.send(b"\x01a")
    assert pub.recv() == b"\x01a"
    pub.send(b"a!")
    assert sub.recv() == b"a!"


def test_xpub_gets_messages_of_xsub(pubsub):
    pub, sub = pubsub(sub_type=SocketType.XSUB)
    sub.send(b"\x01a")
    assert pub.recv() == b"\x01a"
    sub.send(b"hello")
    assert pub.recv() == b"hello"


def test_xpub_verbose_passes_duplicates(ctx, address):
    pub = ctx.socket(SocketType.XPUB)
    pub.xpub_verbose = True
    where = pub.bind(address("inproc"))
    for _ in range(2):
        sub = ctx.socket(SocketType.SUB)
        sub.connect(where)
        sub.subscribe("a")
        assert pub.recv() == b"\x01a"


def test_a_subscriber_that_leaves_takes_its_topics_along(pubsub, transport):
    pub, sub = pubsub(transport)
    subscribed(pub, sub, b"a")
    sub.close()
    assert pub.recv() == b"\x00a"


def test_xpub_manual_decides_itself(pubsub):
    pub, sub = pubsub()
    pub.xpub_manual = True
    sub.subscribe("a")
    assert pub.recv() == b"\x01a"
    pub.subscribe("b")
    pub.send(b"a1")
    pub.send(b"b1")
    sub.subscribe("b")
    assert sub.recv() == b"b1"


def test_welcome_message_comes_first(ctx, address):
    pub = ctx.socket(SocketType.XPUB)
    pub.xpub_welcome_msg = b"welcome"
    where = pub.bind(address("inproc"))
    sub = ctx.socket(SocketType.SUB)
    sub.subscribe("welcome")
    sub.connect(where)
    assert pub.recv() == b"\x01welcome"
    assert sub.recv() == b"welcome"


def test_nodrop_waits_instead_of_dropping(pubsub):
    pub, sub = pubsub()
    pub.xpub_nodrop = True
    pub.sndhwm = sub.rcvhwm = 2
    subscribed(pub, sub)
    with pytest.raises(zcffi.Again):
        for _ in range(10_000):
            pub.send(b"x", zcffi.Flag.DONTWAIT)


def test_a_proxy_of_xsub_and_xpub_forwards_subscriptions(ctx):
    import threading

    front, back = ctx.socket(SocketType.XSUB), ctx.socket(SocketType.XPUB)
    into, out = front.bind("inproc://into"), back.bind("inproc://out")
    thread = threading.Thread(target=zcffi.proxy, args=(front, back))
    thread.start()
    pub, sub = ctx.socket(SocketType.XPUB), ctx.socket(SocketType.SUB)
    pub.connect(into)
    sub.connect(out)
    subscribed(pub, sub, b"a")
    pub.send(b"a1")
    assert sub.recv() == b"a1"
    ctx.shutdown()
    thread.join(10)
    assert not thread.is_alive()
