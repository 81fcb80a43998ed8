"""What is dropped is counted, and told by an event; never silently."""

from __future__ import annotations

import pytest
from rfc.wire import shaken, subscribe

from zcffi import Event, SocketType

pytestmark = pytest.mark.zcffi_only

DROPPED = Event.MESSAGES_DROPPED | Event.MONITOR_STOPPED


def told(monitor) -> int:
    """How many messages the events say were dropped, up to the end of the socket."""
    count = 0
    while (event := monitor.recv(10_000)).event != Event.MONITOR_STOPPED:
        assert event.text
        count += event.value
    return count


@pytest.mark.parametrize("linger", [0, 20])
def test_what_nobody_took_before_close_is_told(ctx, linger):
    """The peer never comes: the queue of the connecting endpoint is dropped, at once or late."""
    push = ctx.socket(SocketType.PUSH)
    monitor = push.monitor(DROPPED)
    push.connect("tcp://127.0.0.1:1")
    for i in range(7):
        push.send(b"%d" % i)
    push.close(linger)
    assert told(monitor) == 7
    monitor.close()


@pytest.mark.parametrize("linger", [0, 20])
def test_what_a_stalled_peer_did_not_take_before_close_is_told(ctx, linger):
    """The peer is there and reads nothing: all is told but what the kernel took."""
    push = ctx.socket(SocketType.PUSH)
    push.sndtimeo = 200
    monitor = push.monitor(DROPPED)
    with shaken(push.bind("tcp://127.0.0.1:*"), "PULL"):
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                push.send(bytes(100_000))
                sent += 1
        push.close(linger)
        assert 0 < told(monitor) <= sent
    monitor.close()


def test_what_an_endpoint_had_not_sent_is_told_at_its_disconnect(ctx):
    push = ctx.socket(SocketType.PUSH)
    push.linger = 0
    with push.monitor(Event.MESSAGES_DROPPED) as monitor:
        push.connect("tcp://127.0.0.1:1")
        for i in range(5):
            push.send(b"%d" % i)
        push.disconnect("tcp://127.0.0.1:1")
        assert monitor.recv(10_000).value == 5
        assert push.dropped == 5


def test_nothing_is_told_when_all_was_sent(ctx):
    push, pull = ctx.socket(SocketType.PUSH), ctx.socket(SocketType.PULL)
    pull.rcvtimeo = 10_000
    monitor = push.monitor(DROPPED)
    pull.connect(push.bind("tcp://127.0.0.1:*"))
    for i in range(7):
        push.send(b"%d" % i)
    push.close(10_000)
    assert [pull.recv() for _ in range(7)] == [b"%d" % i for i in range(7)]
    assert told(monitor) == 0
    monitor.close()


@pytest.mark.parametrize("linger", [0, 20])
def test_what_waited_for_a_name_that_never_came_is_told(ctx, linger):
    """Inside the process: connected before anybody bound."""
    push = ctx.socket(SocketType.PUSH)
    monitor = push.monitor(DROPPED)
    push.connect("inproc://nobody")
    for i in range(7):
        push.send(b"%d" % i)
    push.close(linger)
    assert told(monitor) == 7
    monitor.close()


def publisher(ctx):
    """A publisher, how it sends, and a subscriber that it knows; ten messages fit between them."""
    pub, sub = ctx.socket(SocketType.XPUB), ctx.socket(SocketType.SUB)
    pub.sndhwm = sub.rcvhwm = 5
    pub.bind("inproc://full")
    sub.subscribe()
    sub.connect("inproc://full")
    assert pub.recv() == b"\1"
    return pub, lambda: pub.send(b"news"), sub


def router(ctx):
    """The same for a router and its only peer."""
    router, dealer = ctx.socket(SocketType.ROUTER), ctx.socket(SocketType.DEALER)
    router.sndhwm = dealer.rcvhwm = 5
    dealer.routing_id = b"bob"
    router.bind("inproc://full")
    dealer.connect("inproc://full")
    dealer.send(b"here")
    assert router.recv_multipart() == [b"bob", b"here"]
    return router, lambda: router.send_multipart([b"bob", b"news"]), dealer


@pytest.mark.parametrize("make", [publisher, router])
def test_a_full_peer_is_told_once_until_it_takes_messages(ctx, make):
    socket, send, peer = make(ctx)
    socket.rcvtimeo = peer.rcvtimeo = 10_000
    with socket.monitor(Event.PEER_FULL) as monitor:
        for episode in range(3):
            for _ in range(10):
                send()
            assert not monitor.poll(0)
            for _ in range(4):
                send()
            event = monitor.recv(10_000)
            assert (event.event, event.value) == (Event.PEER_FULL, 4 * episode + 1)
            assert event.text
            assert not monitor.poll(0)
            assert socket.dropped == 4 * episode + 4
            for _ in range(10):
                peer.recv()


def test_who_watches_later_is_told_of_a_peer_that_was_full_before(ctx):
    pub, send, _ = publisher(ctx)
    for _ in range(12):
        send()
    with pub.monitor(Event.PEER_FULL) as monitor:
        assert not monitor.poll(0)
        send()
        assert monitor.recv(10_000).value == 3


def test_the_event_names_the_full_peer(ctx):
    pub = ctx.socket(SocketType.XPUB)
    pub.sndhwm, pub.rcvtimeo = 5, 10_000
    address = pub.bind("tcp://127.0.0.1:*")
    with pub.monitor(Event.PEER_FULL) as monitor, shaken(address, "SUB") as wire:
        wire.send(subscribe(b""))
        assert pub.recv() == b"\1"
        while not pub.dropped:
            pub.send(bytes(100_000))
        event = monitor.recv(10_000)
        host, port = wire.sock.getsockname()
        assert (event.endpoint, event.peer) == (address, f"tcp://{host}:{port}")
