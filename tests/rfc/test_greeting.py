"""The greeting, the choice of a version, the mechanism (RFC 37 and 23)."""

from __future__ import annotations

import contextlib

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
    metadata,
    ready,
)
from zcffi import Event, ProtocolError, SocketType


@pytest.fixture(params=["bound", "connected"])
def dealer(request, ctx):
    """A DEALER of ours and a plain connection with it, made by either side."""
    sock = ctx.socket(SocketType.DEALER)
    if request.param == "bound":
        with connect(sock.bind("tcp://127.0.0.1:*")) as wire:
            yield sock, wire
    else:
        with Listener() as listener:
            sock.connect(listener.endpoint)
            with listener.accept() as wire:
                yield sock, wire


def finish(sock, wire: Wire) -> None:
    """Say READY and exchange a message: the connection works."""
    wire.send(ready("DEALER"), message(b"in"))
    assert sock.recv() == b"in"
    assert wire.read_frame().name == b"READY"
    sock.send(b"out")
    assert wire.read_message() == [b"out"]


def test_the_greeting_is_that_of_3_1(dealer):
    """RFC 37, Formal Grammar: FF, eight octets without meaning, 7F, 03, 01, the mechanism padded
    with zeros to 20 octets, as-server, 31 zeros."""
    sock, wire = dealer
    wire.send(greeting())
    got = wire.read(64)
    assert (got[0], got[9]) == (0xFF, 0x7F)
    assert got[10:12] == b"\x03\x01"
    assert got[12:32] == b"NULL" + bytes(16)
    assert got[33:] == bytes(31)
    finish(sock, wire)


def test_as_server_is_zero_with_null(dealer):
    """RFC 37, The NULL Security Mechanism: the as-server field is zero."""
    _, wire = dealer
    wire.send(greeting())
    assert wire.read(64)[32] == 0


def test_enough_to_detect_a_version_is_sent_unasked(dealer):
    """RFC 37, Detecting ZMTP 1.0 and 2.0 Peers: the signature of ten octets goes out before
    anything is read, or two peers would wait for one another."""
    _, wire = dealer
    got = wire.read(10)
    assert (got[0], got[9]) == (0xFF, 0x7F)


def test_the_padding_says_the_length_of_our_identity_plus_one(ctx):
    """RFC 37, Detecting ZMTP 1.0 and 2.0 Peers: the signature doubles as the head of an identity
    frame of ZMTP 1.0."""
    router = ctx.socket(SocketType.ROUTER)
    router.routing_id = b"seven77"
    with connect(router.bind("tcp://127.0.0.1:*")) as wire:
        assert wire.read(10) == b"\xff" + (8).to_bytes(8, "big") + b"\x7f"


def test_the_version_follows_the_signature(dealer):
    """RFC 37, Version Negotiation: the major version is sent once the peer's signature is seen,
    at the latest."""
    _, wire = dealer
    wire.send(SIGNATURE)
    assert wire.read(11)[10] == 3


@pytest.mark.parametrize(
    "padding", [b"\xff" * 8, b"\0" * 7 + b"\x01", bytes(range(1, 9)), b"\x80" + bytes(7)]
)
def test_the_padding_means_nothing(dealer, padding):
    """RFC 37, Version Negotiation: a peer must neither check nor interpret the padding."""
    sock, wire = dealer
    wire.send(greeting(padding=padding))
    wire.read(64)
    finish(sock, wire)


@pytest.mark.parametrize("version", [(3, 2), (3, 255), (4, 0), (9, 7), (127, 1), (255, 255)])
def test_higher_versions_are_valid_and_spoken_to_in_our_own(dealer, version):
    """RFC 37, Version Negotiation: a version of 3.1 or above must be accepted, and an equal or
    higher peer is always spoken to in our own protocol."""
    sock, wire = dealer
    major, minor = version
    wire.send(greeting(minor, major=major))
    assert wire.read(64)[10:12] == b"\x03\x01"
    finish(sock, wire)


def test_version_3_0_is_spoken_to(dealer):
    """RFC 23, Version Negotiation: 3.0 is a version to work with."""
    sock, wire = dealer
    wire.send(greeting(minor=0))
    wire.read(64)
    finish(sock, wire)


def test_a_greeting_is_answered_in_full(dealer):
    """RFC 37, Authentication and Confidentiality: who has read a full greeting must send its own
    in full, without waiting for more."""
    _, wire = dealer
    wire.send(greeting())
    assert len(wire.read(64)) == 64


@pytest.mark.parametrize(
    "mechanism", [b"PLAIN", b"CURVE", b"null", b"NUL", b"NULLX", b"NULL\0X", b"", b"X" * 20]
)
@pytest.mark.strict
def test_another_mechanism_is_closed(dealer, mechanism):
    """RFC 37, Authentication and Confidentiality: a mechanism that does not match exactly what we
    sent: close the connection."""
    sock, wire = dealer
    with sock.monitor(Event.HANDSHAKE_FAILED_PROTOCOL) as monitor:
        wire.send(greeting(mechanism=mechanism), ready("DEALER"), message(b"never"))
        rest = wire.until_closed()
        assert len(rest) >= 64, "our greeting comes in full even so"
        assert rest[12:32] == b"NULL" + bytes(16)
        assert monitor.recv(5000).value == ProtocolError.ZMTP_MECHANISM_MISMATCH
    with pytest.raises(zcffi.Again):
        sock.recv(zcffi.Flag.DONTWAIT)


@pytest.mark.in_one_piece
def test_a_greeting_may_come_octet_by_octet(dealer):
    """RFC 37, Formal Grammar: a stream has no boundaries; where it is cut is no matter."""
    sock, wire = dealer
    for octet in greeting() + ready("DEALER") + message(b"in", b"", b"x" * 300):
        wire.send(bytes([octet]))
    assert sock.recv_multipart() == [b"in", b"", b"x" * 300]
    wire.read(64)
    assert wire.read_frame().name == b"READY"


@pytest.mark.in_one_piece
def test_everything_may_come_in_one_piece(dealer):
    """RFC 23, The NULL Security Mechanism: a peer may send messages right after its metadata."""
    sock, wire = dealer
    wire.send(greeting(), ready("DEALER"), *(message(b"%d" % i) for i in range(1000)))
    assert [sock.recv() for _ in range(1000)] == [b"%d" % i for i in range(1000)]


def test_ready_is_sent_without_waiting_for_the_peers(dealer):
    """RFC 23, The NULL Security Mechanism: to avoid deadlocks each peer must send its READY before
    it waits for the other's."""
    _, wire = dealer
    wire.send(greeting(minor=0))
    wire.read(64)
    got = wire.read_frame()
    assert got.name == b"READY"
    assert metadata(got.data)[b"Socket-Type"] == b"DEALER"


def test_no_message_is_sent_before_the_peers_ready(dealer):
    """RFC 37, The NULL Security Mechanism: messages may be sent once READY was both sent and
    received."""
    sock, wire = dealer
    wire.send(greeting())
    wire.read(64)
    assert wire.read_frame().name == b"READY"
    sock.sndtimeo = 0
    with contextlib.suppress(zcffi.Again):  # bound: there is nobody to send to yet
        sock.send(b"early")
    assert wire.is_silent()
    wire.send(ready("DEALER"), frame(b"x"))
    assert sock.recv() == b"x"
