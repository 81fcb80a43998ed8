"""The demo: every pattern over every transport, between processes, each message checked.

One process is the server, three are its clients; over inproc they are threads. The halves are
written with pyzmq's names, so that where pyzmq is installed each can run with pyzmq against the
other with zcffi.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import multiprocessing
import multiprocessing.connection
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import zcffi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


# ---- Servers: each binds, tells where, and serves ----


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


def serve_pull(half: Half) -> None:
    (pull,) = half.bound("PULL")
    seen = [0] * CLIENTS
    clock = Clock(CLIENTS * PACED)
    for _ in range(half.total()):
        client, stamp, content = pull.recv_multipart()
        clock.tick()
        number = seen[int(client)]
        check(content, int(client), number)
        seen[int(client)] += 1
        if number < PACED:
            half.outcome.latencies.append(since(stamp))
    half.outcome.messages = half.total()
    half.outcome.rate = clock.rate()


def send_push(half: Half) -> None:
    push = half.connected("PUSH")
    client = b"%d" % half.task.client
    for number in range(half.task.messages):
        if number < PACED:
            time.sleep(0.001)
        push.send_multipart([client, now(), body(half.task.client, number)])


def publish(half: Half, pub: Sock) -> None:
    """Send each client what it subscribed to, and something it did not."""
    clock = Clock(PACED)
    for number in range(half.task.messages):
        if number < PACED:
            time.sleep(0.001)
        pub.send_multipart([TOPIC + b"all", now(), body(0, number)])
        pub.send_multipart([b"other", now(), b"for nobody"])
        clock.tick(CLIENTS)
    half.outcome.messages = half.total()
    half.pipe.recv()  # the clients are done
    half.outcome.rate = clock.rate()


def serve_pub(half: Half) -> None:
    (pub,) = half.bound("PUB")
    # A PUB can't know who has subscribed: it calls until every client has heard it.
    while not half.pipe.poll(0.001):
        pub.send(TOPIC + b"hello")
    half.pipe.recv()
    publish(half, pub)


def serve_xpub(half: Half) -> None:
    (pub,) = half.bound("XPUB")
    for _ in range(CLIENTS):
        if pub.recv() != b"\x01" + TOPIC:
            raise Mismatch("a subscription says something else")
    publish(half, pub)


def receive_news(half: Half, sub: Sock) -> None:
    """Receive what the server publishes."""
    number = 0
    while number < half.task.messages:
        topic, *rest = sub.recv_multipart()
        if topic == TOPIC + b"hello":
            if half.outcome.messages == 0:
                half.outcome.messages = 1
                half.pipe.send("heard")
            continue
        if topic != TOPIC + b"all":
            raise Mismatch(f"not subscribed to {topic!r}")
        check(rest[1], 0, number)
        if number < PACED:
            half.outcome.latencies.append(since(rest[0]))
        number += 1
    half.outcome.messages = 0  # the server counts


def receive_sub(half: Half) -> None:
    sub = half.connected("SUB")
    sub.setsockopt(half.zmq.SUBSCRIBE, TOPIC)
    receive_news(half, sub)


def receive_xsub(half: Half) -> None:
    sub = half.connected("XSUB")
    sub.send(b"\x01" + TOPIC)
    receive_news(half, sub)


def serve_echo(half: Half, *kinds: str) -> None:
    """Send everything back to where it came from."""
    sockets = half.bound(*kinds)
    clock = Clock(half.total() // 2)
    if len(sockets) == 1:
        for _ in range(half.total()):
            sockets[0].send_multipart(sockets[0].recv_multipart())
            clock.tick(2)
    else:
        poller = half.zmq.Poller()
        for made in sockets:
            poller.register(made, half.zmq.POLLIN)
        left = half.total()
        while left:
            ready = poller.poll(PATIENCE_MS)
            if not ready:
                raise Mismatch("nothing comes any more")
            for made, _ in ready:
                made.send_multipart(made.recv_multipart())
                clock.tick(2)
                left -= 1
    half.outcome.messages = 2 * half.total()
    half.outcome.rate = clock.rate()


def ask(half: Half, made: Sock, window: int, prefix: list[bytes]) -> None:
    """Send requests, check that each comes back; the first ones one by one, then `window` at a
    time.
    """
    client, messages = half.task.client, half.task.messages
    sent = 0
    for number in range(messages):
        ahead = 1 if number < messages // 2 else window
        started = time.perf_counter()
        while sent < min(messages, number + ahead):
            made.send_multipart([*prefix, body(client, sent)])
            sent += 1
        *envelope, content = made.recv_multipart()
        if envelope != prefix:
            raise Mismatch(f"wanted the envelope {prefix!r}, got {envelope!r}")
        check(content, client, number)
        if ahead == 1 and number:
            half.outcome.latencies.append((time.perf_counter() - started) / 2 * 1e6)


def ask_req(half: Half) -> None:
    ask(half, half.connected("REQ"), 1, [])


def ask_dealer(half: Half) -> None:
    ask(half, half.connected("DEALER"), WINDOW, [])


def ask_dealer_of_rep(half: Half) -> None:
    ask(half, half.connected("DEALER"), WINDOW, [b""])


def ask_pair(half: Half) -> None:
    ask(half, half.connected("PAIR"), WINDOW, [])


def ask_router(half: Half) -> None:
    zmq = half.zmq
    addresses = half.pipe.recv()
    made = half.socket("ROUTER")
    made.setsockopt(zmq.ROUTING_ID, b"client %d" % half.task.client)
    made.setsockopt(zmq.CONNECT_ROUTING_ID, b"server")
    made.connect(addresses[0])
    ask(half, made, WINDOW, [b"server"])


def serve_dealer(half: Half) -> None:
    """Answers go round to all clients in turn, whoever asked."""
    (dealer,) = half.bound("DEALER")
    clock = Clock(0)
    seen = [0] * CLIENTS
    hellos = asked = answered = 0
    while answered < half.total():
        if asked < half.total() or hellos < CLIENTS:
            parts = dealer.recv_multipart()
            if parts == [b"hello"]:
                hellos += 1
            else:
                client = int(parts[0])
                check(parts[1], client, seen[client])
                seen[client] += 1
                asked += 1
        while hellos == CLIENTS and answered < asked:
            dealer.send_multipart([b"%d" % answered, now(), body(0, answered)])
            answered += 1
            clock.tick(2)
    half.outcome.messages = 2 * half.total()
    half.outcome.rate = clock.rate()


def ask_dealers(half: Half) -> None:
    dealer = half.connected("DEALER")
    dealer.send(b"hello")
    client, last = half.task.client, -1
    for number in range(half.task.messages):
        dealer.send_multipart([b"%d" % client, body(client, number)])
    for _ in range(half.task.messages):
        number_text, _, content = dealer.recv_multipart()
        number = int(number_text)
        check(content, 0, number)
        if number <= last:
            raise Mismatch(f"answer {number} after {last}")
        last = number


@dataclass(frozen=True)
class Pattern:
    """A pattern: its name and its halves."""

    name: str
    server: Callable[[Half], None]
    client: Callable[[Half], None]


PATTERNS = (
    Pattern("PUSH-PULL", serve_pull, send_push),
    Pattern("PUB-SUB", serve_pub, receive_sub),
    Pattern("XPUB-XSUB", serve_xpub, receive_xsub),
    Pattern("REQ-REP", lambda half: serve_echo(half, "REP"), ask_req),
    Pattern("REQ-ROUTER", lambda half: serve_echo(half, "ROUTER"), ask_req),
    Pattern("DEALER-REP", lambda half: serve_echo(half, "REP"), ask_dealer_of_rep),
    Pattern("DEALER-ROUTER", lambda half: serve_echo(half, "ROUTER"), ask_dealer),
    Pattern("DEALER-DEALER", serve_dealer, ask_dealers),
    Pattern("ROUTER-ROUTER", lambda half: serve_echo(half, "ROUTER"), ask_router),
    Pattern("PAIR-PAIR", lambda half: serve_echo(half, *["PAIR"] * CLIENTS), ask_pair),
)

# ---- Workers: processes, or threads for inproc, that play one half after the other ----


def work(pipe: Connection, binding: str, is_server: bool, shared: Any = None) -> None:
    """Play halves until told to stop."""
    zmq = importlib.import_module(binding)
    patterns = {pattern.name: pattern for pattern in PATTERNS}
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while (task := pipe.recv()) is not None:
            context = zmq.Context() if shared is None else shared
            half = Half(zmq, context, task, pipe)
            pattern = patterns[task.pattern]
            try:
                (pattern.server if is_server else pattern.client)(half)
            except Exception as error:  # whatever it is, it belongs into the table
                half.outcome.error = f"{type(error).__name__}: {error}"
            pipe.send(half.outcome)
            # Nobody leaves before all are done: it would change whose turn it is.
            while pipe.recv() != "over":
                pass
            half.close()
            if shared is None:
                context.term()


class Crew:
    """A server and its clients, ready to play."""

    def __init__(self, server: str, client: str, *, threads: bool = False) -> None:
        self.label = "zcffi" if server == client == OURS else f"{_name(server)}-{_name(client)}"
        self.ends: list[Any] = []
        self.pipes: list[Connection] = []
        spawn = multiprocessing.get_context("spawn")
        self.context = importlib.import_module(server).Context() if threads else None
        for i in range(1 + CLIENTS):
            ours, theirs = spawn.Pipe()
            arguments = (theirs, client if i else server, i == 0, self.context)
            end: Any
            if threads:
                end = threading.Thread(target=work, args=arguments, daemon=True)
            else:
                end = spawn.Process(target=work, args=arguments, daemon=True)
            end.start()
            if not threads:
                theirs.close()
            self.ends.append(end)
            self.pipes.append(ours)

    def play(self, pattern: Pattern, address: str, messages: int) -> Outcome:
        """Run one case."""
        for i, pipe in enumerate(self.pipes):
            pipe.send(Task(pattern.name, address, max(0, i - 1), messages))
        server, *clients = self.pipes
        outcomes = []
        waiting = list(self.pipes)
        addresses = self._hear(server)
        if isinstance(addresses, Outcome):  # it could not even bind
            outcomes.append(addresses)
            waiting.remove(server)
            addresses = ["inproc://nowhere"]
        for pipe in clients:
            pipe.send(addresses)
        heard = 0
        publishes = pattern.name in ("PUB-SUB", "XPUB-XSUB")
        while waiting:
            if publishes and waiting == [server]:
                if heard < CLIENTS and pattern.name == "PUB-SUB":
                    server.send("go")
                server.send("done")
                publishes = False
            for pipe in self._ready(waiting):
                answer = self._hear(pipe)
                if answer == "heard":
                    heard += 1
                    if heard == CLIENTS:
                        server.send("go")
                    continue
                outcomes.append(answer)
                waiting.remove(pipe)
        for pipe in self.pipes:
            with contextlib.suppress(OSError):
                pipe.send("over")
        result = Outcome()
        for outcome in outcomes:
            result.messages += outcome.messages
            result.rate = max(result.rate, outcome.rate)
            result.latencies += outcome.latencies
            result.error = result.error or outcome.error
        return result

    def _ready(self, waiting: list[Connection]) -> list[Connection]:
        """Those that have something to say; all, when nobody does for too long."""
        ready = multiprocessing.connection.wait(waiting, 3 * PATIENCE_MS / 1000)
        return [pipe for pipe in waiting if pipe in ready] or list(waiting)

    def _hear(self, pipe: Connection) -> Any:
        """What a worker says; an error when it says nothing."""
        try:
            if pipe.poll(3 * PATIENCE_MS / 1000):
                return pipe.recv()
            return Outcome(error="a worker hangs")
        except (EOFError, OSError):
            return Outcome(error="a worker died")

    def close(self) -> None:
        """Send everybody home."""
        for pipe in self.pipes:
            with contextlib.suppress(OSError):
                pipe.send(None)
        for end in self.ends:
            end.join(5)
        if self.context is not None:
            self.context.destroy(linger=0)


def _name(binding: str) -> str:
    return "zcffi" if binding == OURS else "pyzmq"


# ---- The whole ----


def crews() -> Iterator[tuple[tuple[str, ...], Crew]]:
    """Who plays, over which transports."""
    yield ("inproc",), Crew(OURS, OURS, threads=True)
    transports = ("tcp", "ipc") if zcffi.has("ipc") else ("tcp",)
    yield transports, Crew(OURS, OURS)
    if importlib.util.find_spec("zmq") is not None:
        yield transports, Crew(OURS, THEIRS)
        yield transports, Crew(THEIRS, OURS)


def run(*, quick: bool = False) -> int:
    """Run the demo. Returns the exit status: 0 when every message arrived as it was sent."""
    messages = 200 if quick else 4000
    core = zcffi.backend()
    print(f"zcffi {zcffi.__version__} on {core}: {CLIENTS} clients, {messages} messages each")
    if importlib.util.find_spec("zmq") is None:
        print("pyzmq is not installed: zcffi talks to itself only")
    else:
        print("pyzmq is installed: each half also runs against a process of pyzmq")
    folder = tempfile.mkdtemp(prefix="zcffi")
    rows: list[tuple[str, str, str, Outcome]] = []
    try:
        for transports, crew in crews():
            try:
                for transport in transports:
                    for pattern in PATTERNS:
                        _progress(f"{pattern.name} over {transport}, {crew.label}")
                        address = {
                            "tcp": "tcp://127.0.0.1:*",
                            "ipc": f"ipc://{folder}/{len(rows)}",
                            "inproc": f"inproc://demo.{len(rows)}",
                        }[transport]
                        outcome = crew.play(pattern, address, messages)
                        rows.append((pattern.name, transport, crew.label, outcome))
                        if outcome.error in ("a worker hangs", "a worker died"):
                            break  # this crew is out of step
            finally:
                crew.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _progress("")
    return _table(rows)


def _progress(text: str) -> None:
    """Show what is being done: in place on a terminal, by lines elsewhere."""
    if sys.stdout.isatty():
        width = os.get_terminal_size().columns - 1
        print(f"\r{text:{width}.{width}}\r", end="", flush=True)
    elif text:
        print(f"  {text}", flush=True)


def _table(rows: list[tuple[str, str, str, Outcome]]) -> int:
    """Show what was found. Returns the exit status."""
    titles = ("pattern", "transport", "server-client", "messages", "rate/s", "latency µs", "result")
    line = "{:<14} {:<10} {:<14} {:>9} {:>10} {:>11}  {}"
    print(line.format(*titles))
    failed = 0
    for pattern, transport, label, outcome in rows:
        failed += bool(outcome.error)
        latency = f"{statistics.median(outcome.latencies):.1f}" if outcome.latencies else "-"
        print(
            line.format(
                pattern,
                transport,
                label,
                outcome.messages,
                f"{outcome.rate:,.0f}",
                latency,
                f"FAILED: {outcome.error}" if outcome.error else "ok",
            )
        )
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0
