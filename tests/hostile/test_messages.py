"""Messages that never end, and peers that go in the middle of one: S-06, S-18, S-31."""

from __future__ import annotations

import contextlib
import socket

import pytest
from conftest import eventually
from rfc.wire import LONG, Wire, frame, message, raw_frame, shaken

import zcffi
from hostile.target import MIB
from zcffi import Event, Flag, SocketType

pytestmark = pytest.mark.zcffi_only


def test_a_message_without_an_end_is_cut(target, unharmed):
    """S-31: more parts than allowed: that peer is closed, what it cost comes back."""
    with unharmed(slack=6 * MIB):
        pull = target.make("pull", "PULL", max_parts=1000)
        with shaken(pull, "PUSH") as wire:
            wire.send(message(*[b"x"] * 1000))
            wire.send(frame(b"x", more=True) * 1000)
            with contextlib.suppress(ConnectionError):
                wire.send(frame(b"x", more=True) * 1000)
            wire.until_closed()
        target.eventually_refuses("pull")
        assert [len(each) for each in target.do("take", "pull")] == [1000]


@pytest.mark.slow
def test_a_message_without_an_end_is_cut_by_default(target, unharmed):
    """S-31: a million parts are the limit unless another is set."""
    with unharmed(slack=16 * MIB):
        pull = target.make("pull", "PULL")
        resident = target.resident
        with shaken(pull, "PUSH") as wire:
            with contextlib.suppress(ConnectionError):
                for _ in range(110):
                    wire.send(frame(b"x", more=True) * 10_000)
            wire.until_closed()
        assert "ZCFFI_MAX_PARTS" in target.eventually_refuses("pull")[0]
        eventually(lambda: target.resident < resident + 16 * MIB, "the memory")


@pytest.mark.slow
def test_without_a_limit_a_message_may_have_any_number_of_parts(ctx):
    """S-31: 0 takes the limit away."""
    pull = ctx.socket(SocketType.PULL)
    pull.max_parts = 0
    pull.rcvtimeo = 20_000
    with shaken(pull.bind("tcp://127.0.0.1:*"), "PUSH") as wire:
        wire.sock.settimeout(20)
        for _ in range(101):
            wire.send(frame(b"x", more=True) * 10_000)
        wire.send(message(b"end"), message(b"next"))
        parts = pull.recv_multipart()
        assert (len(parts), parts[-1]) == (1_010_001, b"end")
        assert pull.recv() == b"next"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("bound", ["ours", "theirs"])
def test_half_messages_leave_nothing_behind(ctx, target, unharmed, bound):
    """S-06: a peer that goes in the middle of a message, again and again."""
    if bound == "ours":
        with unharmed():
            pull = target.make("pull", "PULL")
            for _ in range(20):
                half(shaken(pull, "PUSH"), 1)
            resident = target.resident
            for i in range(10_000):
                half(shaken(pull, "PUSH"), i)
                if i % 100 == 0:
                    target.told("pull")  # the monitor keeps what nobody reads
            eventually(lambda: not target.told("pull"), "the last event")
            eventually(lambda: target.resident < resident + 2 * MIB, "the memory")
            with shaken(pull, "PUSH") as wire:
                wire.send(message(b"whole"))
                eventually(lambda: target.do("take", "pull") == [["whole"]], "just the whole one")
        return
    pull = ctx.socket(SocketType.PULL)
    pull.reconnect_ivl = 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        pull.connect(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        for i in range(10_000):
            wire = Wire(server.accept()[0])
            wire.shake("PUSH")
            half(wire, i)
        with Wire(server.accept()[0]) as wire:
            wire.shake("PUSH")
            wire.send(message(b"whole", b"one"))
            pull.rcvtimeo = 5000
            assert pull.recv_multipart() == [b"whole", b"one"]


def half(wire: Wire, i: int) -> None:
    """Send the beginning of a message and go, by a reset or by a proper end."""
    wire.send(
        frame(b"x" * 1000, more=True), *([raw_frame(LONG, bytes(5000))[:-1]] if i % 3 else [])
    )
    wire.reset() if i % 2 else wire.close()


def test_no_tail_of_a_message_goes_to_another_peer(ctx):
    """S-18: of a message whose peer goes between its parts, nobody gets the rest."""
    push, good = ctx.socket(SocketType.PUSH), ctx.socket(SocketType.PULL)
    push.sndtimeo = good.rcvtimeo = 5000
    endpoint = push.bind("tcp://127.0.0.1:*")
    sent = 0
    with push.monitor(Event.HANDSHAKE_SUCCEEDED | Event.DISCONNECTED) as monitor:
        good.connect(endpoint)
        monitor.recv(5000)
        for _ in range(40):
            bad = shaken(endpoint, "PULL")
            assert monitor.recv(5000).event == Event.HANDSHAKE_SUCCEEDED
            for i in range(3):
                number = b"%d" % sent
                push.send(number + b" head", more=True)
                if i == 1:
                    bad.reset() if sent % 2 else bad.close()
                    assert monitor.recv(5000).event == Event.DISCONNECTED
                with contextlib.suppress(zcffi.Again):
                    push.send(number + b" body", Flag.DONTWAIT, more=True)
                    push.send(number + b" tail", Flag.DONTWAIT)
                sent += 1
        push.send_multipart([b"end"])
    numbers = []
    while (got := good.recv_multipart()) != [b"end"]:
        number = got[0].split()[0]
        assert got == [number + b" head", number + b" body", number + b" tail"]
        numbers.append(int(number))
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 40
