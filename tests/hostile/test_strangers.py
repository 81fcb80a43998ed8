"""Those who speak something else than ZMTP: S-20."""

from __future__ import annotations

import contextlib
import random

import pytest
from conftest import eventually
from rfc.wire import SIGNATURE, connect, greeting, ready

from hostile.target import probe

pytestmark = pytest.mark.zcffi_only

PROBES = {
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: probe\r\nAccept: */*\r\n\r\n" * 4,
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(range(200)),
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "smb": bytes.fromhex("00000085ff534d4272000000001853c8") + bytes(120),
    "all ones": b"\xff" * 64,
    "zeros": bytes(1000),
    "one octet": b"\xff",
    "signature": SIGNATURE,
    "half": greeting()[:32],
    "ready only": ready("DEALER"),
    "redis": b"*1\r\n$4\r\nPING\r\n",
    "newline": b"\r\n\r\n",
}


@pytest.mark.parametrize("name", PROBES)
def test_strangers_are_turned_away(target, unharmed, name):
    """S-20: what is not ZMTP ends that connection and nothing else, whether it waits, closes or
    resets."""
    with unharmed(handshake_ivl=400, zmtp_min=3) as endpoint:
        with connect(endpoint) as wire:
            wire.send(PROBES[name])
            wire.until_closed()
        with connect(endpoint) as wire:
            wire.send(PROBES[name])
        wire = connect(endpoint)
        wire.send(PROBES[name])
        wire.reset()
        failed = ("HANDSHAKE_FAILED_PROTOCOL", "HANDSHAKE_FAILED_NO_DETAIL")
        count = 0

        def failures() -> bool:
            nonlocal count
            count += sum(each in failed for each in target.happened("router"))
            return count >= 3

        eventually(failures, "an event for each of the three")


@pytest.mark.parametrize("name", PROBES)
def test_strangers_harm_nobody_where_old_peers_are_welcome(unharmed, name):
    """S-20: the same at a socket that speaks ZMTP 1.0, for which a stranger may be taken."""
    with unharmed(handshake_ivl=300) as endpoint:
        for _ in range(5):
            probe(endpoint, PROBES[name])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("http", '"GET / HTTP/1.1\\x0d\\x0a"'),
        ("tls", '"\\x16\\x03\\x01'),
        ("ssh", '"SSH-2.0-OpenSSH_"'),
    ],
)
def test_the_event_shows_how_a_stranger_began(target, unharmed, name, shown):
    """S-20: whoever looks at the events sees what knocked."""
    with unharmed(handshake_ivl=400, zmtp_min=3) as endpoint, connect(endpoint) as wire:
        wire.send(PROBES[name])
        wire.until_closed()
        assert any(shown in reason for reason in target.eventually_refuses("router"))


def test_garbage(unharmed):
    """S-20: random bytes, alone, after a greeting and after a handshake."""
    rng = random.Random(20)
    with unharmed(handshake_ivl=300) as endpoint:
        wires = []
        for i in range(600):
            data = rng.randbytes(rng.choice([1, 2, 9, 64, 100, 1000, 10_000]))
            wire = connect(endpoint)
            with contextlib.suppress(ConnectionError):
                wire.send([b"", greeting(), greeting() + ready("DEALER")][i % 3], data)
            wires.append(wire)
            if len(wires) > 20:
                gone = wires.pop(0)
                gone.reset() if i % 2 else gone.close()
        for wire in wires:
            wire.close()
