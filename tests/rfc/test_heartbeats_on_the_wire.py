"""PING and PONG: RFC 37, "Connection Heartbeating"."""

from __future__ import annotations

import time

import pytest

import zcffi
from rfc.wire import Listener, Wire, command, connect, message, shaken
from zcffi import Event, SocketType

TYPES = {
    "DEALER": "ROUTER",
    "ROUTER": "DEALER",
    "REQ": "REP",
    "REP": "REQ",
    "PUB": "SUB",
    "SUB": "PUB",
    "XPUB": "SUB",
    "XSUB": "PUB",
    "PUSH": "PULL",
    "PULL": "PUSH",
    "PAIR": "PAIR",
}


@pytest.mark.parametrize("ours", TYPES)
@pytest.mark.parametrize("context", [b"", b"x", b"0123456789abcdef"])
def test_ping_is_answered_with_its_context(ctx, ours, context):
    """RFC 37, Connection Heartbeating: a PING shall be answered with a PONG that echoes its
    context, whatever the type of the socket."""
    with shaken(ctx.socket(SocketType[ours]).bind("tcp://127.0.0.1:*"), TYPES[ours]) as wire:
        wire.ping(context)
        wire.ping(context[::-1])


@pytest.mark.parametrize("size", [17, 56, 245, 1000])
def test_a_pong_has_sixteen_octets_at_most(ctx, size):
    """RFC 37, Connection Heartbeating: the context of a PONG must not exceed 16 octets."""
    endpoint = ctx.socket(SocketType.PULL).bind("tcp://127.0.0.1:*")
    with shaken(endpoint, "PUSH") as wire:
        context = bytes(range(256)) * 4
        wire.send(command(b"PING", b"\0\0" + context[:size]))
        try:
            got = wire.read_frame()
        except AssertionError:
            return  # closing who exceeds it is fine, too
        assert (got.name, got.data) == (b"PONG", context[:16])


def test_pings_are_answered_in_order_beside_messages(ctx):
    """RFC 37, Connection Heartbeating: PING may come at any point after the handshake."""
    pull = ctx.socket(SocketType.PULL)
    with shaken(pull.bind("tcp://127.0.0.1:*"), "PUSH") as wire:
        for i in range(100):
            wire.send(message(b"%d" % i), command(b"PING", b"\0\0%d" % i))
        assert [pull.recv() for _ in range(100)] == [b"%d" % i for i in range(100)]
        assert [wire.read_frame().data for _ in range(100)] == [b"%d" % i for i in range(100)]


@pytest.mark.parametrize("data", [b"", b"\0"])
@pytest.mark.strict
def test_a_ping_without_its_ttl_is_refused(ctx, data):
    """RFC 37, Connection Heartbeating: a PING has a TTL of two octets."""
    endpoint = ctx.socket(SocketType.PULL).bind("tcp://127.0.0.1:*")
    with shaken(endpoint, "PUSH") as wire:
        wire.send(command(b"PING", data))
        wire.until_closed()


def heartbeating(ctx, **options: int) -> tuple[zcffi.Socket, Wire]:
    """A PUSH that sends heartbeats, and a plain PULL that it is connected to."""
    push = ctx.socket(SocketType.PUSH)
    for name, value in options.items():
        setattr(push, name, value)
    wire = connect(push.bind("tcp://127.0.0.1:*"))
    wire.shake("PULL")
    return push, wire


def test_our_ping_tells_the_ttl_in_tenths_of_seconds(ctx):
    """RFC 37, Connection Heartbeating: the TTL is 16 bits in network order, tenths of seconds."""
    _, wire = heartbeating(ctx, heartbeat_ivl=20, heartbeat_ttl=123_456, heartbeat_timeout=5000)
    with wire:
        got = wire.read_frame()
        assert (got.name, got.data[:2]) == (b"PING", (1234).to_bytes(2, "big"))
        assert len(got.data) <= 18


def test_our_pings_go_on_while_they_are_answered(ctx):
    """RFC 37, Connection Heartbeating: an answered PING is followed by the next, the connection
    stays."""
    push, wire = heartbeating(ctx, heartbeat_ivl=20, heartbeat_timeout=1000)
    with wire:
        for _ in range(5):
            got = wire.read_frame()
            assert got.name == b"PING"
            wire.send(command(b"PONG", got.data[2:]))
        push.send(b"still here")
        while (got := wire.read_frame()).is_command:
            wire.send(command(b"PONG", got.data[2:]))
        assert got.body == b"still here"


def test_who_does_not_answer_a_ping_is_dead(ctx):
    """RFC 37, Connection Heartbeating: who sends a PING and gets nothing within the time-out should
    consider the connection dead."""
    push = ctx.socket(SocketType.PUSH)
    push.heartbeat_ivl, push.heartbeat_timeout = 20, 60
    endpoint = push.bind("tcp://127.0.0.1:*")
    with push.monitor(Event.DISCONNECTED) as monitor, shaken(endpoint, "PULL") as wire:
        wire.until_closed()
        monitor.recv(5000)


def test_any_traffic_is_a_sign_of_life(ctx):
    """RFC 37, Connection Heartbeating: a peer should take any incoming traffic, not just a PONG,
    for a sign of life."""
    pull = ctx.socket(SocketType.PULL)
    pull.heartbeat_ivl, pull.heartbeat_timeout = 30, 150
    with shaken(pull.bind("tcp://127.0.0.1:*"), "PUSH") as wire:
        pings = 0
        while pings < 12:  # many time-outs long, without one PONG
            pings += wire.read_frame().name == b"PING"
            wire.send(message(b"alive"))
        assert pull.recv() == b"alive"


def test_a_dead_connection_is_made_again(ctx):
    """RFC 37, Connection Heartbeating: after a failed heartbeat the peer should reconnect as
    normal."""
    push = ctx.socket(SocketType.PUSH)
    push.heartbeat_ivl, push.heartbeat_timeout, push.reconnect_ivl = 20, 50, 5
    with Listener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as wire:
            wire.shake("PULL")
            wire.until_closed()
        with listener.accept() as wire:
            wire.shake("PULL")


def test_a_ttl_without_traffic_ends_the_connection(ctx):
    """RFC 37, Connection Heartbeating: who gets a PING with a TTL and nothing more within it should
    consider the connection dead, not earlier."""
    endpoint = ctx.socket(SocketType.PULL).bind("tcp://127.0.0.1:*")
    with shaken(endpoint, "PUSH") as wire:
        start = time.monotonic()
        wire.send(command(b"PING", b"\0\x02"))
        assert wire.read_frame().name == b"PONG"
        wire.until_closed()
        assert time.monotonic() - start >= 0.19


def test_a_ttl_of_zero_is_none(ctx):
    """RFC 37, Connection Heartbeating: a TTL of zero asks for nothing."""
    endpoint = ctx.socket(SocketType.PULL).bind("tcp://127.0.0.1:*")
    with shaken(endpoint, "PUSH") as wire:
        wire.ping()
        assert wire.is_silent(0.3)


@pytest.mark.strict
def test_peers_of_3_0_get_no_ping(ctx):
    """RFC 23 knows no PING: a heartbeat goes to 3.1 peers only, and a 3.0 peer is not taken for
    dead."""
    push = ctx.socket(SocketType.PUSH)
    push.heartbeat_ivl, push.heartbeat_timeout = 20, 40
    with connect(push.bind("tcp://127.0.0.1:*")) as wire:
        wire.shake("PULL", minor=0)
        assert wire.is_silent(0.2)
        push.send(b"x")
        assert wire.read_message() == [b"x"]
