"""Run the benchmark: our core beside its peer and the floor, in turn, in one run.

    python bench/run.py                          every row, 7 rounds
    python bench/run.py --quick                  a look, in a few minutes
    python bench/run.py --rows 'reqrep-*,burst'  only these; --list names them

README.md beside this file says how to read the table. The exit status is 1 when something failed to
run, never because of a figure.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes.util
import datetime
import fnmatch
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from table import Case, Metric, all_cases

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SIDES = ("ours", "peer", "floor")


class Stop(Exception):
    """What keeps the benchmark from running at all."""


# ---- Preparing ----


def build(folder: Path) -> None:
    """Build the core as a drop-in, so that one program runs with it and with the peer."""
    cmake = shutil.which("cmake")
    if not cmake:
        raise Stop("cmake is needed to build the programs: python -m pip install cmake ninja")
    ninja = ["-G", "Ninja"] if shutil.which("ninja") else []
    if (folder / "CMakeCache.txt").exists():
        ninja = []
    options = [f"-DZCFFI_{name}" for name in ("DROP_IN=ON", "BENCH=ON", "TESTS=OFF")]
    options.append("-DCMAKE_BUILD_TYPE=Release")
    steps = (
        [cmake, "-S", str(ROOT), "-B", str(folder), *ninja, *options],
        [cmake, "--build", str(folder), "--parallel", "2"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
            raise Stop(f"{' '.join(step)}\n{tail}")


def find_peer(given: str | None) -> Path | None:
    """Find the libzmq of this system."""
    if given:
        path = Path(given)
        if not path.exists():
            raise Stop(f"--peer {given}: there is no such file")
        return path.resolve()
    name = ctypes.util.find_library("zmq")
    folders = [Path("/usr/lib") / f"{platform.machine()}-linux-gnu", Path("/usr/lib64")]
    for folder in [*folders, Path("/usr/lib"), Path("/usr/local/lib")]:
        path = folder / (name or "libzmq.so.5")
        if path.exists():
            return path.resolve()
    return None


def python_version(python: str, module: str) -> str | None:
    """Ask `python` for the version of a module; None when it has none."""
    ask = f"import {module} as m; print(m.__version__)"
    done = subprocess.run(
        [python, "-P", "-c", ask], capture_output=True, text=True, check=False, cwd="/"
    )
    return done.stdout.strip() if done.returncode == 0 else None


@dataclass
class Machine:
    """What runs: the programs, the libraries, the interpreter."""

    folder: Path
    build: Path
    libraries: dict[str, Path | None]
    python: str
    versions: dict[str, str | None]

    def command(self, case: Case, side: str, words: dict[str, str]) -> list[str] | None:
        """Give the command of one side, None when this side has none."""
        text = case.floor if side == "floor" else (side == "peer" and case.peer) or case.ours
        if not text:
            return None
        args = text.format(**words).split()
        if case.python:
            if side == "floor":
                return None
            module = "pyzmq" if side == "peer" else case.python
            return [self.python, "-P", str(HERE / "python_rows.py"), module, *args]
        return [str(self.build / "bench" / f"bench_{args[0]}"), *args[1:]]

    def missing(self, case: Case, side: str) -> str | None:
        """Say why a side can't run here."""
        if case.python:
            module = "zcffi" if side == "ours" else "zmq"
            return None if self.versions.get(module) else f"{module} is not installed"
        if side == "peer" and not self.libraries["peer"]:
            return "libzmq5 is not installed"
        return None


# ---- Running ----


def allowed_cpus(count: int) -> set[int]:
    """Choose the last CPUs of ours: the first serves most interrupts."""
    cpus = sorted(os.sched_getaffinity(0))
    return set(cpus[-count:]) if count else set(cpus)


def run_once(
    machine: Machine, case: Case, side: str, words: dict[str, str], deadline: float
) -> tuple[dict[str, float], str]:
    """Run one side once. Gives its numbers, or what went wrong."""
    command = machine.command(case, side, words)
    assert command
    env = dict(os.environ, BENCH_DIR=str(machine.folder), BENCH_HOGS=str(case.hogs))
    library = machine.libraries.get(side)
    if not case.python and library:
        env["LD_LIBRARY_PATH"] = str(library)
    cpus = allowed_cpus(case.cpus)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=env,
        cwd=machine.folder,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    try:
        out, err = process.communicate(timeout=deadline)
        hung = False
    except subprocess.TimeoutExpired:
        hung = True
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if hung:
        process.communicate()
        return {}, f"hung: killed after {deadline:.0f} s"
    if process.returncode:
        said = err.strip().splitlines()[-1:] or [""]
        if process.returncode < 0:
            return {}, f"crashed: {signal.Signals(-process.returncode).name} {said[0]}".strip()
        return {}, said[0] or f"exit status {process.returncode}"
    numbers = {}
    for line in out.splitlines():
        name, _, value = line.partition(" ")
        numbers[name] = float(value)
    return numbers, ""


@dataclass
class Result:
    """What the rounds of one case gave."""

    case: Case
    numbers: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: {side: {} for side in SIDES}
    )
    errors: dict[str, list[str]] = field(default_factory=lambda: {side: [] for side in SIDES})
    absent: dict[str, str] = field(default_factory=dict)

    def median(self, side: str, key: str) -> float | None:
        values = self.numbers[side].get(key)
        return statistics.median(values) if values else None

    def has_failed(self) -> bool:
        return any(self.errors.values())


def run_case(machine: Machine, result: Result, rounds: int, seconds: float) -> Iterator[int]:
    """Run the sides of a case in turn, round by round; yields how many runs were made."""
    case = result.case
    seconds = max(seconds, case.least)
    words = {
        "s": f"{seconds:g}",
        "bursts": str(max(20, int(seconds * 200))),
        "keep": str(max(1_000_000, int(seconds * 10_000_000))),
    }
    sides = []
    for side in SIDES:
        reason = machine.missing(case, side)
        if machine.command(case, side, words) is None:
            continue
        if reason:
            result.absent[side] = reason
        else:
            sides.append(side)
    if "ours" not in sides:
        sides = []
    runs = 0
    for turn in range(rounds):
        for side in sides[turn % len(sides) :] + sides[: turn % len(sides)] if sides else []:
            if side in result.absent:
                continue
            deadline = 20 + 10 * seconds + (60 if case.is_long else 0)
            numbers, error = run_once(machine, case, side, words, deadline)
            if error:
                result.errors[side].append(error)
                if error.startswith("hung") and not result.numbers[side]:
                    result.absent[side] = error  # once is enough
            for key, value in numbers.items():
                result.numbers[side].setdefault(key, []).append(value)
            runs += 1
            yield runs


# ---- Telling ----


def show(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "/s":
        for name, step in (("M", 1e6), ("k", 1e3)):
            if value >= step:
                return f"{value / step:.3g} {name}/s" if value < 1000 * step else f"{value:.3g}"
        return f"{value:.3g} /s"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text + {"us": " µs", "cpu us": " µs", "cpu s/M": " s/M", "cpu ms/s": " ms/s"}.get(
        unit, "" if unit == "x" else f" {unit}"
    )


def spread(values: list[float] | None, unit: str) -> str:
    if not values or len(values) < 2:
        return ""
    low, high = show(min(values), unit), show(max(values), unit)
    number, _, tail = low.partition(" ")
    return f"{number}..{high}" if high.endswith(tail) else f"{low}..{high}"


def judge(metric: Metric, ours: float | None, peer: float | None, floor: float | None) -> str:
    """Say whether the aims are reached; never decides an exit status."""
    if ours is None:
        return ""

    def within(limit: float | None, unit: float | None) -> bool | None:
        if limit is None or unit is None:
            return None
        return ours >= limit * unit if metric.more_is_better else ours <= limit * unit

    slower = within(1, peer) is False and metric.value is None
    aims = (within(metric.peer, peer), within(metric.floor, floor), within(metric.value, 1))
    if False in aims:
        return "WORSE THAN PEER" if slower else "missed"
    return "reached" if True in aims else ""


def lines_of(result: Result) -> list[dict[str, str]]:
    """Make the cells of a case's rows."""
    lines = []
    case = result.case
    for metric in case.metrics:
        values = {side: result.median(side, metric.key) for side in SIDES}
        cells = {side: show(values[side], metric.unit) for side in SIDES}
        for side in SIDES:
            errors = result.errors[side]
            if errors and values[side] is None:
                cells[side] = errors[-1]
            elif errors:
                cells[side] += f" ({len(errors)} runs failed: {errors[-1]})"
            elif side in result.absent and (side == "ours" or not cells[side]):
                cells[side] = result.absent[side]
        ours, peer = values["ours"], values["peer"]
        ranges = (
            spread(result.numbers[side].get(metric.key), metric.unit) for side in ("ours", "peer")
        )
        lines.append(
            {
                "row": f"{case.title}{case.places}: {metric.title}",
                **cells,
                "ratio": f"{ours / peer:.2f}" if ours is not None and peer else "",
                "aim": metric.aim,
                "spread": " · ".join(text for text in ranges if text),
                "verdict": judge(metric, ours, peer, values["floor"]),
            }
        )
    return lines


HEAD = {
    "row": "row",
    "ours": "ours",
    "peer": "peer",
    "floor": "floor",
    "ratio": "ratio",
    "aim": "aim",
    "spread": "spread (ours · peer)",
    "verdict": "verdict",
}


def as_text(lines: list[dict[str, str]]) -> str:
    widths = {key: min(60, max(len(line[key]) for line in [HEAD, *lines])) for key in HEAD}
    text = [
        "  ".join(line[key].ljust(widths[key]) for key in HEAD).rstrip() for line in [HEAD, *lines]
    ]
    text.insert(1, "  ".join("-" * widths[key] for key in HEAD))
    return "\n".join(text)


def as_markdown(lines: list[dict[str, str]], facts: dict[str, str]) -> str:
    text = [f"- {name}: {value}" for name, value in facts.items()]
    text += ["", "| " + " | ".join(HEAD.values()) + " |", "|" + "---|" * len(HEAD)]
    text += [
        "| " + " | ".join(line[key].replace("|", "/") for key in HEAD) + " |" for line in lines
    ]
    return "\n".join(text) + "\n"


def cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe(machine: Machine, rounds: int, seconds: float) -> dict[str, str]:
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = ""
    with contextlib.suppress(OSError):
        commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    python = f"{machine.python}, zcffi {machine.versions['zcffi']}, pyzmq {machine.versions['zmq']}"
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{cpu_model()}, {len(os.sched_getaffinity(0))} CPUs, {platform.platform()}",
        "load before": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "ours": f"commit {commit or 'unknown'}",
        "peer": str(machine.libraries["peer_file"] or "none"),
        "Python": python,
        "rounds": f"{rounds} of {seconds:g} s each",
    }


# ---- The command ----


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", metavar="PATTERN", default="*", help="names or patterns, by commas"
    )
    parser.add_argument("--rounds", type=int, help="of each side of each row (default 7, quick 2)")
    parser.add_argument("--seconds", type=float, help="of a run (default 0.5, quick 0.1)")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, no huge rows")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--build", metavar="DIR", help="where to build, kept (default: temporary)")
    parser.add_argument("--ours", metavar="FILE", help="another build of ours, as libzmq.so.5")
    parser.add_argument("--peer", metavar="FILE", help="the libzmq.so.5 to compare with")
    parser.add_argument("--python", default=sys.executable, help="has zcffi and pyzmq installed")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all numbers there")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the table there")
    args = parser.parse_args(argv)
    args.rounds = args.rounds or (2 if args.quick else 7)
    args.seconds = args.seconds or (0.1 if args.quick else 0.5)
    return args


def chosen(args: argparse.Namespace) -> list[Case]:
    patterns = args.rows.split(",")
    cases = [
        case
        for case in all_cases()
        if any(fnmatch.fnmatchcase(case.name, p) or p == case.name for p in patterns)
        and not (case.is_long and args.quick)
    ]
    if not cases:
        raise Stop(f"--rows {args.rows}: no such row; --list names them")
    return cases


def prepare(args: argparse.Namespace, folder: Path, needs_c: bool) -> Machine:
    built = Path(args.build).resolve() if args.build else folder / "build"
    if needs_c:
        print(f"building in {built} …", file=sys.stderr, flush=True)
        build(built)
    peer = find_peer(args.peer)
    libraries: dict[str, Path | None] = {"ours": built, "peer": None, "peer_file": peer}
    for side, file in (("ours", args.ours and Path(args.ours).resolve()), ("peer", peer)):
        if file:
            (folder / side).mkdir()
            (folder / side / "libzmq.so.5").symlink_to(file)
            libraries[side] = folder / side
    versions = {name: python_version(args.python, name) for name in ("zcffi", "zmq")}
    return Machine(folder, built, libraries, args.python, versions)


def measure(machine: Machine, cases: list[Case], args: argparse.Namespace) -> list[Result]:
    results = []
    started = time.monotonic()
    lively = sys.stderr.isatty()
    for number, case in enumerate(cases, 1):
        result = Result(case)
        for run in run_case(machine, result, args.rounds, args.seconds):
            if lively:
                print(f"\r[{number}/{len(cases)}] {case.name}: run {run} ", end="", file=sys.stderr)
        results.append(result)
        if lively:
            print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
        passed = time.monotonic() - started
        for line in lines_of(result):
            facts = [line["ours"], f"peer {line['peer']}", f"ratio {line['ratio'] or '-'}"]
            facts += [line["aim"] or "no aim", line["verdict"]]
            print(
                f"[{number}/{len(cases)} {passed:4.0f} s] {line['row']}: "
                + ", ".join(fact for fact in facts if fact),
                file=sys.stderr,
                flush=True,
            )
    return results


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    try:
        cases = chosen(args)
        if args.list:
            for case in cases:
                print(f"{case.name:30} {case.title}{case.places}")
            return 0
        with tempfile.TemporaryDirectory(prefix="zcffi-bench-") as folder:
            machine = prepare(args, Path(folder), any(not case.python for case in cases))
            facts = describe(machine, args.rounds, args.seconds)
            results = measure(machine, cases, args)
    except Stop as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 2
    lines = [line for result in results for line in lines_of(result)]
    for name, value in facts.items():
        print(f"{name}: {value}")
    print()
    print(as_text(lines))
    if args.markdown:
        args.markdown.write_text(as_markdown(lines, facts))
    if args.json:
        rows = [
            {
                "name": result.case.name,
                "title": result.case.title + result.case.places,
                "numbers": result.numbers,
                "errors": result.errors,
                "absent": result.absent,
            }
            for result in results
        ]
        args.json.write_text(json.dumps({"facts": facts, "rows": rows, "table": lines}, indent=1))
    failed = [result.case.name for result in results if result.has_failed()]
    if failed:
        print(f"\nfailed to run: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
