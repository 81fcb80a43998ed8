#!/usr/bin/env python3
"""Do the tests notice when a rule of the driver is broken?

Each file of mutants/ is one small diff against the core, with its reason on the first line. One after the other is applied to a
copy of the sources, built (with random yields at every lock, and without the clock that heals lost wake-ups), and
test_driver and test_stress are run. A mutant is caught when one of them fails, hangs or crashes.

    native/tests/run_mutants.py                 all of them; exit status 1 if one survives
    native/tests/run_mutants.py NAME...         only these
    native/tests/run_mutants.py --list

Not part of the default suite: it takes about half an hour on two cores.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = ROOT / "native/tests/mutants"
LIMIT = 150  # seconds for one run of a test
BUILDS = {"chaos": "-DZC_CHAOS -DZC_TICK_OFF", "plain": ""}
RUNS = [  # build, program, environment: the cheap ones first
    ("plain", "test_driver", {}),
    ("plain", "test_driver", {"ZCFFI_POLLER": "poll"}),
    ("chaos", "test_stress", {}),
    ("chaos", "test_stress", {"ZCFFI_POLLER": "poll"}),
    ("plain", "test_stress", {}),
    ("chaos", "test_stress", {"ZCFFI_STRESS": "3"}),
]


def run(command: list[str], **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload,no-any-return]


def prepare(work: Path) -> None:
    for part in ("CMakeLists.txt", "cmake", "native"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, work / part, ignore=shutil.ignore_patterns("*.diff"))
        else:
            shutil.copy(source, work / part)
    for name, flags in BUILDS.items():
        done = run(
            ["cmake", "-S", str(work), "-B", str(work / name), "-G", "Ninja", "-DZCFFI_TESTS=ON"]
            + ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DCMAKE_C_FLAGS={flags}"]
        )
        if done.returncode:
            sys.exit(done.stdout + done.stderr)


def build(work: Path, name: str) -> str | None:
    done = run(["ninja", "-C", str(work / name), "-j2", "test_driver", "test_stress"])
    return None if done.returncode == 0 else done.stdout[-2000:]


def failure(work: Path, name: str, program: str, environment: dict[str, str]) -> str | None:
    """What went wrong, or None."""
    where = " ".join([name, program, *(f"{k}={v}" for k, v in environment.items())])
    try:
        done = run(
            [str(work / name / "native/tests" / program)],
            timeout=LIMIT,
            env={**os.environ, "ZCFFI_STALL": "6000", **environment},
        )
    except subprocess.TimeoutExpired:
        return f"{where}: hangs"
    if done.returncode == 0:
        return None
    marks = ("STALLED", "FAILED", "does not come", "not true")
    lines = [
        line
        for line in done.stderr.splitlines()
        if line.startswith(marks) or "does not come" in line
    ]
    return f"{where}: {lines[0][:90] if lines else f'status {done.returncode}'}"


def judge(work: Path, diff: Path) -> str | None:
    applied = run(["patch", "-p1", "-F3", "-d", str(work), "-i", str(diff)])
    if applied.returncode:
        return "DOES NOT APPLY"
    built = set[str]()
    for name, program, environment in RUNS:
        if name not in built:
            broken = build(work, name)
            if broken:
                return "DOES NOT BUILD " + broken
            built.add(name)
        seen = failure(work, name, program, environment)
        if seen:
            return seen
    return None


def restore(work: Path) -> None:
    """The copy is as it was again; only what differs is written, so that only that is built."""
    for kept in (ROOT / "native/src").rglob("*.[ch]"):
        copy = work / kept.relative_to(ROOT)
        was = work / "kept" / kept.relative_to(ROOT)
        text = was.read_bytes() if was.exists() else None
        if text is not None and copy.read_bytes() != text:
            copy.write_bytes(text)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    diffs = [
        d
        for d in sorted(MUTANTS.glob("*.diff"))
        if not arguments.names or d.stem in arguments.names
    ]
    if arguments.list:
        for diff in diffs:
            print(f"{diff.stem:40} {diff.read_text().splitlines()[0]}")
        return 0

    survivors = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        work = Path(place)
        prepare(work)
        shutil.copytree(work / "native/src", work / "kept/native/src")
        for name in BUILDS:
            broken = build(work, name)
            if broken:
                sys.exit(broken)
        if not arguments.names:
            for name, program, environment in RUNS:
                seen = failure(work, name, program, environment)
                if seen:
                    sys.exit(f"without any mutant: {seen}")
        for diff in diffs:
            start = time.monotonic()
            seen = judge(work, diff)
            bad = seen is None or seen.startswith("DOES NOT")
            if bad:
                survivors.append(diff.stem)
            print(
                f"{'SURVIVES' if bad else 'caught':9}{diff.stem:38} {time.monotonic() - start:4.0f} s  {seen or ''}",
                flush=True,
            )
            restore(work)
    print(
        f"{len(diffs) - len(survivors)} of {len(diffs)} caught"
        + (f"; left: {', '.join(survivors)}" if survivors else "")
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
