"""Peers of ZMTP 2.0 and 1.0: RFC 37, "Backwards Interoperability", RFC 15 (2.0) and RFC 13 (1.0).

The bytes are those that such peers send; the socket types of 2.0 are numbers."""

from __future__ import annotations

import pytest

import zcffi
from rfc.wire import (
    SIGNATURE,
    Listener,
    Wire,
    connect,
    frame,
    greeting,
    message,
    old_frame,
    ready,
)
from zcffi import Event, SocketOption, SocketType

NUMBERS = {
    "PAIR": 0,
    "PUB": 1,
    "SUB": 2,
    "REQ": 3,
    "REP": 4,
    "DEALER": 5,
    "ROUTER": 6,
    "PULL": 7,
    "PUSH": 8,
}


def greet_2(wire: Wire, socket_type: str, identity: bytes = b"", revision: int = 1) -> int:
    """The handshake of a 2.0 peer; the number of our type."""
    wire.send(SIGNATURE, bytes([revision, NUMBERS[socket_type]]), frame(identity))
    head = wire.read(12)
    assert (head[0], head[9], head[10]) == (0xFF, 0x7F, 3)
    wire.read_frame()
    return head[11]


def greet_1(wire: Wire, identity: bytes = b"") -> bytes:
    """The handshake of a 1.0 peer; our identity."""
    wire.send(old_frame(identity))
    flags, ours = wire.read_old_frame()
    assert flags in (0, 0x7F)
    return ours


@pytest.fixture(params=["bound", "connected"])
def meet(request, ctx):
    """Makes a socket of ours and a plain connection with it, made by either side."""
    wires = []

    def make(socket_type: str, **options: bytes | int) -> tuple[zcffi.Socket, Wire]:
        sock = ctx.socket(SocketType[socket_type])
        for name, value in options.items():
            setattr(sock, name, value)
        if request.param == "bound":
            wires.append(connect(sock.bind("tcp://127.0.0.1:*")))
        else:
            with Listener() as listener:
                sock.connect(listener.endpoint)
                wires.append(listener.accept())
        return sock, wires[-1]

    yield make
    for wire in wires:
        wire.close()


# ---- 2.0 ----


@pytest.mark.parametrize("revision", [1, pytest.param(2, marks=pytest.mark.strict)])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("PAIR", "PAIR"),
        ("PULL", "PUSH"),
        ("REP", "REQ"),
        ("DEALER", "DEALER"),
        ("ROUTER", "DEALER"),
        ("SUB", "PUB"),
        pytest.param("XSUB", "PUB", marks=pytest.mark.strict),
    ],
)
def test_2_0_peers_are_heard(meet, ours, theirs, revision):
    """RFC 37, Detecting ZMTP 2.0 Peers: revision 1 or 2 is a 2.0 peer: it gets our type and
    identity, and traffic in frames as of 3.x follows."""
    sock, wire = meet(ours)
    if ours == "SUB":
        sock.subscribe(b"")
    number = greet_2(wire, theirs, revision=revision)
    assert number == NUMBERS[ours.removeprefix("X")]
    envelope = [b""] if ours == "REP" else []
    wire.send(message(*envelope, b"one", b"", b"x" * 300))
    got = sock.recv_multipart()
    assert got[-3:] == [b"one", b"", b"x" * 300]
    if ours == "REP":
        sock.send(b"reply")
        assert wire.read_message() == [b"", b"reply"]


@pytest.mark.parametrize(
    ("ours", "theirs"), [("PUSH", "PULL"), ("DEALER", "ROUTER"), ("PAIR", "PAIR"), ("REQ", "REP")]
)
def test_2_0_peers_are_spoken_to(meet, ours, theirs):
    """RFC 15, Framing: flags 0 or 1 for MORE and 2 for LONG, then the size and the body."""
    sock, wire = meet(ours)
    greet_2(wire, theirs)
    envelope = [b""] if ours == "REQ" else []
    sock.send_multipart([b"one", b"", b"x" * 300])
    assert wire.read_message() == [*envelope, b"one", b"", b"x" * 300]


def test_2_0_identities_are_used_and_told(meet):
    """RFC 15, Formal Grammar: the identity is a final short frame after the socket type."""
    router, wire = meet("ROUTER", routing_id=b"router")
    wire.send(SIGNATURE, b"\x01\x05", frame(b"old friend"), message(b"hello"))
    head = wire.read(12)
    assert head[1:9] == (7).to_bytes(8, "big")
    assert wire.read_frame() == (0, b"router")
    assert router.recv_multipart() == [b"old friend", b"hello"]
    router.send_multipart([b"old friend", b"answer"])
    assert wire.read_message() == [b"answer"]


@pytest.mark.strict
def test_2_0_types_are_checked(meet):
    """RFC 15, Socket Compatibility: a peer of a type that does not fit should be disconnected."""
    pull, wire = meet("PULL")
    wire.send(SIGNATURE, b"\x01\x01", frame(b""), message(b"never"))
    wire.until_closed()
    with pytest.raises(zcffi.Again):
        pull.recv(zcffi.Flag.DONTWAIT)


@pytest.mark.parametrize("ours", ["PUB", "XPUB"])
@pytest.mark.strict
def test_2_0_subscribers_subscribe_by_messages(meet, ours):
    """RFC 15, Publish-Subscribe: 1 and 0 before the topic; XPUB says it is a PUB."""
    pub, wire = meet(ours)
    assert greet_2(wire, "SUB") == NUMBERS["PUB"]
    wire.send(message(b"\x01a"), message(b"\x01b"), message(b"\0a"))
    if ours == "XPUB":
        assert [pub.recv() for _ in range(3)] == [b"\x01a", b"\x01b", b"\0a"]
        pub.send(b"a")
        pub.send(b"b")
    else:
        while wire.is_silent(0.01):  # a 2.0 peer has no PING to ask whether it was heard
            pub.send(b"b")
    assert wire.read_message() == [b"b"]


@pytest.mark.parametrize("ours", ["SUB", "XSUB"])
@pytest.mark.background
def test_2_0_publishers_get_subscriptions_as_messages(meet, ours):
    """RFC 15, Publish-Subscribe: a subscription is a message that begins with 1."""
    sub, wire = meet(ours)
    greet_2(wire, "PUB")
    sub.subscribe(b"topic") if ours == "SUB" else sub.send(b"\x01topic")
    assert wire.read_message() == [b"\x01topic"]
    sub.unsubscribe(b"topic") if ours == "SUB" else sub.send(b"\0topic")
    assert wire.read_message() == [b"\0topic"]


def test_2_0_octet_by_octet(meet):
    """RFC 15: where the network cuts the stream is no matter."""
    pull, wire = meet("PULL")
    for octet in SIGNATURE + b"\x01\x08" + frame(b"id") + message(b"a", b"b" * 300):
        wire.send(bytes([octet]))
    assert pull.recv_multipart() == [b"a", b"b" * 300]


@pytest.mark.parametrize("flags", [4, 8, 0x80])
@pytest.mark.strict
def test_2_0_has_no_other_flags(meet, flags):
    """RFC 15, Framing: bits 2 to 7 must be zero."""
    pull, wire = meet("PULL")
    greet_2(wire, "PUSH")
    wire.send(bytes([flags]), b"\x05hello")
    wire.until_closed()
    with pytest.raises(zcffi.Again):
        pull.recv(zcffi.Flag.DONTWAIT)


# ---- 1.0 ----


@pytest.mark.parametrize("identity", [b"", b"peer", b"i" * 253, b"i" * 255])
def test_1_0_peers_are_heard(meet, identity):
    """RFC 37, Detecting ZMTP 1.0 and 2.0 Peers: a first octet that is not FF is the size of a 1.0
    peer's identity; FF with an even tenth octet is a long size."""
    router, wire = meet("ROUTER")
    greet_1(wire, identity)
    wire.send(old_frame(b"a", more=True), old_frame(b"", more=True), old_frame(b"c" * 300))
    got = router.recv_multipart()
    assert got[1:] == [b"a", b"", b"c" * 300]
    assert got[0] == identity if identity else got[0][0] == 0


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 256, 8191, 8192, 8193, 16384, 100_000])
def test_1_0_frames_of_any_size(meet, size):
    """RFC 13, The Framing Layer: the size counts the flags; 255 and more are written in eight
    octets after an FF."""
    pair, wire = meet("PAIR")
    greet_1(wire)
    wire.send(old_frame(bytes(size)), old_frame(bytes(size)))
    assert pair.recv() == pair.recv() == bytes(size)
    pair.send(bytes(size))
    assert wire.read_old_frame() == (0, bytes(size))


def test_1_0_small_frames_may_be_written_long(meet):
    """RFC 13, The Framing Layer: the long form may be used for any size."""
    pull, wire = meet("PULL")
    greet_1(wire)
    wire.send(b"\xff\0\0\0\0\0\0\0\x03\0ab")
    assert pull.recv() == b"ab"


def test_1_0_peers_are_spoken_to(meet):
    """RFC 37, Detecting ZMTP 1.0 and 2.0 Peers: what we sent already is the head of our identity
    frame; its body follows, then frames as of 1.0."""
    push, wire = meet("PUSH")
    assert greet_1(wire) == b""
    push.send_multipart([b"one", b"", b"x" * 300])
    got = [wire.read_old_frame() for _ in range(3)]
    assert got == [(1, b"one"), (1, b""), (0, b"x" * 300)]


def test_1_0_peers_are_told_our_identity(meet):
    """RFC 37, Detecting ZMTP 1.0 and 2.0 Peers: the padding is the identity's size plus one, its
    octets follow."""
    _, wire = meet("DEALER", routing_id=b"it's me")
    assert greet_1(wire) == b"it's me"


@pytest.mark.parametrize("ours", ["PUB", "XPUB"])
def test_1_0_subscribers_get_everything_they_ask_for(meet, ours):
    """RFC 13, Broadcast Content: a subscriber of 1.0 may send nothing and filters by itself: it
    gets every message."""
    pub, wire = meet(ours)
    greet_1(wire)
    while wire.is_silent(0.01):
        pub.send(b"anything")
    assert wire.read_old_frame() == (0, b"anything")


def test_1_0_publishers_are_filtered_here(meet):
    """RFC 13, Broadcast Content: the recipient may filter."""
    sub, wire = meet("SUB")
    sub.subscribe(b"yes")
    greet_1(wire)
    wire.send(old_frame(b"no"), old_frame(b"yes!", more=True), old_frame(b"no"))
    assert sub.recv_multipart() == [b"yes!", b"no"]


def test_1_0_request_and_reply(meet):
    """RFC 13, Addressed Content: an empty part ends the envelope."""
    rep, wire = meet("REP")
    greet_1(wire)
    wire.send(old_frame(b"", more=True), old_frame(b"question"))
    assert rep.recv() == b"question"
    rep.send(b"answer")
    assert [wire.read_old_frame() for _ in range(2)] == [(1, b""), (0, b"answer")]


def test_1_0_octet_by_octet(meet):
    """RFC 13: where the network cuts the stream is no matter."""
    pull, wire = meet("PULL")
    stream = old_frame(b"id") + old_frame(b"a", more=True) + old_frame(b"b" * 300)
    for octet in stream:
        wire.send(bytes([octet]))
    assert pull.recv_multipart() == [b"a", b"b" * 300]


def test_1_0_a_frame_of_no_size_is_harmless(meet):
    """RFC 13, The Framing Layer: the smallest size is 1; a frame of size 0 is discarded silently,
    or its sender is closed."""
    pull, wire = meet("PULL")
    greet_1(wire)
    wire.send(b"\0", old_frame(b"after"))
    if pull.poll(300):
        assert pull.recv() == b"after"
    else:
        wire.until_closed()


@pytest.mark.parametrize("size", [1 << 63, (1 << 64) - 1])
def test_1_0_sizes_have_a_limit_too(meet, size):
    """RFC 37, Formal Grammar: 2^63-1 is the most, also in the long form of 1.0."""
    pull, wire = meet("PULL")
    greet_1(wire)
    wire.send(b"\xff", size.to_bytes(8, "big"), b"\0abc")
    wire.until_closed()
    with pytest.raises(zcffi.Again):
        pull.recv(zcffi.Flag.DONTWAIT)


# ---- No old peers, please ----


@pytest.mark.zcffi_only
@pytest.mark.parametrize(
    "data",
    [
        old_frame(b"") + old_frame(b"never"),
        b"\xff\0\0\0\0\0\0\x01\0\0" + bytes(255) + old_frame(b"never"),
        SIGNATURE + b"\0\x08" + frame(b"") + message(b"never"),
        SIGNATURE + b"\x01\x08" + frame(b"") + message(b"never"),
        SIGNATURE + b"\x02\x08" + frame(b"") + message(b"never"),
    ],
)
def test_old_peers_can_be_refused(meet, data):
    """RFC 37, Version Negotiation: a peer may demand capabilities from its peers, and must close
    the connection if it cannot, or will not, downgrade."""
    pull, wire = meet("PULL", zmtp_min=3)
    with pull.monitor(Event.HANDSHAKE_FAILED_PROTOCOL | Event.PEER_REFUSED) as monitor:
        wire.send(data)
        wire.until_closed()
        monitor.recv(5000)
    with pytest.raises(zcffi.Again):
        pull.recv(zcffi.Flag.DONTWAIT)


@pytest.mark.zcffi_only
def test_new_peers_are_welcome_where_old_ones_are_refused(meet):
    """RFC 37, Version Negotiation: demanding ZMTP 3 lets 3.0 and 3.1 in."""
    pull, wire = meet("PULL", zmtp_min=3)
    wire.send(greeting(minor=0), ready("PUSH"), message(b"x"))
    assert pull.recv() == b"x"
    assert pull._get_option(SocketOption.ZMTP_MIN, "int") == 3
