"""What the benchmark runs with: the programs, the libraries, the interpreter; one run, one row."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import datetime
import os
import platform
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from table import Case

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


def library_version(path: Path) -> str:
    """Name a library by what it says of itself."""
    library = ctypes.CDLL(str(path))
    numbers = [ctypes.c_int() for _ in range(3)]
    name = "zcffi" if hasattr(library, "zcffi_version") else "libzmq"
    ask = library.zcffi_version if name == "zcffi" else library.zmq_version
    ask(*(ctypes.byref(number) for number in numbers))
    return f"{name} {'.'.join(str(number.value) for number in numbers)}"


def python_says(python: str, code: str) -> str | None:
    """Run a line of Python away from the sources; None when it fails."""
    done = subprocess.run(
        [python, "-P", "-c", code], capture_output=True, text=True, check=False, cwd="/"
    )
    return done.stdout.strip() if done.returncode == 0 else None


@dataclass
class Machine:
    """What runs: the programs, the libraries, the interpreter."""

    folder: Path
    build: Path
    libraries: dict[str, Path | None]  # the file of each side
    python: str
    versions: dict[str, str | None]  # of Python modules

    def command(self, case: Case, side: str, words: dict[str, str]) -> list[str] | None:
        """Give the command of one side, None when this side has none."""
        text = case.floor if side == "floor" else (side == "peer" and case.peer) or case.ours
        if not text:
            return None
        args = text.format(**words).split()
        if case.python:
            module = "pyzmq" if side == "peer" else case.python
            return [self.python, "-P", str(HERE / "python_rows.py"), module, *args]
        return [str(self.build / "bench" / f"bench_{args[0]}"), *args[1:]]

    def missing(self, case: Case, side: str) -> str | None:
        """Say why a side can't run here."""
        here = len(os.sched_getaffinity(0))
        if case.cpus > here:
            return f"needs {case.cpus} CPUs, here are {here}"
        if case.python:
            module = "zmq" if side == "peer" else "zcffi"
            return None if self.versions.get(module) else f"{module} is not installed"
        if side == "peer" and not self.libraries["peer"]:
            return "libzmq5 is not installed"
        return None

    def describe(self, length: str) -> dict[str, str]:
        """Tell what the figures were measured on and with."""
        git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
        commit = ""
        with contextlib.suppress(OSError):
            commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
        peer = self.libraries["peer"]
        ask = "import platform; print(platform.python_implementation(), platform.python_version())"
        python = [python_says(self.python, ask) or self.python]
        python += [f"zcffi {self.versions['zcffi']}"] if self.versions["zcffi"] else []
        python += [f"pyzmq {self.versions['zmq']}"] if self.versions["zmq"] else []
        return {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": f"{cpu_model()}, {len(os.sched_getaffinity(0))} CPUs, {platform.platform()}",
            "load before": " ".join(f"{load:.1f}" for load in os.getloadavg()),
            "stalls": stalls(),
            "ours": f"commit {commit or 'unknown'}",
            "peer": library_version(peer) if peer else "none",
            "Python": ", ".join(python),
            "length": length,
        }


def stalls() -> str:
    """How often this machine stops a process that does nothing but read the clock: what that costs
    is in the 99th percentile of every library.
    """
    clock, long = time.perf_counter_ns, 5000
    gaps = []
    last = start = clock()
    while last - start < 500_000_000:
        now = clock()
        if now - last > long:
            gaps.append(now - last)
        last = now
    if not gaps:
        return "none"
    often, usual = 2 * len(gaps), statistics.median(gaps) / 1000
    return f"{often} a second, median {usual:.0f} µs, longest {max(gaps) / 1000:.0f} µs"


def cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def prepare(
    folder: Path,
    *,
    build_in: str | None,
    ours: str | None,
    peer: str | None,
    python: str,
    needs_c: bool,
) -> Machine:
    """Build what is needed and lay out the libraries, each in a folder of its own."""
    built = Path(build_in).resolve() if build_in else folder / "build"
    if needs_c:
        build(built)
    if ours and not Path(ours).exists():
        raise Stop(f"--ours {ours}: there is no such file")
    files = {"ours": Path(ours) if ours else built / "libzmq.so.5", "peer": find_peer(peer)}
    libraries: dict[str, Path | None] = {}
    for side, file in files.items():
        libraries[side] = file and file.resolve()
        if file:
            (folder / side).mkdir()
            (folder / side / "libzmq.so.5").symlink_to(file.resolve())
    ask = "import {0}; print({0}.__version__)"
    versions = {name: python_says(python, ask.format(name)) for name in ("zcffi", "zmq")}
    return Machine(folder, built, libraries, python, versions)


# ---- Running ----


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
        env |= {"LD_LIBRARY_PATH": str(machine.folder / side), "BENCH_LIBRARY": str(library)}
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


def run_case(
    machine: Machine, result: Result, rounds: int, seconds: float, is_quick: bool
) -> Iterator[int]:
    """Run the sides of a case in turn, round by round; yields how many were made, after each."""
    case = result.case
    seconds = max(seconds, min(case.least, 0.5) if is_quick else case.least)
    words = {
        "s": f"{seconds:g}",
        "bursts": str(max(20, int(seconds * 200))),
        "keep": "1000000" if is_quick else "10000000",
    }
    sides = []
    for side in SIDES:
        if machine.command(case, side, words) is None:
            continue
        reason = machine.missing(case, side)
        if reason:
            result.absent[side] = reason
        else:
            sides.append(side)
    if "ours" not in sides:
        return
    deadline = 20 + 10 * seconds + (60 if case.is_long else 0)
    runs = 0
    for turn in range(rounds):
        for side in sides[turn % len(sides) :] + sides[: turn % len(sides)]:
            if side in result.absent:
                continue
            numbers, error = run_once(machine, case, side, words, deadline)
            if error:
                result.errors[side].append(error)
                if error.startswith("hung") and not result.numbers[side]:
                    result.absent[side] = error  # once is enough
            for key, value in numbers.items():
                result.numbers[side].setdefault(key, []).append(value)
            runs += 1
            yield runs
