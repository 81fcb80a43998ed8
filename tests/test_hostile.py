"""What a stranger, or an exhausted machine, can do to us: nothing that the others would notice.

The target runs in a process of its own, so that its life, memory, descriptors and wake-ups can be
looked at from outside. Friends of ours, connected before and during each attack, exchange messages
with it and must get every one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import resource
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import eventually, run_python

import zcffi
from rfc.wire import (
    LONG,
    MORE,
    SIGNATURE,
    Wire,
    cancel,
    command,
    connect,
    frame,
    greeting,
    message,
    raw_frame,
    ready,
    shaken,
    subscribe,
)
from zcffi import Event, Flag, SocketType

pytestmark = [
    pytest.mark.zcffi_only,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

KIB, MIB = 1024, 1024 * 1024

TARGET = """
import json, os, sys, zcffi
from zcffi import Context, Event, Flag, PollEvent, Poller, SocketType

context, poller, sockets, got, events = Context(), Poller(), {}, {}, {}

def make(name, type, endpoint, **options):
    sock = sockets[name] = context.socket(SocketType[type])
    sock.linger = 0
    for option, value in options.items():
        setattr(sock, option, value)
    events[name] = sock.monitor(Event.ALL | Event.PEER_REFUSED)
    got[name] = []
    if SocketType[type] not in (SocketType.PUB, SocketType.PUSH):
        poller.register(sock, PollEvent.POLLIN)
    return sock.bind(endpoint)

def serve(sock):
    name = next(each for each, one in sockets.items() if one is sock)
    for parts in sock.recv_many(1000, Flag.DONTWAIT, multipart=True):
        if sock.type == SocketType.ROUTER:
            sock.send_multipart(parts)
        elif sock.type == SocketType.PULL:
            got[name].append([part.decode("latin-1") for part in parts])
        else:
            got[name] = [len(parts[0])]

def take(name):
    found, got[name] = got[name], []
    return found

def happened(name):
    found = []
    while events[name].poll(0):
        found.append(events[name].recv().event.name)
    return found

def send(name, *parts):
    sockets[name].send_multipart([part.encode("latin-1") for part in parts])

def close(name):
    if sockets[name] in poller:
        poller.unregister(sockets[name])
    events.pop(name).close()
    sockets.pop(name).close(0)

poller.register(0, 1)
while True:
    for what, _ in poller.poll():
        if what == 0:
            line = sys.stdin.buffer.raw.readline()
            if not line:
                context.close(0)
                sys.exit()
            verb, *arguments = json.loads(line)
            options = arguments.pop() if verb == "make" else {}
            print(json.dumps(globals()[verb](*arguments, **options)), flush=True)
        else:
            serve(what)
"""


class Target:
    """The process under attack."""

    def __init__(self, descriptors: int | None = None) -> None:
        def limit() -> None:
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", TARGET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            preexec_fn=limit,
        )

    def do(self, *order: object) -> object:
        """Have it do something; a process that has died fails the test here."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        line = self.process.stdout.readline()
        assert line, f"the target has died: {self.process.wait()}"
        return json.loads(line)

    def make(self, name: str, type: str, endpoint: str = "tcp://127.0.0.1:*", **options) -> str:  # type: ignore[no-untyped-def]
        """Make and bind a socket there; its endpoint."""
        return str(self.do("make", name, type, endpoint, options))

    def happened(self, name: str) -> list[str]:
        """The events of a socket since the last time."""
        return list(self.do("happened", name))  # type: ignore[call-overload]

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
        raise LookupError(field)

    @property
    def resident(self) -> int:
        """Memory in use, in bytes."""
        return self._status("VmRSS") * KIB

    @property
    def virtual(self) -> int:
        """Memory asked for, in bytes."""
        return self._status("VmSize") * KIB

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def wakeups(self) -> int:
        """How often any of its threads was put on a CPU."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[2]) for each in threads)

    def end(self) -> None:
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail("the target does not end")
        finally:
            if self.process.stdout:
                self.process.stdout.close()
        assert code == 0


@pytest.fixture
def target() -> Iterator[Target]:
    process = Target()
    yield process
    process.end()


class Friend:
    """A peer that behaves, and counts."""

    def __init__(self, context: zcffi.Context, endpoint: str) -> None:
        self.sock = context.socket(SocketType.DEALER)
        self.sock.rcvtimeo = 5000
        self.sock.connect(endpoint)
        self.sent = 0

    def exchange(self, count: int = 200) -> None:
        """Every message comes back, in order."""
        messages = [b"%d" % i for i in range(self.sent, self.sent + count)]
        self.sent += count
        for each in messages:
            self.sock.send_multipart([each, b"x" * (len(each) * 50)])
        for each in messages:
            assert self.sock.recv_multipart() == [each, b"x" * (len(each) * 50)]


@pytest.fixture
def unharmed(ctx, target) -> Callable[..., contextlib.AbstractContextManager[str]]:
    """Around an attack on a ROUTER: friends before and during get everything, and afterwards the
    target has the memory and the descriptors that it had before."""

    @contextlib.contextmanager
    def around(slack: int = 3 * MIB, **options: int) -> Iterator[str]:
        endpoint = target.make("router", "ROUTER", **options)
        before = Friend(ctx, endpoint)
        before.exchange(1000)
        for _ in range(50):
            with shaken(endpoint, "DEALER") as wire:
                wire.ping()
        descriptors = eventually_steady(lambda: target.descriptors)
        resident = target.resident
        yield endpoint
        during = Friend(ctx, endpoint)
        during.exchange()
        before.exchange()
        during.sock.close(0)
        before.exchange()
        eventually(lambda: target.descriptors <= descriptors, "the descriptors", 5)
        eventually(lambda: target.resident <= resident * 1.05 + slack, "the memory", 5)

    return around


def eventually_steady(value: Callable[[], int]) -> int:
    """Wait until a number stays the same for a while; the number."""
    last, same = value(), 0

    def is_steady() -> bool:
        nonlocal last, same
        now = value()
        same = same + 1 if now == last else 0
        last = now
        return same > 20

    eventually(is_steady, "a steady state")
    return last


def probe(endpoint: str, data: bytes) -> None:
    """Send something and wait for the other side to close, or give up on it after a moment."""
    with connect(endpoint) as wire:
        with contextlib.suppress(ConnectionError):
            wire.send(data)
        wire.sock.settimeout(0.02)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while wire.sock.recv(65536):
                pass


# ---- Sizes ----

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
        assert "PEER_REFUSED" in target.happened("pull")
        assert endpoint


@pytest.mark.parametrize("size", [1001, 1 << 31, 1 << 32, (1 << 63) - 1])
def test_sizes_above_maxmsgsize_are_refused_at_once(target, unharmed, size):
    """S-01: with a limit, the header is enough."""
    with unharmed(maxmsgsize=1_000_000):
        pull = target.make("pull", "PULL", maxmsgsize=1000)
        with shaken(pull, "PUSH") as wire:
            wire.send(message(b"x" * 1000), b"\x02", struct.pack(">Q", size))
            wire.until_closed()
        eventually(lambda: "PEER_REFUSED" in target.happened("pull"), "the event")
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
        eventually(lambda: target.resident - resident >= 8 * 4 * MIB - MIB, "the bytes to arrive")
        assert target.resident - resident < 2 * 8 * 4 * MIB + 8 * 256 * KIB
        for wire in attackers:
            wire.close()


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
        events = target.happened("pull")
        assert events.count("HANDSHAKE_FAILED_PROTOCOL") == 5
        assert "HANDSHAKE_SUCCEEDED" not in events


# ---- Those who never finish ----


@pytest.mark.parametrize("server", ["PUSH", "DEALER", "REQ", "PAIR", "ROUTER", "PUB"])
@pytest.mark.parametrize("crowd", [1, 100])
def test_who_has_not_shaken_hands_gets_nothing(ctx, server, crowd):
    """S-03: a peer exists for routing only after its READY: beside silent connections, and those
    stuck in the handshake, a good peer gets everything."""
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
        events = target.happened("pull")
        assert events.count("HANDSHAKE_FAILED_NO_DETAIL") == 3


# ---- Those who speak something else ----

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


# ---- Messages that don't end ----


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
        eventually(lambda: "PEER_REFUSED" in target.happened("pull"), "the event")
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
        eventually(lambda: "PEER_REFUSED" in target.happened("pull"), "the event")
        eventually(lambda: target.resident < resident + 16 * MIB, "the memory")


@pytest.mark.parametrize("bound", ["ours", "theirs"])
def test_half_messages_leave_nothing_behind(ctx, target, unharmed, bound):
    """S-06: a peer that goes in the middle of a message, again and again."""
    if bound == "ours":
        with unharmed():
            pull = target.make("pull", "PULL")
            for _ in range(20):
                half(shaken(pull, "PUSH"), 1)
            resident = target.resident
            for i in range(1500):
                half(shaken(pull, "PUSH"), i)
            assert eventually(lambda: target.resident < resident + 2 * MIB, "the memory")
            with shaken(pull, "PUSH") as wire:
                wire.send(message(b"whole"))
                eventually(lambda: target.do("take", "pull") == [["whole"]], "just the whole one")
        return
    pull = ctx.socket(SocketType.PULL)
    pull.reconnect_ivl = 1
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        pull.connect(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        for i in range(100):
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
    good.connect(endpoint)
    sent = 0
    with push.monitor(Event.HANDSHAKE_SUCCEEDED | Event.DISCONNECTED) as monitor:
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


# ---- Subscriptions ----


@pytest.mark.parametrize("size", [KIB, 64 * KIB, MIB, 32 * MIB])
def test_long_topics(target, unharmed, size):
    """S-04, S-32: a topic of any length comes and goes without recursion, and costs its length."""
    with unharmed(slack=8 * MIB):
        pub = target.make("pub", "XPUB")
        resident = target.resident
        topic = b"t" * size
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(10)
            wire.send(subscribe(topic))
            wire.ping()
            # The topic, the message for the application, and one more on its way.
            assert target.resident - resident < 3 * size + 4 * MIB
            wire.send(cancel(topic))
            wire.ping()
            wire.send(subscribe(topic), subscribe(topic[:-1]))
            wire.ping()
        with shaken(pub, "SUB") as wire:
            wire.send(subscribe(b"t"))
            wire.ping()
            target.do("send", "pub", "t")
            assert wire.read_message() == [b"t"]


STACK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (1 << 19, resource.RLIM_INFINITY))
import os
if len(sys.argv) < 2:
    os.execv(sys.executable, [sys.executable, "-P", "-c", os.environ["CODE"], "again"])
import zcffi
from zcffi import SocketType
with zcffi.Context() as context:
    for end in ("unsubscribe", "close"):
        xpub, sub = context.socket(SocketType.XPUB), context.socket(SocketType.SUB)
        mid = context.socket(SocketType.XSUB)
        xpub.rcvhwm = sub.sndhwm = mid.sndhwm = 0
        where = xpub.bind("tcp://127.0.0.1:*")
        sub.connect(where)
        mid.connect(where)
        topics = [b"n" * i for i in range(1, 1500)] + [b"q" * (1 << 22)]
        for topic in topics:
            sub.subscribe(topic)
            mid.send(b"\\1m" + topic)
        for _ in range(2 * len(topics)):
            xpub.recv()
        if end == "unsubscribe":
            for topic in topics:
                sub.unsubscribe(topic)
                mid.send(b"\\0m" + topic)
        else:
            sub.close(0)
            mid.close(0)
        for _ in range(2 * len(topics)):
            assert xpub.recv()[0] == 0
        for each in (xpub, sub, mid):
            each.close(0)
print("done")
"""


def test_long_and_nested_topics_with_a_small_stack():
    """S-04: in the publisher and in the subscriber, at unsubscribe, at close and at the loss of the
    peer, with threads of 512 KiB."""
    done = run_python(STACK, CODE=STACK)
    assert done.stdout == "done\n", (done.returncode, done.stderr[-500:])


def test_a_subscription_costs_its_topic_and_a_hundred_octets(target, unharmed):
    """S-32: 200,000 random topics of 32 octets."""
    rng = random.Random(32)
    topics = [rng.randbytes(32) for _ in range(200_000)]
    with unharmed(slack=8 * MIB):
        pub = target.make("pub", "PUB")
        resident = target.resident
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(20)
            for i in range(0, len(topics), 1000):
                wire.send(*map(subscribe, topics[i : i + 1000]))
            wire.ping()
            assert target.resident - resident < len(topics) * (32 + 100) + 2 * MIB
            target.do("send", "pub", topics[77].decode("latin-1") + "!")
            assert wire.read_message() == [topics[77] + b"!"]
        with shaken(pub, "SUB") as wire:
            wire.send(subscribe(b"a"))
            wire.ping()
            target.do("send", "pub", "a")
            assert wire.read_message() == [b"a"]


def test_too_many_subscriptions(target, unharmed):
    """S-32: more than allowed: that peer is closed, others keep theirs."""
    with unharmed():
        pub = target.make("pub", "PUB", max_subscriptions=1000)
        with shaken(pub, "SUB") as good, shaken(pub, "SUB") as bad:
            good.send(subscribe(b"7"))
            good.ping()
            bad.send(*(subscribe(b"%d" % i) for i in range(1000)))
            bad.ping()
            bad.send(subscribe(b"x"))
            bad.until_closed()
            eventually(lambda: "PEER_REFUSED" in target.happened("pub"), "the event")
            target.do("send", "pub", "7!")
            assert good.read_message() == [b"7!"]


def test_too_many_subscriptions_by_default(target, unharmed):
    """S-32: 64 MiB of topics are the limit unless another is set."""
    with unharmed(slack=16 * MIB):
        pub = target.make("pub", "PUB")
        resident = target.resident
        with shaken(pub, "SUB") as wire:
            wire.sock.settimeout(10)
            with contextlib.suppress(ConnectionError):
                for i in range(70):
                    wire.send(subscribe(b"%05d" % i + b"t" * MIB))
            wire.until_closed()
        eventually(lambda: "PEER_REFUSED" in target.happened("pub"), "the event")
        eventually(lambda: target.resident < resident + 16 * MIB, "the memory")


def test_subscribing_and_cancelling_for_ever(target, unharmed):
    """S-32: what was cancelled costs nothing; a cancel of nothing neither (S-19)."""
    with unharmed():
        pub = target.make("pub", "PUB")
        with shaken(pub, "SUB") as wire:
            for round_ in range(40):
                topics = [b"%d-%d" % (round_, i) * 5 for i in range(1000)]
                wire.send(*(subscribe(each) + cancel(each) + cancel(each) for each in topics))
                wire.ping()
                if round_ == 4:
                    resident = target.resident
            assert target.resident < resident + 2 * MIB


def test_data_for_a_publisher_costs_nothing(target, unharmed):
    """S-05: messages that nobody reads are dropped where they arrive."""
    with unharmed():
        pub = target.make("pub", "PUB")
        with shaken(pub, "XSUB") as wire:
            resident = target.resident
            for _ in range(100):
                wire.send(message(b"hello", b"x" * 100) * 1000)
            wire.ping()
            assert target.resident < resident + 2 * MIB


# ---- Commands ----


def test_a_flood_of_pings_that_are_not_read(target, unharmed):
    """S-37: who asks and does not read the answers makes us hold no more than a little."""
    with unharmed():
        pull = target.make("pull", "PULL")
        resident = target.resident
        with shaken(pull, "PUSH") as wire:
            wire.sock.settimeout(0.2)
            with contextlib.suppress(TimeoutError, ConnectionError):
                for _ in range(200):
                    wire.send(command(b"PING", b"\0\0" + b"c" * 16) * 1000)
            assert target.resident < resident + 8 * MIB


# ---- No descriptors ----

SWEEP = """
import errno, os, resource, socket, sys, time, zcffi
from zcffi import Context, SocketType

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

def count():
    return len(os.listdir("/proc/self/fd")) - 1

def leave(free):
    '''Have just so many descriptors free; what keeps the holes below.'''
    held = []
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
        if held[-1] >= count():
            break
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1] + 1 + free, hard))
    return held

def release(held):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    for each in held:
        os.close(each)

def attempt(what, work):
    try:
        return work()
    except zcffi.ZMQError as error:
        assert error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN), (what, error)
        return None

release([])
step = sys.argv[1]
for free in range(41):
    before = count()
    if step == "socket":
        held = leave(free)
        context = attempt("context", Context)
        one = context and attempt("socket", lambda: context.socket(SocketType.PULL))
        two = context and attempt("socket", lambda: context.socket(SocketType.PUSH))
        where = one and attempt("bind", lambda: one.bind("tcp://127.0.0.1:*"))
        if two and where:
            attempt("connect", lambda: two.connect(where))
        release(held)
        context = context or Context()
        one = one or context.socket(SocketType.PULL)
        two = two or context.socket(SocketType.PUSH)
        where2 = where or one.bind("tcp://127.0.0.1:*")
        if not where:
            two.connect(where2)
    elif step in ("bind", "bind ipc"):
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        path = f"ipc:///tmp/zc{os.getpid()}.sweep" if step == "bind ipc" else "tcp://127.0.0.1:*"
        held = leave(free)
        where = attempt("bind", lambda: one.bind(path))
        release(held)
        two.connect(where or one.bind(path))
    elif step == "connect":
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        two.reconnect_ivl = 5
        where = one.bind("tcp://127.0.0.1:*")
        held = leave(free)
        attempt("connect", lambda: two.connect(where))
        two.sndtimeo = 5
        sent = attempt("send", lambda: two.send(b"early"))
        release(held)
        if free < 2:
            one.rcvtimeo = 5000
        assert one.recv() == b"early"
    elif step == "accept":
        context = Context()
        one = context.socket(SocketType.PULL)
        where = one.bind("tcp://127.0.0.1:*")
        port = int(where.rsplit(":", 1)[1])
        raw = socket.socket()
        held = leave(free)
        raw.connect(("127.0.0.1", port))
        one.poll(5)
        release(held)
        two = context.socket(SocketType.PUSH)
        two.connect(where)
        raw.close()
    elif step == "send":
        context = Context()
        one, two = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
        where = one.bind("tcp://127.0.0.1:*")
        two.connect(where)
        two.send(b"first")
        assert one.recv() == b"first"
        held = leave(free)
        for i in range(20):
            two.send(b"%d" % i)
            assert one.recv() == b"%d" % i
        assert one.poll(1) == 0
        release(held)
    else:  # first send and receive of sockets whose link joined meanwhile
        context = Context()
        one, two = context.socket(SocketType.REP), context.socket(SocketType.REQ)
        two.connect(one.bind("inproc://sweep"))
        held = leave(free)
        two.send(b"q")
        assert one.recv() == b"q"
        one.send(b"a")
        assert two.recv() == b"a"
        assert one.poll(1) == 0
        release(held)
    if step not in ("connect", "inproc"):
        one.rcvtimeo = two.sndtimeo = 5000
        two.send(b"alive")
        assert one.recv() == b"alive", free
    context.close(0)
    assert count() == before, (free, count(), before)
    print(free, end=" ", flush=True)
"""


@pytest.mark.descriptors
@pytest.mark.parametrize(
    "step", ["socket", "bind", "bind ipc", "connect", "accept", "send", "inproc"]
)
def test_without_descriptors(step):
    """C-01: with 0 to 40 descriptors left, each call works or says EMFILE; nothing leaks, and the
    same objects work once there are descriptors again."""
    done = run_python(SWEEP, step, timeout=60)
    assert done.stdout.split() == [str(free) for free in range(41)], done.stderr[-2000:]
    assert done.returncode == 0


@pytest.mark.descriptors
def test_accepting_at_the_limit_waits(ctx):
    """C-02: a listener out of descriptors says so and waits, instead of trying all the time; soon
    after there are some, everybody gets in."""
    target = Target(descriptors=64)
    try:
        endpoint = target.make("router", "ROUTER")
        friend = Friend(ctx, endpoint)
        friend.exchange()
        crowd = [connect(endpoint) for _ in range(90)]
        eventually(lambda: target.descriptors >= 63, "the limit")
        happened = target.happened("router")
        if "ACCEPT_FAILED" not in happened:
            eventually(lambda: "ACCEPT_FAILED" in target.happened("router"), "the event")
        late = Friend(ctx, endpoint)
        eventually_steady(lambda: target.descriptors)
        before = target.wakeups
        assert not late.sock.poll(1000)
        woken = target.wakeups - before
        assert woken < 150, f"{woken} wake-ups in a second of waiting"
        friend.exchange()
        for wire in crowd:
            wire.close()
        late.exchange()
        friend.exchange()
        for wire in crowd[:5]:
            wire.close()
    finally:
        target.end()


# ---- ipc paths ----


def listens(path: Path) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0


def speaks(ctx, sock: zcffi.Socket, path: Path) -> None:
    """The PULL bound there gets what is sent there."""
    with ctx.socket(SocketType.PUSH) as push:
        push.connect(f"ipc://{path}")
        push.send(b"hello")
        sock.rcvtimeo = 5000
        assert sock.recv() == b"hello"


def left_by_a_killed_process(path: Path) -> None:
    """Have a process bind there and die without cleaning up."""
    code = """
import os, signal, sys, zcffi
pull = zcffi.Context().socket(zcffi.SocketType.PULL)
pull.bind("ipc://" + sys.argv[1])
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, str(path)).returncode == -9
    assert stat.S_ISSOCK(path.lstat().st_mode)
    assert not listens(path)


@pytest.mark.ipc_paths
def test_a_live_path_is_not_stolen(ctx, folder):
    """C-13: also not one of another process, or of a program that is no ZeroMQ."""
    path = folder / "live"
    first, second = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PULL)
    first.bind(f"ipc://{path}")
    for _ in range(3):
        with pytest.raises(zcffi.AddressInUse):
            second.bind(f"ipc://{path}")
    speaks(ctx, first, path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "other"))
        other.listen()
        with pytest.raises(zcffi.AddressInUse):
            second.bind(f"ipc://{folder}/other")
        assert listens(folder / "other")


@pytest.mark.ipc_paths
def test_a_path_of_a_listener_with_a_full_backlog_is_not_stolen(ctx, folder):
    """C-13: a listener that is slow to accept is alive."""
    path = folder / "busy"
    with socket.socket(socket.AF_UNIX) as busy, contextlib.ExitStack() as stack:
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(str(path))
        with pytest.raises(zcffi.AddressInUse):
            ctx.socket(SocketType.PULL).bind(f"ipc://{path}")
        assert path.exists()


@pytest.mark.ipc_paths
def test_a_stale_path_is_taken_over(ctx, folder):
    """C-13: kill -9, then bind again, several times."""
    path = folder / "stale"
    for _ in range(3):
        left_by_a_killed_process(path)
        with ctx.socket(SocketType.PULL) as pull:
            pull.bind(f"ipc://{path}")
            speaks(ctx, pull, path)
            pull.unbind(f"ipc://{path}")
        assert not path.exists()


@pytest.mark.ipc_paths
@pytest.mark.parametrize("kind", ["file", "folder", "fifo", "link to file", "link to nowhere"])
def test_what_is_no_socket_is_never_deleted(ctx, folder, kind):
    """C-13: a regular file, a folder, a fifo, a link: bind fails and leaves it alone."""
    path, aim = folder / "thing", folder / "aim"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        if kind == "link to file":
            aim.write_text("precious")
        path.symlink_to(aim)
    before = path.lstat()
    with pytest.raises(zcffi.ZMQError) as caught:
        ctx.socket(SocketType.PULL).bind(f"ipc://{path}")
    assert caught.value.errno in (errno.EADDRINUSE, errno.EEXIST, errno.ENOTSOCK)
    after = path.lstat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    if kind.endswith("file"):
        assert path.read_text() == "precious"
    assert kind != "link to nowhere" or not aim.exists()


@pytest.mark.ipc_paths
def test_a_link_to_a_socket_is_not_followed(ctx, folder):
    """C-13: neither a link to a live path nor one to a stale path is replaced or unlinked."""
    live, stale = folder / "live", folder / "stale"
    pull = ctx.socket(SocketType.PULL)
    pull.bind(f"ipc://{live}")
    left_by_a_killed_process(stale)
    for aim in (live, stale):
        link = folder / f"link to {aim.name}"
        link.symlink_to(aim)
        with pytest.raises(zcffi.ZMQError):
            ctx.socket(SocketType.PULL).bind(f"ipc://{link}")
        assert link.is_symlink()
        assert aim.exists()
    speaks(ctx, pull, live)


@pytest.mark.ipc_paths
@pytest.mark.parametrize("end", ["unbind", "close", "term"])
def test_our_path_goes_away_with_us(folder, end):
    """C-13: the file is removed when the endpoint, the socket or the context ends."""
    path = folder / "ours"
    with zcffi.Context() as context:
        pull = context.socket(SocketType.PULL)
        pull.bind(f"ipc://{path}")
        assert listens(path)
        if end == "unbind":
            pull.unbind(f"ipc://{path}")
        elif end == "close":
            pull.close()
        else:
            context.close()
        eventually(lambda: not path.exists(), "the path to go")


@pytest.mark.ipc_paths
def test_only_our_own_path_goes_away(ctx, folder):
    """C-13: what another has put in its place stays."""
    path = folder / "ours"
    with ctx.socket(SocketType.PULL) as pull:
        pull.bind(f"ipc://{path}")
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            pull.unbind(f"ipc://{path}")
            assert listens(path)


@pytest.mark.ipc_paths
def test_of_many_binders_one_wins(folder):
    """C-13: however many take over a stale path at a time, one gets it and the others are told."""
    path = folder / "contested"
    code = """
import sys, zcffi
with zcffi.Context() as context, context.socket(zcffi.SocketType.PULL) as pull:
    sys.stdin.readline()
    try:
        pull.bind("ipc://" + sys.argv[1])
        print("got it", flush=True)
    except zcffi.AddressInUse:
        print("in use", flush=True)
    sys.stdin.readline()
"""
    for _ in range(3):
        left_by_a_killed_process(path)
        racers = [
            subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            for _ in range(4)
        ]
        for verb in ("go", "end"):
            for racer in racers:
                racer.stdin.write(verb + "\n")  # type: ignore[union-attr]
            if verb == "go":
                said = [racer.stdout.readline().strip() for racer in racers]  # type: ignore[union-attr]
        for racer in racers:
            racer.communicate(timeout=10)
            assert racer.returncode == 0
        assert sorted(said) == ["got it", "in use", "in use", "in use"]


@pytest.mark.ipc_paths
def test_a_path_that_is_too_long(ctx, folder):
    """C-13: an errno, not a path cut short."""
    path = f"{folder}/{'p' * 200}"
    with pytest.raises(zcffi.ZMQError) as caught:
        ctx.socket(SocketType.PULL).bind(f"ipc://{path}")
    assert caught.value.errno == errno.ENAMETOOLONG
    assert not os.listdir(folder)
