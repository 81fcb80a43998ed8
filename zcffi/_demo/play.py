"""What the halves of the demo share: messages with a known content, clocks, patient sockets."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CLIENTS = 3
PACED = 20  # messages of a one-way pattern that are sent one by one, to measure the latency
WINDOW = 50  # requests that a client has under way at a time
PATIENCE_MS = 10_000  # longest wait for a message
OURS, THEIRS = "zcffi.zmq", "zmq"
TOPIC = b"news."

# Both bindings have the same names; neither has a common type.
Zmq = Any
Sock = Any


@dataclass(frozen=True)
class Task:
    """One half of a case, as it is told to a worker."""

    pattern: str
    address: str
    client: int
    messages: int


@dataclass
class Outcome:
    """What one half or a whole case found out."""

    messages: int = 0
    rate: float = 0.0
    latencies: list[float] = field(default_factory=list)
    error: str = ""


class Clock:
    """Measures the rate of all messages but the first ones, which are sent one by one."""

    def __init__(self, skip: int) -> None:
        self.left = skip
        self.count = 0
        self.started = time.perf_counter()

    def tick(self, messages: int = 1) -> None:
        """A message has passed."""
        if self.left > 0:
            self.left -= 1
            self.started = time.perf_counter()
        else:
            self.count += messages

    def rate(self) -> float:
        """Messages a second."""
        return self.count / max(time.perf_counter() - self.started, 1e-9)


class Mismatch(Exception):
    """A message did not say what it should."""


# ---- Messages ----


def body(client: int, number: int) -> bytes:
    """What message `number` of a client says: from a few bytes to a few kilobytes."""
    start = b"client %d message %d " % (client, number)
    return start + b"." * (number * 37 % 2000)


def check(found: bytes, client: int, number: int) -> None:
    """Compare a message with what it should say."""
    wanted = body(client, number)
    if found != wanted:
        raise Mismatch(f"wanted {wanted[:40]!r} ({len(wanted)}), got {found[:40]!r} ({len(found)})")


def now() -> bytes:
    """The time, as all processes of the machine have it."""
    return b"%d" % time.monotonic_ns()


def since(stamp: bytes) -> float:
    """Microseconds since a stamp."""
    return (time.monotonic_ns() - int(stamp)) / 1000


class Half:
    """What the halves need: sockets with patience, and the way to whoever runs the demo."""

    def __init__(self, zmq: Zmq, context: Any, task: Task, pipe: Connection) -> None:
        self.zmq = zmq
        self.context = context
        self.task = task
        self.pipe = pipe
        self.sockets: list[Sock] = []
        self.outcome = Outcome()

    def socket(self, kind: str) -> Sock:
        """A socket without high-water marks, which loses patience instead of waiting for ever."""
        made = self.context.socket(getattr(self.zmq, kind))
        self.sockets.append(made)
        made.setsockopt(self.zmq.RCVTIMEO, PATIENCE_MS)
        made.setsockopt(self.zmq.SNDTIMEO, PATIENCE_MS)
        made.setsockopt(self.zmq.SNDHWM, 0)
        made.setsockopt(self.zmq.RCVHWM, 0)
        if kind == "XPUB":
            made.setsockopt(self.zmq.XPUB_VERBOSE, 1)  # tell of every subscriber
        return made

    def bound(self, *kinds: str) -> list[Sock]:
        """Sockets that are bound; tells the clients where."""
        sockets = [self.socket(kind) for kind in kinds]
        addresses = []
        for i, made in enumerate(sockets):
            wanted = self.task.address
            if not wanted.startswith("tcp:"):
                wanted = f"{wanted}.{i}"
            made.bind(wanted)
            addresses.append(made.getsockopt(self.zmq.LAST_ENDPOINT).rstrip(b"\0").decode())
        self.pipe.send(addresses)
        return sockets

    def connected(self, kind: str) -> Sock:
        """A socket that is connected to where the server told."""
        addresses = self.pipe.recv()
        made = self.socket(kind)
        made.connect(addresses[self.task.client % len(addresses)])
        return made

    def total(self) -> int:
        """How many messages all clients send."""
        return CLIENTS * self.task.messages

    def close(self) -> None:
        """Close the sockets: all that was sent has arrived, or the case has failed."""
        for made in self.sockets:
            made.close(0)
