"""Connections over time: events, restarts, heartbeats."""

from __future__ import annotations

import time

import pytest
from conftest import LIBZMQ, eventually

from interop.sides import Ours, subscribe, until_event, wait_for_subscription
from zcffi import AddressInUse, Event

FAST = {"reconnect_ivl": 5}


@pytest.fixture
def fixed(folder, reserved_port, transport):
    """An endpoint that can be bound again."""
    return f"tcp://127.0.0.1:{reserved_port}" if transport == "tcp" else f"ipc://{folder}/fixed"


# ---- Events ----


def test_events_of_the_side_that_binds(ctx, peer, address, transport):
    pull = Ours(ctx, "PULL")
    with pull.sock.monitor() as monitor:
        where = pull.bind(address(transport))
        push = peer.socket("PUSH")
        push.connect(where)
        got = [monitor.recv(5000) for _ in range(3)]
        assert [each.event for each in got] == [
            Event.LISTENING,
            Event.ACCEPTED,
            Event.HANDSHAKE_SUCCEEDED,
        ]
        assert {each.endpoint for each in got} == {where}
        push.close()
        assert monitor.recv(5000).event == Event.DISCONNECTED
        pull.sock.unbind(where)
        assert until_event(monitor, Event.CLOSED) > 0


def test_events_of_the_side_that_connects(ctx, peer, address, transport):
    pull = peer.socket("PULL")
    where = pull.bind(address(transport))
    push = Ours(ctx, "PUSH", **FAST)
    with push.sock.monitor() as monitor:
        push.connect(where)
        got = [monitor.recv(5000)]
        while got[-1].event != Event.HANDSHAKE_SUCCEEDED:
            got.append(monitor.recv(5000))
        names = [each.event for each in got]
        assert names in (
            [Event.CONNECT_DELAYED, Event.CONNECTED, Event.HANDSHAKE_SUCCEEDED],
            [Event.CONNECTED, Event.HANDSHAKE_SUCCEEDED],
        )
        assert {each.endpoint for each in got} == {where}
        pull.close()
        until_event(monitor, Event.DISCONNECTED)
        assert until_event(monitor, Event.CONNECT_RETRIED) in range(5, 11)


# ---- Restarts ----


def bind_again(sock: Ours, endpoint: str) -> None:
    """Bind where a socket of ours was bound before: libzmq's unbind returns before that is free."""

    def is_bound() -> bool:
        try:
            sock.bind(endpoint)
        except AddressInUse:
            assert LIBZMQ
            return False
        return True

    eventually(is_bound, "the address is free again")


def test_our_push_keeps_what_a_killed_peer_did_not_get(ctx, new_peer, fixed):
    push = Ours(ctx, "PUSH", **FAST)
    push.connect(fixed)
    first = new_peer()
    pull = first.socket("PULL")
    pull.bind(fixed)
    push.send("before")
    assert pull.recv() == ["before"]
    with push.sock.monitor(Event.DISCONNECTED) as monitor:
        first.kill()
        monitor.recv(5000)
    for i in range(500):
        push.send(f"queued {i}")
    second = new_peer()
    pull = second.socket("PULL")
    pull.bind(fixed)
    assert [pull.recv() for _ in range(500)] == [[f"queued {i}"] for i in range(500)]


@pytest.mark.parametrize("sub_type", ["SUB", "XSUB"])
@pytest.mark.background
def test_our_subscriptions_are_told_again_after_a_restart(ctx, new_peer, fixed, sub_type):
    sub = Ours(ctx, sub_type, **FAST)
    topics = {f"topic {i}" for i in range(50)}
    for topic in topics:
        subscribe(sub, topic)
    sub.connect(fixed)
    for round_ in range(3):
        process = new_peer()
        pub = process.socket("XPUB")
        pub.bind(fixed)
        assert {pub.recv()[0] for _ in topics} == {"\x01" + topic for topic in topics}
        pub.send("nobody's")
        pub.send(f"topic 7, round {round_}")
        assert sub.recv() == [f"topic 7, round {round_}"]
        with sub.sock.monitor(Event.DISCONNECTED) as monitor:
            process.kill()
            monitor.recv(5000)


def test_their_subscriptions_reach_us_again_after_our_restart(ctx, peer, fixed):
    sub = peer.socket("SUB", subscribe="a", **FAST)
    sub.connect(fixed)
    for i in range(3):
        pub = Ours(ctx, "XPUB")
        bind_again(pub, fixed)
        wait_for_subscription(pub, sub, "a")
        pub.send(f"a{i}")
        assert sub.recv() == [f"a{i}"]
        pub.sock.unbind(fixed)
        pub.close()


def test_what_they_queued_reaches_us_after_our_restart(ctx, peer, fixed):
    push = peer.socket("PUSH", **FAST)
    push.connect(fixed)
    for _ in range(3):
        push.send_series(300, 40)
        pull = Ours(ctx, "PULL")
        bind_again(pull, fixed)
        assert pull.recv_series(300, 40) == 300
        pull.sock.unbind(fixed)
        pull.close()
        assert push.event("DISCONNECTED") is not None


def test_a_request_survives_the_wait_for_its_server(ctx, new_peer, fixed):
    req = Ours(ctx, "REQ", **FAST)
    req.connect(fixed)
    req.send("are you there?")
    rep = new_peer().socket("REP")
    rep.bind(fixed)
    assert rep.recv() == ["are you there?"]
    rep.send("now I am")
    assert req.recv() == ["now I am"]


def test_messages_go_on_while_a_peer_comes_and_goes(ctx, new_peer, fixed):
    """A server killed again and again: what it answers, it answers rightly."""
    dealer = Ours(ctx, "DEALER", **FAST)
    dealer.connect(fixed)
    for i in range(4):
        process = new_peer()
        dealer2 = process.socket("DEALER")
        dealer2.bind(fixed)
        dealer.send("ask", str(i))
        assert dealer2.recv() == ["ask", str(i)]
        dealer2.send("told", str(i))
        assert dealer.recv() == ["told", str(i)]
        with dealer.sock.monitor(Event.DISCONNECTED) as monitor:
            process.kill()
            monitor.recv(5000)


# ---- Heartbeats ----

BEATS = {"heartbeat_ivl": 20, "heartbeat_timeout": 200}


@pytest.mark.parametrize("who", ["we", "they", "both"])
def test_a_connection_with_heartbeats_stays(meet, who):
    ours = BEATS if who != "they" else {}
    theirs = {**BEATS, "heartbeat_ttl": 500} if who != "we" else {}
    one, two = meet("DEALER", "DEALER", theirs, **ours)
    with one.sock.monitor(Event.DISCONNECTED) as monitor:
        one.send("x")
        assert two.recv() == ["x"]
        assert not monitor.poll(450)
    two.send("y")
    assert one.recv() == ["y"]
    assert two.event("DISCONNECTED", 1) is None


@pytest.mark.background
def test_a_frozen_peer_is_noticed_and_found_again(ctx, new_peer, address, transport):
    process = new_peer()
    pub = process.socket("XPUB")
    sub = Ours(ctx, "SUB", heartbeat_ivl=20, heartbeat_timeout=100, handshake_ivl=300, **FAST)
    subscribe(sub, "a")
    with sub.sock.monitor(Event.DISCONNECTED | Event.HANDSHAKE_SUCCEEDED) as monitor:
        sub.connect(pub.bind(address(transport)))
        until_event(monitor, Event.HANDSHAKE_SUCCEEDED)
        process.stop()
        start = time.monotonic()
        until_event(monitor, Event.DISCONNECTED)
        assert time.monotonic() - start < 2
        process.go_on()
        until_event(monitor, Event.HANDSHAKE_SUCCEEDED)
    pub.set("xpub_verbose", 1)
    while pub.poll(50):
        assert pub.recv() in (["\x01a"], ["\0a"])
    pub.send("a!")
    assert sub.recv() == ["a!"]


def test_their_ttl_makes_us_drop_a_frozen_peer(ctx, new_peer, address, transport):
    process = new_peer()
    pull = Ours(ctx, "PULL")
    push = process.socket("PUSH", heartbeat_ivl=20, heartbeat_ttl=200, heartbeat_timeout=5000)
    with pull.sock.monitor(Event.DISCONNECTED | Event.HANDSHAKE_SUCCEEDED) as monitor:
        push.connect(pull.bind(address(transport)))
        until_event(monitor, Event.HANDSHAKE_SUCCEEDED)
        push.send("x")
        assert pull.recv() == ["x"]
        assert not monitor.poll(100)
        process.stop()
        until_event(monitor, Event.DISCONNECTED, 2000)


def test_we_drop_out_when_we_are_told_to_beat_and_they_see_it(ctx, peer, address, transport):
    """Our ttl holds on their side too: silence of ours would end the connection, beats keep it."""
    pull = peer.socket("PULL")
    push = Ours(ctx, "PUSH", heartbeat_ivl=50, heartbeat_ttl=200)
    push.connect(pull.bind(address(transport)))
    push.send("x")
    assert pull.recv() == ["x"]
    assert pull.event("DISCONNECTED", 500) is None
