"""Every legal pair of types, over tcp and ipc, whoever binds."""

from __future__ import annotations

import pytest
from conftest import differs

from interop.sides import LEGAL, PART, Side, seen, subscribe, unsubscribe, wait_for_subscription

PAIRS = [(ours, theirs) for ours in LEGAL for theirs in LEGAL[ours]]

MESSAGES: list[list[PART]] = [
    ["one"],
    [""],
    ["a", "", "c"],
    ["", "", ""],
    ["", "x"],
    ["\0", "\x01", "\xff\xfe"],
    ["x" * 255, "y" * 256, "z" * 257],
    [(9000, 1), "small", (70_000, 2), ""],
    [str(i) for i in range(300)],
]


def passes(sender: Side, receiver: Side, message: list[PART], *before: str) -> None:
    """A message passes as it is; `before`: what the receiver sees before it."""
    sender.send(*message)
    assert receiver.recv() == [*before, *map(seen, message)]


def request_reply(client: Side, server: Side) -> None:
    """REQ or DEALER with REP or ROUTER."""
    delimiter = [] if client.type == "REQ" else [""]
    for message in MESSAGES:
        if client.type == "DEALER" and server.type == "ROUTER":
            delimiter = []
        client.send(*delimiter, *message)
        got = server.recv()
        if server.type == "ROUTER":
            envelope = [got.pop(0)]
            if client.type == "REQ":
                assert got.pop(0) == ""
                envelope.append("")
        else:
            envelope = []
        assert got == [*map(seen, message)]
        server.send(*envelope, *reversed(message))
        assert client.recv() == [*delimiter, *map(seen, reversed(message))]


def both_ways(one: Side, two: Side) -> None:
    """DEALER–DEALER, PAIR–PAIR."""
    for message in MESSAGES:
        passes(one, two, message)
        passes(two, one, message)


def by_name(one: Side, two: Side) -> None:
    """ROUTER–ROUTER, which know one another by name."""
    for message in MESSAGES:
        one.send("two", *message)
        assert two.recv() == ["one", *map(seen, message)]
        two.send("one", *message)
        assert one.recv() == ["two", *map(seen, message)]


def publish(pub: Side, sub: Side) -> None:
    """PUB or XPUB with SUB or XSUB."""
    subscribe(sub, "t")
    wait_for_subscription(pub, sub, "t")
    for message in MESSAGES:
        pub.send("no", *message)
        pub.send("", *message)
        passes(pub, sub, ["t/opic", *message])
        passes(pub, sub, ["t", *message])
    subscribe(sub, "")
    wait_for_subscription(pub, sub, "")
    for message in MESSAGES:
        passes(pub, sub, message)
    unsubscribe(sub, "")
    if pub.type == "XPUB":
        assert pub.recv() == ["\0"]
        pub.send("no")
        pub.send("t-end")
        assert sub.recv() == ["t-end"]
    if pub.type == "XPUB" and sub.type == "XSUB":
        passes(sub, pub, ["upstream", "", "message"])


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda name: name)
def test_a_legal_pair_passes_messages(meet, we_bind, ours, theirs):
    if we_bind and theirs == "XPUB":
        differs("background")
    if ours == theirs == "ROUTER":
        one, two = meet(
            ours,
            theirs,
            {"routing_id": "two", "router_mandatory": 1},
            routing_id="one",
            router_mandatory=1,
        )
        by_name(one, two)
        return
    one, two = meet(ours, theirs)
    if ours == theirs:
        both_ways(one, two)
    elif ours in ("PUB", "XPUB"):
        publish(one, two)
    elif theirs in ("PUB", "XPUB"):
        publish(two, one)
    elif ours in ("REP", "ROUTER"):
        request_reply(two, one)
    elif theirs in ("REP", "ROUTER"):
        request_reply(one, two)
    else:
        sender, receiver = (one, two) if ours == "PUSH" else (two, one)
        for message in MESSAGES:
            passes(sender, receiver, message)


@pytest.mark.parametrize("size", [0, 1, 33, 34, 255, 256, 8191, 8192, 8193, 65_535, 65_536])
def test_sizes(meet, size):
    one, two = meet("DEALER", "DEALER")
    for sender, receiver in ((one, two), (two, one)):
        for seed in range(3):
            passes(sender, receiver, [(size, seed)] if size >= 4096 else ["s" * size])


@pytest.mark.parametrize("mebibytes", [1, 16, 64])
@pytest.mark.timeout(60)
def test_large_sizes(meet, mebibytes):
    one, two = meet("DEALER", "DEALER")
    size = mebibytes * 1024 * 1024
    passes(one, two, [(size - 1, 1), "between", (size + 1, 2)] if mebibytes < 64 else [(size, 1)])
    passes(two, one, [(size + 1, 3), "", (size - 1, 4)] if mebibytes < 64 else [(size, 2)])


@pytest.mark.parametrize(("count", "size"), [(5000, 20), (3000, 300), (300, 20_000)])
def test_a_series_comes_whole_and_in_order(meet, count, size):
    one, two = meet("PUSH", "PULL")
    two.peer.order("recv_series", name=two.name, count=count, size=size)
    one.send_series(count, size)
    assert two.peer.answer() == count
    pull, push = meet("PULL", "PUSH")
    push.peer.order("send_series", name=push.name, count=count, size=size)
    assert pull.recv_series(count, size) == count
    push.peer.answer()


def test_what_was_sent_before_the_end_still_arrives(meet):
    """The sender closes at once; its linger lets everything out."""
    push, pull = meet("PUSH", "PULL")
    push.send_series(900, 500)
    push.close(linger=10_000)
    assert pull.recv_series(900, 500) == 900
    pull, push = meet("PULL", "PUSH")
    pull.set("rcvhwm", 0)
    push.send_series(900, 500)
    push.close(linger=10_000)
    assert pull.recv_series(900, 500) == 900
