"""The rows of the benchmark: what is run, what is read from it, and the aim of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["us", "/s", "cpu s/M", "cpu us", "cpu ms/s", "KiB", "B", "%", "wakes/s", "x", "ms"]


@dataclass(frozen=True)
class Metric:
    """One row of the table: a number that the run prints under `key`."""

    key: str
    title: str
    unit: Unit
    peer: float | None = None  # aim: our number to the peer's
    floor: float | None = None  # aim: our number to the floor's
    value: float | None = None  # aim: our number itself
    more_is_better: bool = False

    @property
    def aim(self) -> str:
        sign = "≥" if self.more_is_better else "≤"
        parts = []
        if self.peer is not None:
            parts.append(f"{sign} {self.peer:g} x peer")
        if self.floor is not None:
            parts.append(f"{sign} {self.floor:g} x floor")
        if self.value is not None:
            parts.append(f"{sign} {self.value:g}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Case:
    """One program with its arguments, run by us, the peer and the floor in turn.

    `{s}` in arguments is the time to measure, in seconds.
    """

    name: str
    title: str
    ours: str
    metrics: tuple[Metric, ...]
    peer: str = ""  # where the peer's arguments differ
    floor: str = ""
    cpus: int = 0  # pinned to that many CPUs; 0: left to the scheduler
    hogs: int = 0
    python: str = ""  # a row in Python: which of our modules
    is_long: bool = False  # left out by --quick
    least: float = 0  # a row that needs more time than asked for, in seconds
    group: str = ""  # the heading it stands under

    @property
    def places(self) -> str:
        where = {0: "", 1: ", one CPU"}.get(self.cpus, f", {self.cpus} CPUs")
        return where + (f", {self.hogs} hogs" if self.hogs else "")


@dataclass(frozen=True)
class Growth:
    """A line that compares the rates of two cases: what is kept of it with many peers."""

    name: str
    title: str
    few: str
    many: str
    metric: Metric = Metric("kept", "", "x", value=0.5, more_is_better=True)


GROWTHS = (
    Growth("grow-spread", "one PUSH, 1,000 PULL: rate to that with 1", "spread-1", "spread-1000"),
    Growth("grow-gather", "1,000 PUSH, one PULL: rate to that with 1", "gather-1", "gather-1000"),
)

# The lines that the README shows.
HEADLINES = (
    "reqrep-tcp-64:median_us",
    "reqrep-tcp-64-pinned:median_us",
    "reqrep-inproc-64:median_us",
    "pace-10000:p99_us",
    "stream-tcp-64:rate",
    "stream-tcp-1048576:rate",
    "publish-100:rate",
    "peers-1000:kib_per_peer",
    "py-sendrecv-zcffi:us",
    "py-reqrep-tcp-zcffi:us",
    "py-stream-64-zcffi:rate",
    "py-many-64-zcffi:rate",
    "py-asyncio-zcffi:us",
)


@dataclass
class _Rows:
    cases: list[Case] = field(default_factory=list)
    group: str = ""

    def add(self, name: str, title: str, ours: str, *metrics: Metric, **more: object) -> None:
        more.setdefault("group", self.group)
        self.cases.append(Case(name, title, ours, metrics, **more))  # type: ignore[arg-type]


def _rate(peer: float | None, floor: float | None = None) -> Metric:
    return Metric("rate", "rate", "/s", peer=peer, floor=floor, more_is_better=True)


def _cpu_per_million(peer: float) -> Metric:
    return Metric("cpu_per_million", "CPU", "cpu s/M", peer=peer)


def _bytes(size: int) -> str:
    for unit, step in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= step:
            return f"{size // step} {unit}"
    return f"{size} B"


def _number(n: int) -> str:
    if n >= 1_000_000:
        return f"{n // 1_000_000} M"
    return f"{n // 1000} k" if n >= 1000 else str(n)


def _request_reply(rows: _Rows) -> None:
    rows.group = "Request and reply"
    # (transport, size): the aim free and on one CPU; 1 is "not slower"
    aims = {
        ("tcp", 64): (0.15, 0.4),
        ("tcp", 1024): (0.2, 0.4),
        ("tcp", 65536): (0.6, 0.6),
        ("ipc", 64): (0.15, 0.4),
        ("ipc", 1024): (0.2, 0.4),
        ("ipc", 65536): (0.6, 0.6),
        ("inproc", 64): (0.05, 0.4),
        ("inproc", 1024): (0.05, 0.4),
        ("inproc", 65536): (0.6, 0.6),
    }
    for (transport, size), pair in aims.items():
        for cpus, aim in zip((0, 1), pair, strict=True):
            floor = 1.3 if (transport, size, cpus) == ("tcp", 64, 1) else None
            rows.add(
                f"reqrep-{transport}-{size}" + ("-pinned" if cpus else ""),
                f"REQ-REP {_bytes(size)} {transport}",
                f"reqrep {transport} {size} {{s}}",
                Metric("median_us", "one way", "us", peer=aim, floor=floor),
                Metric("p99_us", "one way, p99", "us", peer=0.4),
                Metric("cpu_us", "CPU a message", "cpu us", peer=0.7),
                floor=f"floor reqrep {transport} {size} {{s}}",
                cpus=cpus,
            )
    for cpus, hogs in ((1, 1), (2, 2), (2, 4)):
        rows.add(
            f"reqrep-hogs-{cpus}-{hogs}",
            "REQ-REP 64 B tcp",
            "reqrep tcp 64 {s}",
            Metric("median_us", "one way", "us", peer=1),
            Metric("p99_us", "one way, p99", "us"),
            floor="floor reqrep tcp 64 {s}",
            cpus=cpus,
            hogs=hogs,
            least=0.5,
        )


def _streams(rows: _Rows) -> None:
    rows.group = "Streams"
    for transport, size, aim, floor in (
        ("tcp", 16, 3, None),
        ("tcp", 64, 3, None),
        ("tcp", 1024, 2.5, None),
        ("tcp", 65536, 1.6, 0.8),
        ("tcp", 1 << 20, 1.6, 0.8),
        ("ipc", 64, 4, None),
        ("inproc", 64, 2.5, None),
    ):
        rows.add(
            f"stream-{transport}-{size}",
            f"PUSH-PULL {_bytes(size)} {transport}",
            f"stream {transport} {size} {{s}}",
            _rate(aim, floor),
            _cpu_per_million(0.4),
            floor=f"floor stream {transport} {size} {{s}}",
            least=1 if size >= 1 << 20 else 0,  # memory for 1,000 of them is touched first
        )
    for transport in ("tcp", "inproc"):
        rows.add(
            f"threads-{transport}",
            f"4 threads on one PUSH, 64 B {transport} (peer: one PUSH each)",
            f"stream {transport} 64 {{s}} 4 shared",
            _rate(1.5),
            _cpu_per_million(0.4),
            peer=f"stream {transport} 64 {{s}} 4 own",
        )
    for rate in (1000, 10_000, 100_000, 300_000, 1_000_000):
        cpu = (Metric("cpu_ms", "CPU", "cpu ms/s", peer=0.7),) if rate <= 10_000 else ()
        kept = Metric("kept", "rate reached", "x", value=0.98, more_is_better=True)
        rows.add(
            f"pace-{rate}",
            f"stream at {_number(rate)}/s, 64 B tcp",
            f"pace stream tcp {rate} {{s}}",
            Metric("median_us", "latency", "us", peer=0.7),
            Metric("p99_us", "latency, p99", "us", peer=0.5),
            *cpu,
            *((kept,) if rate > 10_000 else ()),
            floor=f"floor pace tcp {rate} {{s}}",
            least=2 if rate == 1000 else 0,
        )
    rows.add(
        "burst",
        "last of a burst of 50, 64 B tcp",
        "pace burst tcp {bursts}",
        Metric("median_us", "latency", "us", peer=1),
        Metric("p99_us", "latency, p99", "us", peer=1),
        least=2,
    )
    rows.add(
        "keep",
        "keeping every 1,000th of 10 million 64 B messages",
        "keep {keep}",
        Metric("ratio", "memory to what is kept", "x", value=4),
    )


def _fans(rows: _Rows) -> None:
    rows.group = "Many peers"
    rows.add(
        "publish-100",
        "PUB to 100 SUBs, 64 B tcp",
        "fan publish 100 {s}",
        _rate(3),
        _cpu_per_million(0.4),
    )
    for name, title, args in (
        ("stopped-100", "PUB to 100 SUBs, and one more that is stopped", "publish 100 {s} stopped"),
        ("slow-100", "PUB to 100 SUBs, and one more that is slow", "publish 100 {s} slow"),
        (
            "stopped-push",
            "PUSH to 100 PULLs, and one more that is stopped",
            "spread 100 {s} stopped",
        ),
    ):
        rows.add(
            name,
            title,
            f"fan {args}",
            Metric("kept", "rate of the others with it", "x", value=0.95, more_is_better=True),
            least=0.5,
        )
    rows.add(
        "topics-100000",
        "100,000 subscriptions, one match",
        "topics 100000 {s}",
        _rate(1.5),
        _cpu_per_million(0.4),
        Metric("bytes_per_topic", "memory each, publisher", "B", value=108),
        Metric("bytes_per_topic_sub", "memory each, subscriber", "B", value=108),
        Metric("subscribe_rate", "subscribing", "/s", peer=1, more_is_better=True),
    )
    rows.add(
        "router-100",
        "ROUTER, 100 DEALERs, 32 in flight each",
        "router 100 32 {s}",
        _rate(2),
        _cpu_per_million(0.4),
    )
    for what, title in (("spread", "one PUSH, {} PULL"), ("gather", "{} PUSH, one PULL")):
        for n in (1, 10, 100, 1000, 10_000):
            if what == "spread" and n > 1000:
                continue
            rows.add(
                f"{what}-{n}",
                title.format(f"{n:,}") + ", 64 B tcp",
                f"fan {what} {n} {{s}}" if what == "spread" else f"gather {n} {{s}}",
                _rate(2),
                _cpu_per_million(0.4),
                is_long=n > 1000,
            )
    for n in (1000, 10_000):
        rows.add(
            f"peers-{n}",
            f"{n:,} peers of one ROUTER",
            f"peers {n} {{s}}",
            _rate(2),
            Metric("kib_per_peer", "memory each", "KiB", value=3),
            Metric("kib_left", "memory each, after they left", "KiB"),
            Metric("kib_left_trimmed", "the same, trimmed", "KiB", value=0.5),
            Metric("wakes", "idle wake-ups", "wakes/s", value=0),
            Metric("cpu_percent", "idle CPU", "%", value=0),
            is_long=n > 1000,
            least=1,
        )


def _python(rows: _Rows) -> None:
    calls = (
        ("sendrecv", "send + recv 10 B inproc", 0.4),
        ("sendrecv-busy", "the same beside a busy thread", 0.02),
        ("multipart", "three-part multipart round", 0.2),
        ("again", "recv(DONTWAIT) raising Again", 0.35),
        ("poll", "poll(0)", 0.35),
        ("poller", "Poller.poll(0), 10 sockets", 0.35),
        ("events", "EVENTS", 0.35),
    )
    for module in ("zcffi", "zcffi.zmq"):
        rows.group = f"Python, {module}"

        def add(
            name: str,
            title: str,
            args: str,
            *metrics: Metric,
            module: str = module,
            **more: object,
        ) -> None:
            rows.add(
                f"py-{name}-{module}", f"{module}: {title}", args, *metrics, python=module, **more
            )

        for name, title, aim in calls:
            least = 0.5 if name == "sendrecv-busy" else 0.0
            add(name, title, f"{name} {{s}}", Metric("us", "each", "us", peer=aim), least=least)
        for transport in ("tcp", "ipc"):
            add(
                f"reqrep-{transport}",
                f"REQ-REP 64 B {transport}",
                f"reqrep {{s}} {transport}",
                Metric("us", "one way", "us", peer=0.25),
                Metric("p99_us", "one way, p99", "us"),
            )
        for cpus, aim in ((0, 0.25), (1, 0.4)):
            add(
                "asyncio" + ("-pinned" if cpus else ""),
                "asyncio REQ-REP 64 B tcp",
                "asyncio {s} tcp",
                Metric("us", "one way", "us", peer=aim),
                Metric("p99_us", "one way, p99", "us"),
                cpus=cpus,
            )
        add("asyncio-100", "100 asyncio clients", "asyncio-clients {s} 100", _rate(2))
        for size in (64, 1024):
            add(
                f"stream-{size}",
                f"PUSH-PULL {_bytes(size)} tcp, one call each",
                f"stream {{s}} {size} single",
                _rate(2),
            )
            add(
                f"many-{size}",
                f"PUSH-PULL {_bytes(size)} tcp, send_many (peer: one call each)",
                f"stream {{s}} {size} many",
                _rate(8),
                peer=f"stream {{s}} {size} single",
            )
        for size in (1 << 20, 64 << 20):
            add(
                f"view-{size}",
                f"PUSH-PULL of NumPy arrays of {_bytes(size)} tcp, without a copy",
                f"stream {{s}} {size} view",
                _rate(1.5),
                is_long=size > 1 << 20,
            )
        add(
            "threads",
            "8 threads on one DEALER (peer, floor: a DEALER each)",
            "threads {s} 8 shared",
            _rate(1, 1),
            peer="threads {s} 8 own",
            floor="threads {s} 8 own",
        )
        add(
            "import",
            "import",
            "import {s}",
            Metric("ms", "time", "ms", peer=1),
            Metric("kib", "memory", "KiB", peer=1),
        )


def all_cases() -> list[Case]:
    rows = _Rows()
    _request_reply(rows)
    _streams(rows)
    _fans(rows)
    _python(rows)
    return rows.cases
