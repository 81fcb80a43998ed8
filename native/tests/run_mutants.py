"""See whether the tests notice when a rule of the driver is broken.

Each file of mutants/ breaks one rule of the core. One after the other is applied to a copy of the
sources and built, with random yields at every lock and without the clock that heals lost wake-ups,
and plainly; then the tests of the core's parts and the stress tests are run. A mutant is caught
when one of them fails, hangs or crashes. What caught it last time is tried first.

    python native/tests/run_mutants.py                  all; exit status 1 if one survives
    python native/tests/run_mutants.py NAME...          only these
    python native/tests/run_mutants.py --record ...     and notes in each what caught it
    python native/tests/run_mutants.py --keep DIR ...   the builds stay, for the next time
    python native/tests/run_mutants.py --check          only whether all apply, in a second
    python native/tests/run_mutants.py --list           what they are and what catches them

How a mutant is written (mutants/two-writers.mutant is one): a line that says which rule it breaks,
the file, what catches it ("by BUILD PROGRAM", may be missing), and the lines to replace: those that
begin with "- " go, those with "+ " come, those with two blanks stay. They are found by their text
alone, wherever they are by now, and must be found once; how far they are indented does not matter.
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
PARTS = ["test_lock", "test_lane", "test_chan"]
PARTS += ["test_driver_role", "test_driver_out", "test_driver_life", "test_large"]
STRESS = sorted(path.stem for path in (ROOT / "native/tests").glob("test_stress_*.c"))
BUILDS = {"plain": "", "chaos": "-DZC_CHAOS -DZC_TICK_OFF"}
LIMIT = 90  # seconds for one run of a stress test,
SHORT_LIMIT = 20  # of another, which takes less than one
STALL = {"ZCFFI_STALL": "5000"}  # milliseconds without a message
POLL = {"ZCFFI_POLLER": "poll"}
RUNS = [  # build, programs, environment: the cheap ones first
    ("plain", PARTS, {}),
    ("plain", PARTS, POLL),
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
    by: str  # what caught it last time: build, program, environment; "" is not known
    lines: list[str]

    @classmethod
    def read(cls, path: Path) -> Mutant:
        """From its file."""
        rule, file, *lines = path.read_text().splitlines()
        by = lines.pop(0).removeprefix("by ") if lines[0].startswith("by ") else ""
        return cls(path.stem, rule, file, by, lines)

    def record(self, by: str) -> None:
        """Into its file: what caught it."""
        self.by = by
        text = "\n".join([self.rule, self.file, f"by {by}", *self.lines, ""])
        (MUTANTS / f"{self.name}.mutant").write_text(text)

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


def sync(source: Path, target: Path) -> None:
    """Make a copy as the source is; what is the same is not touched, so that it is not rebuilt."""
    if source.is_file():
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)
        return
    target.mkdir(exist_ok=True)
    names = {path.name for path in source.iterdir()} - {"mutants", "__pycache__"}
    for path in target.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in names:
        sync(source / name, target / name)


class Workshop:
    """A copy of the sources with its builds, in which one mutant at a time is tried."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        for part in ("CMakeLists.txt", "cmake", "native"):
            sync(ROOT / part, place / part)
        for name, flags in BUILDS.items():
            command = f"cmake -S {place} -B {place / name} -G Ninja -DZCFFI_TESTS=ON".split()
            command += ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DCMAKE_C_FLAGS={flags}"]
            done = run(command)
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)

    def build(self, name: str, programs: list[str]) -> None:
        """Compile what has changed."""
        done = run(["ninja", "-C", str(self.place / name), *programs])
        if done.returncode:
            raise Unfit("it does not build: " + done.stdout[-1500:])

    def failure(self, name: str, program: str, environment: dict[str, str]) -> str | None:
        """What goes wrong in a test program, or None."""
        where = " ".join([name, program, *(f"{k}={v}" for k, v in environment.items())])
        path = str(self.place / name / "native/tests" / program)
        self.build(name, [program])
        try:
            done = run([path], LIMIT if program in STRESS else SHORT_LIMIT, **STALL, **environment)
        except subprocess.TimeoutExpired:
            return f"{where}: hangs"
        if done.returncode == 0:
            return None
        said = [
            line
            for line in done.stderr.splitlines()
            if line.startswith(("STALLED", "FAILED")) or "does not come" in line
        ]
        lines = done.stderr.splitlines()
        why = [line.rsplit("/", 1)[-1] for line in lines if ".c:" in line][:1] + said[:1]
        return f"{where}: {'; '.join(why)[:140] if why else f'status {done.returncode}'}"

    def first_failure(self, likely: str) -> str | None:
        """What the tests notice, or None. What is likely to comes first."""
        if likely:
            name, program, *settings = likely.split()
            environment = dict(each.split("=", 1) for each in settings)
            is_known = name in BUILDS and (ROOT / f"native/tests/{program}.c").exists()
            if is_known and (seen := self.failure(name, program, environment)):
                return seen
        for name, programs, environment in RUNS:
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
            return self.first_failure(mutant.by)
        finally:
            path.write_text(was)


def work(jobs: queue.SimpleQueue[Mutant], place: Path, caught: list[str], record: bool) -> None:
    """Try mutants until none is left."""
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
        if seen and verdict == "caught":
            caught.append(mutant.name)
            if record:
                mutant.record(seen.split(":")[0])
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
    parser.add_argument("--record", action="store_true", help="note in each what caught it")
    parser.add_argument("--keep", type=Path, help="where the builds stay for the next time")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    arguments = parser.parse_args()
    mutants = [Mutant.read(path) for path in sorted(MUTANTS.glob("*.mutant"))]
    if arguments.names:
        mutants = [each for each in mutants if each.name in arguments.names]
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.name:38} {mutant.by:42} {mutant.rule}")
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
        place = arguments.keep or Path(name)
        if not arguments.names and (seen := Workshop(place / "0").first_failure("")):
            sys.exit(f"without any mutant: {seen}")
        threads = [
            threading.Thread(target=work, args=(jobs, place / str(i), caught, arguments.record))
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
