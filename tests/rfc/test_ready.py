"""READY and ERROR, metadata, socket types, identities: RFC 37, "The NULL Security Mechanism" and
"Connection Metadata"."""

from __future__ import annotations

import pytest

import zcffi
from rfc.wire import (
    COMMAND,
    Listener,
    command,
    connect,
    frame,
    greeting,
    message,
    prop,
    raw_frame,
    ready,
    shaken,
)
from zcffi import Event, SocketType

TYPES = ("REQ", "REP", "DEALER", "ROUTER", "PUB", "XPUB", "SUB", "XSUB", "PUSH", "PULL", "PAIR")

LEGAL = {
    "REQ": {"REP", "ROUTER"},
    "REP": {"REQ", "DEALER"},
    "DEALER": {"REP", "DEALER", "ROUTER"},
    "ROUTER": {"REQ", "DEALER", "ROUTER"},
    "PUB": {"SUB", "XSUB"},
    "XPUB": {"SUB", "XSUB"},
    "SUB": {"PUB", "XPUB"},
    "XSUB": {"PUB", "XPUB"},
    "PUSH": {"PULL"},
    "PULL": {"PUSH"},
    "PAIR": {"PAIR"},
}

REFUSALS = Event.HANDSHAKE_FAILED_PROTOCOL | Event.HANDSHAKE_FAILED_NO_DETAIL | Event.PEER_REFUSED


@pytest.fixture
def pull(ctx):
    """A PULL of ours and its endpoint."""
    sock = ctx.socket(SocketType.PULL)
    return sock, sock.bind("tcp://127.0.0.1:*")


def refused(pull, *data: bytes) -> bytes:
    """Our side closes a peer that sends this after its greeting, with an event; what it answers
    after its own greeting."""
    sock, endpoint = pull
    with sock.monitor(REFUSALS) as monitor, connect(endpoint) as wire:
        wire.send(greeting())
        wire.read(64)
        wire.send(*data)
        rest = wire.until_closed()
        monitor.recv(5000)
    with pytest.raises(zcffi.Again):
        sock.recv(zcffi.Flag.DONTWAIT)
    return rest


def accepted(pull, *data: bytes) -> None:
    """Our side takes these for a proper READY."""
    sock, endpoint = pull
    with connect(endpoint) as wire:
        wire.send(greeting(), *data, message(b"hello"))
        assert sock.recv() == b"hello"


def test_our_ready_names_the_type(ctx):
    """RFC 37, Connection Metadata: the sender should specify its Socket-Type."""
    for name in TYPES:
        endpoint = ctx.socket(SocketType[name]).bind("tcp://127.0.0.1:*")
        with connect(endpoint) as wire:
            assert wire.shake(min(LEGAL[name]))[b"Socket-Type"].decode() == name


@pytest.mark.parametrize("ours", TYPES)
@pytest.mark.zcffi_only
def test_only_fitting_types_are_accepted(ctx, ours):
    """RFC 37, The Socket-Type Property: the other peer's type should be enforced by the table of
    legal combinations."""
    sock = ctx.socket(SocketType[ours])
    endpoint = sock.bind("tcp://127.0.0.1:*")
    with sock.monitor(Event.HANDSHAKE_FAILED_PROTOCOL) as monitor:
        for theirs in TYPES:
            with connect(endpoint) as wire:
                wire.send(greeting())
                wire.read(64)
                wire.send(ready(theirs))
                if theirs in LEGAL[ours]:
                    assert wire.read_frame().name == b"READY"
                    wire.ping()
                else:
                    wire.until_closed()
                    monitor.recv(5000)
        assert not monitor.poll(0)


@pytest.mark.parametrize("where", ["bound", "connected"])
@pytest.mark.strict
def test_an_error_says_that_the_type_does_not_fit(ctx, where):
    """RFC 37, The Socket-Type Property: a wrong type should be answered with an ERROR command, and
    the peer be disconnected."""
    sock = ctx.socket(SocketType.PULL)
    with Listener() as listener:
        if where == "bound":
            wire = connect(sock.bind("tcp://127.0.0.1:*"))
        else:
            sock.connect(listener.endpoint)
            wire = listener.accept()
        with wire:
            wire.send(greeting())
            wire.read(64)
            wire.send(ready("PUB"))
            got = wire.read_frame()
            if got.name == b"READY":
                got = wire.read_frame()
            assert got.name == b"ERROR"
            assert got.data[0] == len(got.data) - 1
            assert all(0x20 < octet < 0x7F or octet == 0x20 for octet in got.data[1:])
            wire.until_closed()


@pytest.mark.parametrize("theirs", ["", "push", "PUSHX", "CLIENT", "HAMSTER", "PUSH\0"])
@pytest.mark.zcffi_only
def test_unknown_types_are_refused(pull, theirs):
    """RFC 37, The Socket-Type Property: the types are those of the grammar."""
    refused(pull, ready(theirs))


@pytest.mark.parametrize("name", [b"Socket-Type", b"socket-type", b"SOCKET-TYPE", b"sOcKeT-tYpE"])
@pytest.mark.in_one_piece
def test_the_case_of_names_means_nothing(pull, name):
    """RFC 37, The NULL Security Mechanism: the case of names shall not be significant."""
    accepted(pull, command(b"READY", prop(name, b"PUSH")))


@pytest.mark.parametrize(
    "more",
    [
        (b"X-Key", b"value"),
        (b"Empty", b""),
        (b"a", b"\0\xff"),
        (b"n" * 255, b"v" * 3000),
        (b"A.b-c_d+9", b"1"),
        (b"Resource", b"system/name-service"),
        (b"Identity", b"ignored for PULL"),
        (b"Identity", b""),
    ],
    ids=lambda more: more[0].decode()[:10] + "-" + str(len(more[1])),
)
@pytest.mark.in_one_piece
def test_other_properties_are_accepted(pull, more):
    """RFC 37, Connection Metadata: other properties, also for application use (X-), may be there;
    names have 1 to 255 characters, values may be empty. A resource is always accepted."""
    accepted(pull, ready("PUSH", more))


def test_what_a_peer_tells_of_itself_is_read_from_its_messages(pull):
    """RFC 37, Connection Metadata: names that start with X- are for the applications' own use."""
    sock, endpoint = pull
    with shaken(endpoint, "PUSH", (b"X-Key", b"value"), (b"X-Empty", b"")) as peer:
        peer.send(message(b"first", b"second"))
        for _ in range(2):
            frame = sock.recv(copy=False)
            assert frame["X-Key"] == "value"
            assert frame["X-Empty"] == ""
            assert frame["Socket-Type"] == "PUSH"
            with pytest.raises(KeyError):
                frame["X-Other"]


@pytest.mark.parametrize(
    "data",
    [
        b"\0" + b"\0\0\0\x01x",
        b"\x0bSocket",
        b"\x0bSocket-Type",
        b"\x0bSocket-Type\0\0\0",
        b"\x0bSocket-Type\0\0\0\x05PUSH",
        b"\x0bSocket-Type\x7f\xff\xff\xffPUSH",
        b"\x0bSocket-Type\x80\0\0\0PUSH",
        b"\x0bSocket-Type\xff\xff\xff\xffPUSH",
        prop(b"Socket-Type", b"PUSH") + b"\0",
        prop(b"Socket-Type", b"PUSH") + b"\x01",
        prop(b"Socket-Type", b"PUSH") + b"\x01a\0\0\0\x02x",
    ],
    ids=repr,
)
@pytest.mark.strict
def test_broken_metadata_is_refused(pull, data):
    """RFC 37, The NULL Security Mechanism: a name without characters is not valid, a value has at
    most 2^31-1 octets, and both have the size they say."""
    refused(pull, command(b"READY", data))


@pytest.mark.parametrize(
    "first",
    [
        message(b"early"),
        frame(b"early", more=True),
        command(b"PING", b"\0\0"),
        command(b"HELLO", b"x"),
        command(b"SUBSCRIBE", b""),
        command(b"ready", prop(b"Socket-Type", b"PUSH")),
        raw_frame(COMMAND, b"READY" + prop(b"Socket-Type", b"PUSH")),
        raw_frame(COMMAND, b""),
        raw_frame(8 | COMMAND, b"\x05READY" + prop(b"Socket-Type", b"PUSH")),
    ],
    ids=repr,
)
@pytest.mark.strict
def test_nothing_but_ready_begins_the_traffic(pull, first):
    """RFC 37, The NULL Security Mechanism: the handshake is a READY or an ERROR command; nothing
    else may come before."""
    refused(pull, first, ready("PUSH"), message(b"never"))


@pytest.mark.in_one_piece
def test_a_second_ready_is_refused_or_ignored(pull):
    """RFC 37, The NULL Security Mechanism: one READY completes the handshake; another one changes
    nothing, above all not the type."""
    sock, endpoint = pull
    with shaken(endpoint, "PUSH") as wire:
        wire.send(message(b"before"), ready("PULL"))
        assert sock.recv() == b"before"
    accepted(pull, ready("PUSH"))


@pytest.mark.parametrize(
    "reason", [b"\0", b"\x08no entry", b"\xff" + b"r" * 255, b"\x10short", b""]
)
@pytest.mark.zcffi_only
def test_error_is_fatal(pull, reason):
    """RFC 37, Error Handling: an incoming ERROR is fatal: the connection is closed."""
    refused(pull, command(b"ERROR", reason))


def test_after_an_error_there_is_no_further_attempt(ctx):
    """RFC 37, Error Handling: after an ERROR a peer does not connect again with the same
    credentials."""
    push = ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = 10
    with Listener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as wire:
            wire.send(greeting())
            wire.read(64)
            wire.send(command(b"ERROR", b"\x02no"))
            wire.until_closed()
        assert listener.is_idle(0.2)


def test_after_any_other_end_the_peer_is_tried_again(ctx):
    """RFC 37, Error Handling: an unexpected close is a temporary error, the peer should reconnect:
    after the signature, the greeting, READY, or a message."""
    push = ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = 5
    full = greeting() + ready("PULL")
    with Listener() as listener:
        push.connect(listener.endpoint)
        for size in (0, 1, 10, 11, 63, 64, 70, len(full)):
            with listener.accept() as wire:
                wire.read(10)
                wire.send(full[:size])
        with listener.accept() as wire:
            wire.shake("PULL")
            push.send(b"kept")
            assert wire.read_message() == [b"kept"]


def test_connecting_is_asynchronous(ctx):
    """RFC 37, Socket Semantics: sockets connect opportunistically: the peer may come later, and
    what was sent before is kept."""
    push = ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = 5
    with Listener() as listener:
        endpoint = listener.endpoint
    push.connect(endpoint)
    push.send(b"early")
    pull = ctx.socket(SocketType.PULL)
    pull.bind(endpoint)
    assert pull.recv() == b"early"


# ---- Identities ----


def test_our_identity_is_announced_by_those_who_have_one(ctx):
    """RFC 37, The Identity Property: REQ, DEALER and ROUTER may announce an identity; for all
    others it means nothing and is not sent."""
    for name in TYPES:
        sock = ctx.socket(SocketType[name])
        sock.routing_id = b"it's me"
        with connect(sock.bind("tcp://127.0.0.1:*")) as wire:
            found = wire.shake(min(LEGAL[name]))
            expected = b"it's me" if name in ("REQ", "DEALER", "ROUTER") else None
            assert found.get(b"Identity") == expected, name


@pytest.mark.parametrize("identity", [b"a", b"peer", b"\x01\0\xff", b"i" * 255])
def test_a_router_addresses_by_identity(ctx, identity):
    """RFC 37, The Identity Property: the identity of 0 to 255 octets is the peer's address at a
    ROUTER."""
    router = ctx.socket(SocketType.ROUTER)
    with shaken(router.bind("tcp://127.0.0.1:*"), "DEALER", (b"Identity", identity)) as wire:
        wire.send(message(b"hello"))
        assert router.recv_multipart() == [identity, b"hello"]
        router.send_multipart([identity, b"answer"])
        assert wire.read_message() == [b"answer"]


@pytest.mark.parametrize("properties", [(), ((b"Identity", b""),)])
def test_who_has_no_identity_gets_one(ctx, properties):
    """RFC 37, The Identity Property: an identity that begins with a zero octet is the
    implementation's own."""
    router = ctx.socket(SocketType.ROUTER)
    endpoint = router.bind("tcp://127.0.0.1:*")
    with (
        shaken(endpoint, "DEALER", *properties) as one,
        shaken(endpoint, "REQ", *properties) as two,
    ):
        one.send(message(b"1"))
        first, _ = router.recv_multipart()
        two.send(message(b"", b"2"))
        second, _, _ = router.recv_multipart()
        assert first[0] == second[0] == 0
        assert first != second
        router.send_multipart([first, b"to one"])
        assert one.read_message() == [b"to one"]


@pytest.mark.parametrize("identity", [b"\0made", b"i" * 256])
@pytest.mark.strict
def test_a_wrong_identity_is_not_used(ctx, identity):
    """RFC 37, The Identity Property: at most 255 octets, and not one of those a ROUTER makes up."""
    router = ctx.socket(SocketType.ROUTER)
    with connect(router.bind("tcp://127.0.0.1:*")) as wire:
        wire.send(greeting())
        wire.read(64)
        wire.send(ready("DEALER", (b"Identity", identity)), message(b"x"))
        if router.poll(300):
            got, _ = router.recv_multipart()
            assert got != identity
        else:
            wire.until_closed()
