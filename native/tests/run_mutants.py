"""See whether the tests notice when a rule of the driver is broken.

Each file of mutants/ breaks one rule of the core: a line that says which, a file, and the lines to
replace. One after the other is applied to a copy of the sources and built, with random yields at
every lock and without the clock that heals lost wake-ups, and plainly; then the driver's tests and
the stress tests are run. A mutant is caught when one of them fails, hangs or crashes.

    python native/tests/run_mutants.py                  all; exit status 1 if one survives
    python native/tests/run_mutants.py NAME...          only these
    python native/tests/run_mutants.py --check          only whether all apply, in a second
    python native/tests/run_mutants.py --list

How a mutant is written (mutants/two-writers.mutant is one): lines that begin with "- " go, those
with "+ " come, those with two blanks stay. They are found by their text alone, wherever they are by
now, and must be found once; how far they are indented does not matter.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = ROOT / "native/tests/mutants"
DRIVER = ["test_driver_role", "test_driver_out", "test_driver_life"]
STRESS = sorted(path.stem for path in (ROOT / "native/tests").glob("test_stress_*.c"))
BUILDS = {"plain": "", "chaos": "-DZC_CHAOS -DZC_TICK_OFF"}
LIMIT = 90  # seconds for one run of a test
STALL = {"ZCFFI_STALL": "5000"}  # milliseconds without a message
POLL = {"ZCFFI_POLLER": "poll"}
RUNS = [  # build, programs, environment: the cheap ones first
    ("plain", DRIVER, {}),
    ("plain", DRIVER, POLL),
    ("chaos", STRESS, {}),
    ("chaos", STRESS, POLL),
    ("plain", STRESS, {}),
    ("chaos", STRESS, {"ZCFFI_STRESS": "3"}),
]


class Unfit(Exception):
    """A mutant that does not fit today's code."""


@dataclass
class Mutant:
    """A rule, the file that keeps it, and the lines that break it."""

    name: str
    rule: str
    file: str
    lines: list[str]

    @classmethod
    def read(cls, path: Path) -> Mutant:
        """From its file."""
        rule, file, *lines = path.read_text().splitlines()
        return cls(path.stem, rule, file, lines)

    def apply(self, text: str) -> str:
        """The file's text with the rule broken."""
        lines = text.splitlines()
        there = [line[2:].strip() for line in self.lines if line[:1] != "+"]
        bare = [line.strip() for line in lines]
        found = [i for i in range(len(bare)) if bare[i : i + len(there)] == there]
        if len(found) != 1:
            raise Unfit(f"its lines are found {len(found)} times in {self.file}")
        at = found[0]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        new = [indent + line[2:] for line in self.lines if line[:1] != "-"]
        return "\n".join([*lines[:at], *new, *lines[at + len(there) :], ""])


def run(
    command: list[str], timeout: float | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program; what it said is kept."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env={**os.environ, **environment},
    )


class Workshop:
    """A copy of the sources with its builds, in which one mutant at a time is tried."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for part in ("CMakeLists.txt", "cmake", "native"):
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, place / part, ignore=shutil.ignore_patterns("mutants"))
            else:
                shutil.copy(source, place / part)
        for name, flags in BUILDS.items():
            command = f"cmake -S {place} -B {place / name} -G Ninja -DZCFFI_TESTS=ON".split()
            command += ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DCMAKE_C_FLAGS={flags}"]
            done = run(command)
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)

    def build(self, name: str) -> None:
        """Compile what has changed."""
        done = run(["ninja", "-C", str(self.place / name), "-j2", *DRIVER, *STRESS])
        if done.returncode:
            raise Unfit("it does not build: " + done.stdout[-1500:])

    def failure(self, name: str, program: str, environment: dict[str, str]) -> str | None:
        """What goes wrong in a test program, or None."""
        where = " ".join([name, program, *(f"{k}={v}" for k, v in environment.items())])
        path = str(self.place / name / "native/tests" / program)
        try:
            done = run([path], LIMIT, **STALL, **environment)
        except subprocess.TimeoutExpired:
            return f"{where}: hangs"
        if done.returncode == 0:
            return None
        said = [
            line
            for line in done.stderr.splitlines()
            if line.startswith(("STALLED", "FAILED")) or "does not come" in line
        ]
        return f"{where}: {said[0][:90] if said else f'status {done.returncode}'}"

    def first_failure(self) -> str | None:
        """What the tests notice, or None."""
        built = set[str]()
        for name, programs, environment in RUNS:
            if name not in built:
                self.build(name)
                built.add(name)
            for program in programs:
                if seen := self.failure(name, program, environment):
                    return seen
        return None

    def judge(self, mutant: Mutant) -> str | None:
        """What the tests notice of a mutant, or None."""
        path = self.place / mutant.file
        was = path.read_text()
        path.write_text(mutant.apply(was))
        try:
            return self.first_failure()
        finally:
            path.write_text(was)


def work(jobs: queue.SimpleQueue[Mutant], place: Path, caught: list[str]) -> None:
    """Try mutants until none is left."""
    place.mkdir()
    shop = Workshop(place)
    while True:
        try:
            mutant = jobs.get_nowait()
        except queue.Empty:
            return
        start = time.monotonic()
        try:
            seen = shop.judge(mutant)
        except Unfit as error:
            seen, verdict = str(error), "UNFIT"
        else:
            verdict = "caught" if seen else "SURVIVES"
        if verdict == "caught":
            caught.append(mutant.name)
        took = time.monotonic() - start
        print(f"{verdict:9}{mutant.name:38} {took:4.0f} s  {seen or mutant.rule}", flush=True)


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true", help="say what they are")
    parser.add_argument("--check", action="store_true", help="only see whether they apply")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    arguments = parser.parse_args()
    mutants = [Mutant.read(path) for path in sorted(MUTANTS.glob("*.mutant"))]
    if arguments.names:
        mutants = [each for each in mutants if each.name in arguments.names]
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.name:40} {mutant.rule}")
        return 0

    unfit = 0
    for mutant in mutants:
        try:
            mutant.apply((ROOT / mutant.file).read_text())
        except Unfit as error:
            unfit += 1
            print(f"UNFIT    {mutant.name:38} {error}")
    if arguments.check or unfit:
        return 1 if unfit else 0

    caught: list[str] = []  # what no thread came to judge is not
    jobs = queue.SimpleQueue[Mutant]()
    for mutant in mutants:
        jobs.put(mutant)
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        if not arguments.names:
            whole = Path(name) / "whole"
            whole.mkdir()
            if seen := Workshop(whole).first_failure():
                sys.exit(f"without any mutant: {seen}")
        threads = [
            threading.Thread(target=work, args=(jobs, Path(name) / str(i), caught))
            for i in range(arguments.jobs)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    missed = [each.name for each in mutants if each.name not in caught]
    print(f"{len(caught)} of {len(mutants)} caught" + "".join(f", not {each}" for each in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
