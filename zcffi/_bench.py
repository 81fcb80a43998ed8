"""`python -m zcffi bench`: zcffi beside the messaging libraries that are installed.

Each library has two processes of its own that live for the whole run. The libraries take turns in
every round, so that what else the machine does meets all alike; medians over the rounds are shown.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import multiprocessing
import multiprocessing.connection
import os
import platform
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zcffi import _bench_plot
from zcffi._bench_libraries import LIBRARIES, installed
from zcffi._bench_rows import ROWS, Found, Task, work

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["Measured", "Plan", "run"]

SIZES = (16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
QUICK_SIZES = (64, 1024, 65536)
PATIENCE = 30.0  # seconds that a measurement may take longer than it should


@dataclass(frozen=True)
class Plan:
    """What is measured, how often, how long."""

    cases: tuple[tuple[str, int], ...]  # row and message size
    rounds: int
    seconds: float

    @classmethod
    def make(cls, *, quick: bool) -> Plan:
        """Choose the rows."""
        sizes = QUICK_SIZES if quick else SIZES
        cases = [(row, size) for row in ("latency", "rate") for size in sizes]
        cases += [("batches", 64), ("ipc", 64), ("asyncio", 64), ("inproc", 64)]
        cases += [("multipart", 64), ("poll", 0)]
        return cls(tuple(cases), rounds=2 if quick else 7, seconds=0.1 if quick else 0.3)


@dataclass
class Measured:
    """What the rounds of one row gave for one library."""

    values: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    reason: str = ""
    failed: bool = False

    def add(self, found: Found) -> None:
        """Take what one round gave."""
        if found.reason:
            self.reason, self.failed = found.reason, found.failed
            return
        self.values.append(found.value)
        if found.p99 is not None:
            self.p99s.append(found.p99)

    @property
    def median(self) -> float | None:
        """The median, if there is anything."""
        return statistics.median(self.values) if self.values else None


Table = dict[tuple[str, int], dict[str, Measured]]

# ---- Processes ----


class Crew:
    """The two processes of a library."""

    def __init__(self, name: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        lines = spawn.Pipe()
        self.orders: list[Connection] = []
        self.ends: list[Any] = []
        for measures, line in zip((True, False), lines, strict=True):
            ours, theirs = spawn.Pipe()
            end = spawn.Process(target=work, args=(name, theirs, line, measures), daemon=True)
            end.start()
            theirs.close()
            self.orders.append(ours)
            self.ends.append(end)
        for line in lines:
            line.close()

    def play(self, task: Task) -> Found:
        """Measure once. After a failure the crew is of no use any more."""
        try:
            for orders in self.orders:
                orders.send(task)
            return self._hear(task)
        except (EOFError, OSError):
            return Found(reason="a process died", failed=True)

    def _hear(self, task: Task) -> Found:
        """Wait for both; what the one that measures says counts, unless the other failed."""
        waiting = list(self.orders)
        found = Found()
        while waiting:
            ready = multiprocessing.connection.wait(waiting, PATIENCE + 20 * task.seconds)
            if not ready:
                return Found(reason="hangs", failed=True)
            for orders in [orders for orders in waiting if orders in ready]:
                waiting.remove(orders)
                heard: Found = orders.recv()
                if heard.failed:
                    return heard
                if orders is self.orders[0]:
                    found = heard
        return found

    def close(self) -> None:
        """Send both home; they have nothing left to do."""
        for orders in self.orders:
            with contextlib.suppress(OSError):
                orders.send(None)
            orders.close()
        for end in self.ends:
            end.join(1)
            end.kill()
            end.join()


# ---- Measuring ----


def measure(plan: Plan, names: list[str], folder: str) -> Table:
    """Measure everything; the libraries take turns."""
    crews = {name: Crew(name) for name in names}
    table: Table = {case: {name: Measured() for name in names} for case in plan.cases}
    total = len(plan.cases) * plan.rounds
    try:
        for number, case in enumerate(plan.cases):
            for turn in range(plan.rounds):
                for name in names[turn % len(names) :] + names[: turn % len(names)]:
                    done = number * plan.rounds + turn
                    _progress(f"{done * 100 // total:3d} %  {title(case)}: {name}")
                    measured = table[case][name]
                    if measured.reason:
                        continue
                    measured.add(crews[name].play(Task(*case, plan.seconds, folder)))
                    if measured.failed:
                        crews[name].close()
                        crews[name] = Crew(name)
            _progress("")
            _say(
                f"{title(case)}: "
                + ", ".join(f"{n} {cell(case, m)}" for n, m in table[case].items())
            )
    finally:
        for crew in crews.values():
            crew.close()
    return table


def _progress(text: str) -> None:
    """Show what is being done, in place, on a terminal only."""
    if sys.stderr.isatty():
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        print(f"\r{text:{width}.{width}}\r", end="", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---- Telling ----


def size_text(size: int) -> str:
    """Write a size as people do."""
    for unit, step in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= step:
            return f"{size // step} {unit}"
    return f"{size} B"


def title(case: tuple[str, int]) -> str:
    """Name a row."""
    row, size = case
    return ROWS[row].title + (f", {size_text(size)}" if size else "")


def cell(case: tuple[str, int], measured: Measured) -> str:
    """Show a figure, or why there is none."""
    value = measured.median
    if value is None:
        return "failed" if measured.failed else measured.reason or "-"
    text = f"{value:.1f} µs" if value >= 10 else f"{value:.2f} µs"
    if ROWS[case[0]].unit == "/s":
        step, mark = (1e6, "M") if value >= 1e6 else (1e3, "k") if value >= 1e3 else (1.0, "")
        text = f"{value / step:.3g} {mark}/s"
    return text


def times_as_fast(case: tuple[str, int], ours: Measured, theirs: Measured) -> float | None:
    """How many times as fast ours is."""
    one, two = ours.median, theirs.median
    if not one or not two:
        return None
    return one / two if ROWS[case[0]].unit == "/s" else two / one


def as_text(table: Table, names: list[str]) -> str:
    """Lay out the table: for each other library its figure, and how many times as fast ours is."""
    heads = ["", names[0]]
    for name in names[1:]:
        heads += [name, "faster"]
    lines = [heads]
    for case, found in table.items():
        line = [title(case), cell(case, found[names[0]])]
        for name in names[1:]:
            ratio = times_as_fast(case, found[names[0]], found[name])
            line += [cell(case, found[name]), "" if ratio is None else f"{ratio:.1f}"]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def facts(plan: Plan, versions: dict[str, str]) -> dict[str, str]:
    """Describe the machine and the run."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{model}, {os.cpu_count()} CPUs, {platform.platform()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "run": f"medians of {plan.rounds} rounds of {plan.seconds:g} s, the libraries in turn",
    }


def as_json(table: Table, about: dict[str, str]) -> str:
    """Write down every figure."""
    rows = [
        {
            "row": row,
            "size": size,
            "title": title((row, size)),
            "unit": ROWS[row].unit,
            "libraries": {
                name: {
                    "median": measured.median,
                    "values": measured.values,
                    "p99": statistics.median(measured.p99s) if measured.p99s else None,
                    "reason": measured.reason,
                }
                for name, measured in found.items()
            },
        }
        for (row, size), found in table.items()
    ]
    return json.dumps({"facts": about, "rows": rows}, indent=1, ensure_ascii=False) + "\n"


def panels(table: Table, names: list[str]) -> list[_bench_plot.Panel]:
    """Choose what is plotted: what changes with the size of a message."""
    made = []
    for row, head, unit in (
        ("latency", "Latency: request and reply over TCP, one way", "µs"),
        ("rate", "Throughput: a stream over TCP", "messages/s"),
    ):
        curves = {}
        for name in names:
            points = [
                (float(size), median)
                for (which, size), found in table.items()
                if which == row and (median := found[name].median)
            ]
            if points:
                curves[name] = points
        made.append(_bench_plot.Panel(head, unit, curves))
    return made


# ---- The command ----


def run(*, quick: bool = False, out: Path = Path(), against: str | None = None) -> int:
    """Measure and tell. Returns the exit status: 1 when something of zcffi failed."""
    versions = installed()
    wanted = list(versions) if against is None else ["zcffi", *against.split(",")]
    for name in wanted:
        if name not in LIBRARIES:
            _say(f"--against {name}: it can be {', '.join(list(LIBRARIES)[1:])}")
            return 2
        if name not in versions:
            _say(f"--against {name}: it is not installed")
            return 2
    names = list(dict.fromkeys(wanted))
    versions = {name: versions[name] for name in names}
    if len(names) == 1:
        _say("pyzmq, pynng and pyomq are not installed: zcffi is measured alone")
    plan = Plan.make(quick=quick)
    about = facts(plan, versions)
    folder = tempfile.mkdtemp(prefix="zcffi")
    try:
        table = measure(plan, names, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, value in about.items():
        print(f"{name}: {value}")
    print(f"\n{as_text(table, names)}\n")
    for case, found in table.items():
        for name, measured in found.items():
            if measured.failed:
                print(f"failed: {title(case)}, {name}: {measured.reason}")
    if len(names) > 1:
        print("faster: how many times as fast as that library zcffi is")
    out.mkdir(parents=True, exist_ok=True)
    written = {"zcffi-bench.json": as_json(table, about)}
    written["zcffi-bench.svg"] = _bench_plot.draw(panels(table, names), about["machine"])
    for file, text in written.items():
        (out / file).write_text(text, encoding="utf-8")
        print(f"written: {out / file}")
    return 1 if any(found["zcffi"].failed for found in table.values()) else 0
