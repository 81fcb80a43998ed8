"""Those who never finish their handshake, or make too much of it: S-03, S-30."""

from __future__ import annotations

import contextlib
import os
import struct
import threading

import pytest
from conftest import eventually
from rfc.wire import SIGNATURE, connect, greeting, message, ready

from hostile.target import KIB
from zcffi import Event, SocketType

pytestmark = pytest.mark.zcffi_only


def test_a_handshake_has_its_own_limit(target, unharmed):
    """S-30: during the handshake no more than 64 KiB are taken, MAXMSGSIZE or not."""
    with unharmed():
        pull = target.make("pull", "PULL")
        for size in (65 * KIB, 1 << 20, 1 << 31, 1 << 62):
            with connect(pull) as wire:
                wire.send(greeting())
                wire.read(64)
                with contextlib.suppress(ConnectionError):
                    wire.send(b"\x06", struct.pack(">Q", size), b"\x05READY" + b"x" * 70 * KIB)
                wire.until_closed()
        with connect(pull) as wire, contextlib.suppress(ConnectionError):
            properties = [(b"X-%d" % i, b"v" * 1000) for i in range(100)]
            wire.send(greeting(), ready("PUSH", *properties))
            wire.until_closed()
        events: list[str] = []

        def five_failed() -> bool:
            events.extend(target.happened("pull"))
            return events.count("HANDSHAKE_FAILED_PROTOCOL") >= 5

        eventually(five_failed, "an event for each")
        assert events.count("PEER_REFUSED") == 5
        assert "HANDSHAKE_SUCCEEDED" not in events


def test_a_handshake_within_its_limit_is_taken(target, unharmed):
    """S-30: a peer may tell of itself what it likes, up to 64 KiB, as with libzmq."""
    with unharmed():
        pull = target.make("pull", "PULL")
        properties = [(b"X-%d" % i, b"v" * 1000) for i in range(62)]
        with connect(pull) as wire:
            wire.send(greeting(), ready("PUSH", *properties))
            wire.send(message(b"hello"))
            eventually(lambda: target.do("take", "pull") == [["hello"]], "the message")
        assert "PEER_REFUSED" not in target.happened("pull")


@pytest.mark.parametrize("server", ["PUSH", "DEALER", "REQ", "PAIR", "ROUTER", "PUB"])
@pytest.mark.parametrize("crowd", [1, 100, pytest.param(1000, marks=pytest.mark.slow)])
def test_who_has_not_shaken_hands_gets_nothing(ctx, server, crowd):
    """S-03: a peer exists for routing only after its READY: beside silent connections, and those
    stuck in the handshake, a good peer gets everything."""
    if crowd == 1000 and os.environ.get("ZCFFI_POLLER") == "select":
        pytest.skip("select can't hold so many descriptors")
    kinds = {
        "PUSH": "PULL",
        "DEALER": "DEALER",
        "REQ": "REP",
        "PAIR": "PAIR",
        "ROUTER": "DEALER",
        "PUB": "SUB",
    }
    sock, good = ctx.socket(SocketType[server]), ctx.socket(SocketType[kinds[server]])
    sock.sndtimeo = good.rcvtimeo = 5000
    endpoint = sock.bind("tcp://127.0.0.1:*")
    crowd_ = [connect(endpoint) for _ in range(crowd)]
    for i, wire in enumerate(crowd_):
        wire.send(
            [b"", b"\xff", SIGNATURE, greeting()[:63], greeting(), greeting() + b"\x04"][i % 6]
        )
    if server == "ROUTER":
        sock.router_mandatory = True
        good.routing_id = b"good"
    if server == "PUB":
        good.subscribe(b"")
    with sock.monitor(Event.HANDSHAKE_SUCCEEDED) as monitor:
        good.connect(endpoint)
        monitor.recv(5000)
        assert not monitor.poll(0)
    if server == "PUB":
        while not good.poll(2):
            sock.send(b"now")
    for i in range(200):
        sock.send_multipart([b"good", b"%d" % i] if server == "ROUTER" else [b"%d" % i])
        got = good.recv()
        while got == b"now":
            got = good.recv()
        assert got == b"%d" % i
        if server == "REQ":
            good.send(b"reply")
            assert sock.recv() == b"reply"
    for wire in crowd_:
        wire.close()


def test_the_handshake_has_one_deadline(target, unharmed):
    """S-30, S-33: HANDSHAKE_IVL counts from the connection on, not from the last byte."""
    with unharmed():
        pull = target.make("pull", "PULL", handshake_ivl=300)
        silent, slow, stuck = (connect(pull) for _ in range(3))
        stuck.send(greeting())
        stop = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                for octet in greeting()[:60]:
                    slow.send(bytes([octet]))
                    if stop.wait(0.05):
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        for wire in (silent, slow, stuck):
            wire.until_closed(3)
        stop.set()
        thread.join()
        for wire in (silent, slow, stuck):
            wire.close()
        failed = 0

        def three_failed() -> bool:
            nonlocal failed
            failed += target.happened("pull").count("HANDSHAKE_FAILED_NO_DETAIL")
            return failed >= 3

        eventually(three_failed, "an event for each")
        assert failed == 3
