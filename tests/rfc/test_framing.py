"""Frames, commands and messages: RFC 37 and 23, "Framing"."""

from __future__ import annotations

import struct

import pytest

import zcffi
from rfc.wire import (
    COMMAND,
    LONG,
    MORE,
    command,
    connect,
    frame,
    greeting,
    message,
    raw_frame,
    ready,
    shaken,
)
from zcffi import Event, SocketType

SIZES = (0, 1, 254, 255, 256, 257, 8191, 8192, 8193, 65535, 65536, 1_000_000)


@pytest.fixture
def pull(ctx):
    """A PULL of ours and its endpoint."""
    sock = ctx.socket(SocketType.PULL)
    return sock, sock.bind("tcp://127.0.0.1:*")


@pytest.fixture
def pushing(ctx):
    """A PUSH of ours and a plain connection with it."""
    sock = ctx.socket(SocketType.PUSH)
    with shaken(sock.bind("tcp://127.0.0.1:*"), "PULL") as wire:
        yield sock, wire


def refused(sock, endpoint: str, *data: bytes) -> None:
    """Our side closes a peer of type PUSH that sends this, and delivers nothing of it."""
    events = Event.PEER_REFUSED | Event.HANDSHAKE_FAILED_PROTOCOL
    with sock.monitor(events) as monitor, shaken(endpoint, "PUSH") as wire:
        wire.send(*data)
        wire.until_closed()
        monitor.recv(5000)
    with pytest.raises(zcffi.Again):
        sock.recv(zcffi.Flag.DONTWAIT)


# ---- What we read ----


@pytest.mark.parametrize("size", SIZES)
def test_long_frames_of_any_size_are_read(pull, size):
    """RFC 37, Framing: a long frame has a body of 0 to 2^63-1 octets."""
    sock, endpoint = pull
    body = bytes(size)
    with shaken(endpoint, "PUSH") as wire:
        wire.send(raw_frame(LONG, body), message(b"next"))
        assert sock.recv() == body
        assert sock.recv() == b"next"


@pytest.mark.parametrize("size", [0, 1, 255])
def test_short_frames_of_any_size_are_read(pull, size):
    """RFC 37, Framing: a short frame has a body of 0 to 255 octets; an empty one has size 0."""
    sock, endpoint = pull
    with shaken(endpoint, "PUSH") as wire:
        wire.send(raw_frame(0, b"x" * size), message(b"next"))
        assert sock.recv() == b"x" * size
        assert sock.recv() == b"next"


def test_the_size_is_in_network_byte_order(pull):
    """RFC 37, Framing: a long size is an unsigned integer of 64 bits in network byte order."""
    sock, endpoint = pull
    with shaken(endpoint, "PUSH") as wire:
        wire.send(b"\x02\0\0\0\0\0\0\x01\x02", b"y" * 258)
        assert sock.recv() == b"y" * 258


@pytest.mark.parametrize("bit", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("low", [0, MORE, LONG, COMMAND])
@pytest.mark.strict
def test_reserved_flags_must_be_zero(pull, bit, low):
    """RFC 37, Framing: bits 7 to 3 are reserved and must be zero."""
    refused(*pull, raw_frame(low | 1 << bit, b"\x04PINGxx"))


@pytest.mark.strict
def test_a_command_is_one_frame(pull):
    """RFC 37, Framing: MORE is zero on command frames."""
    refused(*pull, raw_frame(COMMAND | MORE, b"\x04PING\0\0"))


@pytest.mark.parametrize("size", [1 << 63, (1 << 63) + 1, (1 << 64) - 1])
@pytest.mark.parametrize("flags", [LONG, LONG | MORE, LONG | COMMAND])
@pytest.mark.zcffi_only
def test_sizes_of_2_63_and_more_are_refused(pull, size, flags):
    """RFC 37, Formal Grammar: the largest long size is 2^63-1."""
    refused(*pull, bytes([flags]) + struct.pack(">Q", size) + b"x" * 100)


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"\0PING", b"\x05PING", b"\xff" + b"A" * 20], ids=repr
)
@pytest.mark.strict
def test_a_command_needs_a_name_that_fits(pull, body):
    """RFC 37, Formal Grammar: a command begins with the size of its name and a name of 1 to 255
    characters."""
    refused(*pull, raw_frame(COMMAND, body))


def test_a_command_may_have_a_long_size(pull):
    """RFC 37, Authentication and Confidentiality: a command should, so it need not, use the short
    size when it can."""
    _, endpoint = pull
    with connect(endpoint) as wire:
        body = ready("PUSH")[2:]
        wire.send(greeting(), raw_frame(COMMAND | LONG, body))
        wire.read(64)
        assert wire.read_frame().name == b"READY"
        wire.send(raw_frame(COMMAND | LONG, b"\x04PING\0\0abc"))
        answer = wire.read_frame()
        assert (answer.name, answer.data) == (b"PONG", b"abc")


def test_commands_and_messages_mix(pull):
    """RFC 37, Formal Grammar: traffic is commands and messages in any order, also between the
    frames of a message."""
    sock, endpoint = pull
    with shaken(endpoint, "PUSH") as wire:
        wire.send(frame(b"a", more=True), command(b"PING", b"\0\0"), frame(b"b"))
        assert sock.recv_multipart() == [b"a", b"b"]
        assert wire.read_frame().name == b"PONG"


def test_an_unknown_command_harms_nobody(pull):
    """RFC 37, Commands: extensions may define commands; one that we don't know is passed over."""
    sock, endpoint = pull
    with shaken(endpoint, "PUSH") as wire:
        wire.send(command(b"WOBBLE", b"data"), message(b"after"))
        assert sock.recv() == b"after"


def test_part_of_a_message_is_not_delivered(pull):
    """RFC 37, Messages: all frames of a message are delivered, or none."""
    sock, endpoint = pull
    with sock.monitor(Event.DISCONNECTED) as monitor:
        with shaken(endpoint, "PUSH") as wire:
            wire.send(message(b"whole"), frame(b"part", more=True), frame(b"part", more=True))
            assert sock.recv() == b"whole"
        monitor.recv(5000)
    with shaken(endpoint, "PUSH") as wire:
        wire.send(message(b"other"))
        assert sock.recv_multipart() == [b"other"]


def test_a_frame_without_its_end_is_not_delivered(pull):
    """RFC 37, Messages: a frame that was cut off is no message."""
    sock, endpoint = pull
    with sock.monitor(Event.DISCONNECTED) as monitor:
        with shaken(endpoint, "PUSH") as wire:
            wire.send(raw_frame(LONG, bytes(1000))[:-1])
        monitor.recv(5000)
    with pytest.raises(zcffi.Again):
        sock.recv(zcffi.Flag.DONTWAIT)


# ---- What we send ----


@pytest.mark.parametrize("size", SIZES)
def test_frames_are_sent_with_their_size(pushing, size):
    """RFC 37, Framing: flags, size, body; a body of up to 255 octets goes out as a short frame,
    which the grammar allows for no other."""
    sock, wire = pushing
    sock.send(bytes(size))
    got = wire.read_frame()
    assert got.flags == (LONG if size > 255 else 0)
    assert got.body == bytes(size)


def test_all_parts_but_the_last_say_more(pushing):
    """RFC 37, Framing: MORE says that more frames of the message follow."""
    sock, wire = pushing
    parts = [b"a", b"", b"x" * 256, b"", b"end"]
    sock.send_multipart(parts)
    got = [wire.read_frame() for _ in parts]
    assert [each.flags & MORE for each in got] == [1, 1, 1, 1, 0]
    assert [each.body for each in got] == parts


def test_nothing_is_sent_before_the_last_part_is_there(pushing):
    """RFC 37, Socket Semantics: the frames of a message are queued until the final one is sent."""
    sock, wire = pushing
    sock.send(b"first", more=True)
    sock.send(b"second", more=True)
    assert wire.is_silent()
    sock.send(b"last")
    assert wire.read_message() == [b"first", b"second", b"last"]


def test_messages_go_in_order(pushing):
    """RFC 37, Socket Semantics: messages between two peers are delivered in order, each once."""
    sock, wire = pushing
    for i in range(2000):
        sock.send(b"%d" % i * (i % 7))
    for i in range(2000):
        assert wire.read_message() == [b"%d" % i * (i % 7)]
    assert wire.is_silent()
