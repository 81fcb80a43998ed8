"""What is dropped is counted, and told by an event; never silently."""

from __future__ import annotations

import pytest
from rfc.wire import shaken

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
