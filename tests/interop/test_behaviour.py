"""What connected sockets owe one another beside messages: names, topics, refusals, limits."""

from __future__ import annotations

import pytest
from conftest import LIBZMQ

from interop.sides import (
    LEGAL,
    Ours,
    subscribe,
    unsubscribe,
    until_event,
    wait_for_subscription,
)
from zcffi import Event

REFUSALS = Event.HANDSHAKE_FAILED_PROTOCOL | Event.HANDSHAKE_FAILED_NO_DETAIL
"""No detail: the peer has refused us before it told its own type."""


# ---- Routing ids ----


@pytest.mark.parametrize("name", ["x", "peer", "\x01\xff", "n" * 255])
def test_our_router_knows_their_name(meet, name):
    router, dealer = meet("ROUTER", "DEALER", {"routing_id": name})
    dealer.send("hello")
    assert router.recv() == [name, "hello"]
    router.send(name, "answer")
    assert dealer.recv() == ["answer"]


@pytest.mark.parametrize("name", ["x", "peer", "\x01\xff", "n" * 255])
def test_their_router_knows_our_name(meet, name):
    dealer, router = meet("DEALER", "ROUTER", routing_id=name)
    dealer.send("hello")
    assert router.recv() == [name, "hello"]
    router.send(name, "answer")
    assert dealer.recv() == ["answer"]


def test_nameless_peers_get_names_that_begin_with_zero(meet):
    router, dealer = meet("ROUTER", "DEALER")
    dealer.send("hello")
    name, _ = router.recv()
    assert name[0] == "\0"
    assert len(name) == 5


@pytest.mark.parametrize("transport", ["tcp"], indirect=True)
@pytest.mark.parametrize("we_bind", ["peer binds"], indirect=True)
def test_we_may_name_whom_we_connect_to(ctx, peer, address, transport, we_bind):
    router, dealer = Ours(ctx, "ROUTER", connect_routing_id="you"), peer.socket("DEALER")
    router.connect(dealer.bind(address(transport)))
    router.send("you", "hello")
    assert dealer.recv() == ["hello"]


@pytest.mark.parametrize("handover", [0, 1])
def test_a_name_that_is_taken(ctx, peer, address, transport, handover):
    router = Ours(ctx, "ROUTER", router_handover=handover, router_mandatory=1)
    where = router.bind(address(transport))
    first, second = (peer.socket("DEALER", routing_id="same") for _ in range(2))
    first.connect(where)
    first.send("1")
    assert router.recv() == ["same", "1"]
    second.connect(where)
    if handover:
        second.send("2")
        assert router.recv() == ["same", "2"]
    else:
        second.event("HANDSHAKE_SUCCEEDED")
    router.send("same", "for whom?")
    assert (second if handover else first).recv() == ["for whom?"]


def test_a_probe_introduces_a_dealer(meet):
    router, dealer = meet("ROUTER", "DEALER", {"probe_router": 1, "routing_id": "d"})
    assert router.recv() == ["d", ""]
    router.send("d", "seen")
    assert dealer.recv() == ["seen"]


@pytest.mark.background
def test_our_probe_is_understood(meet):
    dealer, router = meet("DEALER", "ROUTER", probe_router=1, routing_id="d")
    assert router.recv() == ["d", ""]
    router.send("d", "seen")
    assert dealer.recv() == ["seen"]


# ---- REQ ----


def test_requests_may_carry_a_number(meet):
    req, rep = meet("REQ", "REP", req_correlate=1, req_relaxed=1)
    req.send("forgotten")
    req.send("question")
    asked = rep.recv()
    rep.send("answer to " + str(asked[0]))
    if asked == ["forgotten"]:
        assert rep.recv() == ["question"]
        rep.send("answer to question")
    assert req.recv() == ["answer to question"]


# ---- Subscriptions ----


@pytest.mark.parametrize("sub_type", ["SUB", "XSUB"])
@pytest.mark.parametrize("ours", ["XPUB", "sub"])
@pytest.mark.background
def test_subscriptions_are_counted_and_cancelled(meet, sub_type, ours):
    if ours == "XPUB":
        pub, sub = meet("XPUB", sub_type)
    else:
        sub, pub = meet(sub_type, "XPUB")
    for topic in ("a", "b"):
        subscribe(sub, topic)
        wait_for_subscription(pub, sub, topic)
    subscribe(sub, "a")
    unsubscribe(sub, "a")
    subscribe(sub, "c")
    wait_for_subscription(pub, sub, "c")
    pub.send("a1")
    assert sub.recv() == ["a1"]
    unsubscribe(sub, "a")
    assert pub.recv() == ["\0a"]
    pub.send("a2")
    pub.send("b2")
    assert sub.recv() == ["b2"]


@pytest.mark.parametrize("ours", ["XPUB", "SUB"])
def test_a_publisher_hears_of_the_end_of_its_subscriber(meet, we_bind, ours):
    if (LIBZMQ or ours == "SUB") and we_bind != (ours == "XPUB"):
        pytest.skip("libzmq's XPUB hears of it only when it is the one that binds")
    if ours == "XPUB":
        pub, sub = meet("XPUB", "SUB")
    else:
        sub, pub = meet("SUB", "XPUB")
    for topic in ("a", "", "b"):
        subscribe(sub, topic)
        wait_for_subscription(pub, sub, topic)
    sub.close()
    assert {pub.recv()[0] for _ in range(3)} == {"\0a", "\0", "\0b"}


@pytest.mark.parametrize("size", [245, 246, 254, 255, 256, 4000])
@pytest.mark.background
@pytest.mark.strict
def test_topics_of_any_length(meet, size):
    pub, sub = meet("XPUB", "SUB")
    subscribe(sub, "t" * size)
    wait_for_subscription(pub, sub, "t" * size)
    sub, pub = meet("SUB", "XPUB")
    subscribe(sub, "t" * size)
    wait_for_subscription(pub, sub, "t" * size)


@pytest.mark.zcffi_only
def test_many_subscriptions(meet):
    pub, sub = meet("XPUB", "SUB", {"sndhwm": 0})  # beyond it, libzmq forgets subscriptions
    for i in range(1500):
        subscribe(sub, str(i))
    assert {pub.recv()[0] for _ in range(1500)} == {f"\x01{i}" for i in range(1500)}
    sub, pub = meet("SUB", "XPUB")
    for i in range(1500):
        subscribe(sub, str(i))
    assert {pub.recv()[0] for _ in range(1500)} == {f"\x01{i}" for i in range(1500)}


def test_xpub_verbose_shows_what_is_known(meet):
    pub, sub = meet("XPUB", "XSUB", xpub_verboser=1)
    for _ in range(3):
        sub.send("\x01a")
        assert pub.recv() == ["\x01a"]


@pytest.mark.background
def test_a_welcome_message(ctx, peer, address, transport):
    pub = Ours(ctx, "XPUB", xpub_welcome_msg="welcome!")
    sub = peer.socket("SUB", subscribe="w")
    sub.connect(pub.bind(address(transport)))
    assert sub.recv() == ["welcome!"]


def test_inverted_matching(meet):
    pub, sub = meet("XPUB", "SUB", {"invert_matching": 1}, invert_matching=1)
    subscribe(sub, "a")
    wait_for_subscription(pub, sub, "a")
    pub.send("a1")
    pub.send("b1")
    assert sub.recv() == ["b1"]


# ---- Refusals ----


@pytest.mark.parametrize("ours", LEGAL)
@pytest.mark.zcffi_only
def test_illegal_pairs_are_refused(ctx, peer, address, transport, we_bind, ours):
    for theirs in LEGAL:
        if theirs in LEGAL[ours]:
            continue
        one, two = Ours(ctx, ours, reconnect_ivl=-1), peer.socket(theirs, reconnect_ivl=-1)
        with one.sock.monitor(REFUSALS) as monitor:
            first, second = (one, two) if we_bind else (two, one)
            second.connect(first.bind(address(transport)))
            assert monitor.poll(5000), theirs
            assert two.event("DISCONNECTED") is not None, theirs
        one.close()
        two.close()


@pytest.mark.zcffi_only
def test_a_message_above_maxmsgsize_ends_the_connection(ctx, peer, address, transport):
    pull = Ours(ctx, "PULL", maxmsgsize=1000)
    where = pull.bind(address(transport))
    good, bad = peer.socket("PUSH"), peer.socket("PUSH")
    good.connect(where)
    bad.connect(where)
    with pull.sock.monitor(Event.PEER_REFUSED | Event.DISCONNECTED) as monitor:
        bad.send("x" * 1000)
        assert pull.recv() == ["x" * 1000]
        bad.send("small", "y" * 1001)
        assert monitor.recv(5000).event == Event.PEER_REFUSED
        until_event(monitor, Event.DISCONNECTED)
    assert bad.event("DISCONNECTED") is not None
    good.send("fine")
    assert pull.recv() == ["fine"]


def test_their_maxmsgsize_ends_ours(ctx, peer, address, transport):
    pull, push = peer.socket("PULL", maxmsgsize=1000), Ours(ctx, "PUSH", reconnect_ivl=5)
    push.connect(pull.bind(address(transport)))
    push.send("x" * 1000)
    assert pull.recv() == ["x" * 1000]
    with push.sock.monitor(Event.DISCONNECTED | Event.HANDSHAKE_SUCCEEDED) as monitor:
        push.send("y" * 1001)
        until_event(monitor, Event.DISCONNECTED)
        until_event(monitor, Event.HANDSHAKE_SUCCEEDED)
    push.send("after")
    assert pull.recv() == ["after"]


# ---- STREAM ----


def test_streams_pass_raw_bytes(meet):
    one, two = meet("STREAM", "STREAM")
    (ours, empty), (theirs, empty_too) = one.recv(), two.recv()
    assert empty == empty_too == ""
    one.send(ours, "from us")
    assert two.recv() == [theirs, "from us"]
    two.send(theirs, "from them")
    assert one.recv() == [ours, "from them"]
    two.send(theirs, "")
    assert one.recv() == [ours, ""]
