"""Frames that are larger than they may be, or say so: S-01, S-30."""

from __future__ import annotations

import struct

import pytest
from conftest import eventually
from rfc.wire import LONG, MORE, frame, message, shaken

from hostile.target import KIB, MEASURED, MIB

pytestmark = pytest.mark.zcffi_only

IMPOSSIBLE = [1 << 63, (1 << 63) + 1, *((1 << 64) - k for k in (1, 2, 9, 10, 255, 8192, 65536))]


@pytest.mark.parametrize("flags", [LONG, LONG | MORE, 6])
def test_impossible_sizes_at_every_place_of_the_buffer(target, unharmed, flags):
    """S-01: the size must not be added to a position before it was compared."""
    offsets = [*range(0, 70), *range(4080, 4100), *range(8150, 8200), *range(0, 9000, 449)]
    with unharmed() as endpoint:
        pull = target.make("pull", "PULL")
        for i, offset in enumerate(offsets):
            size = IMPOSSIBLE[i % len(IMPOSSIBLE)]
            with shaken(pull, "PUSH") as wire:
                before = frame(b"p" * max(offset - 2, 0)) if offset else b""
                wire.send(before, bytes([flags]), struct.pack(">Q", size), b"x" * 40)
                wire.until_closed()
        assert all(len(each) == 1 and set(each[0]) <= {"p"} for each in target.do("take", "pull"))
        target.eventually_refuses("pull", len(offsets))
        assert endpoint


@pytest.mark.parametrize("size", [1001, 1 << 31, 1 << 32, (1 << 63) - 1])
def test_sizes_above_maxmsgsize_are_refused_at_once(target, unharmed, size):
    """S-01: with a limit, the header is enough."""
    with unharmed(maxmsgsize=1_000_000):
        pull = target.make("pull", "PULL", maxmsgsize=1000)
        with shaken(pull, "PUSH") as wire:
            wire.send(message(b"x" * 1000), b"\x02", struct.pack(">Q", size))
            wire.until_closed()
        target.eventually_refuses("pull")
        assert target.do("take", "pull") == [["x" * 1000]]


def test_a_header_alone_costs_nothing(target, unharmed):
    """S-30: memory follows what has arrived, one step ahead at most, whatever was announced."""
    sizes = [MIB, 1 << 30, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1]
    with unharmed():
        pull = target.make("pull", "PULL")
        resident, virtual = target.resident, target.virtual
        attackers = [shaken(pull, "PUSH") for _ in range(60)]
        for i, wire in enumerate(attackers):
            wire.ping()
            wire.send(b"\x02", struct.pack(">Q", sizes[i % len(sizes)]), b"x" * 100)
        for _ in range(5):
            for wire in attackers:
                wire.send(b"x")
        assert target.do("take", "pull") == []
        assert target.resident - resident < len(attackers) * 64 * KIB
        assert target.virtual - virtual < len(attackers) * MIB
        for wire in attackers:
            wire.close()


def test_memory_follows_what_has_arrived(target, unharmed):
    """S-30: a frame under way costs what came and at most as much again."""
    with unharmed(slack=8 * MIB):
        pull = target.make("pull", "PULL")
        resident = target.resident
        attackers = [shaken(pull, "PUSH") for _ in range(8)]
        for wire in attackers:
            wire.send(b"\x02", struct.pack(">Q", 1 << 40))
        for _ in range(64):
            for wire in attackers:
                wire.send(b"x" * (64 * KIB))  # 4 MiB each, in all
        if MEASURED:
            all_of_it = 8 * 4 * MIB - MIB
            eventually(lambda: target.resident - resident >= all_of_it, "the bytes to arrive")
        assert target.resident - resident < 2 * 8 * 4 * MIB + 8 * 256 * KIB
        for wire in attackers:
            wire.close()
