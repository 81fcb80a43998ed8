"""Count the instructions that a message takes, and compare with the counts in instructions.json.

    python bench/instructions.py            show the counts beside the baseline
    python bench/instructions.py --check    exit status 1 when one has grown by more than 10 %
    python bench/instructions.py --write    make what is counted the baseline
    python bench/instructions.py --profile push-pull-tcp    where they are spent

Callgrind counts them; `rows/instructions.c` is run twice, with few and with more messages, so
that the difference is what the messages cost. Unlike times, the counts hold on a busy machine:
exactly over inproc, within a few per cent over tcp, where it matters a little which thread comes
first; what seems to have grown is counted again. They depend on the compiler; the baseline knows
which."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from machine import HERE, Stop, build

BASELINE = HERE / "instructions.json"
GROWTH = 1.10
FEW, MANY = 512, 5632
ROWS = (
    "push-pull-inproc",
    "push-pull-tcp",
    "push-pull-ipc",
    "req-rep-inproc",
    "req-rep-tcp",
    "pub-sub-inproc",
    "pub-sub-tcp",
    "multipart-tcp",
)
# What each count is of: the calls, with all they call; "all" also has what the I/O thread does.
CALLS = {"send": {"zmq_send"}, "receive": {"zmq_recv"}}


def spent(profile: str) -> Counter[str]:
    """Add up the instructions of each of `CALLS` in what callgrind wrote."""
    names: dict[str, str] = {}
    found: Counter[str] = Counter()
    lines = iter(profile.splitlines())
    callee = caller = ""
    for line in lines:
        if mark := re.match(r"(c?fn)=\((\d+)\)(?: (.*))?$", line):
            kind, number, name = mark.groups()
            if name:
                names[number] = name
            if kind == "fn":
                caller = names[number]
            else:
                callee = names[number]
        elif line.startswith("calls="):
            cost = int(next(lines).split()[-1])
            for what, calls in CALLS.items():
                if callee in calls and not caller.startswith("zmq_"):
                    found[what] += cost
        elif line.startswith("summary:"):
            found["all"] = int(line.split()[1])
    return found


def callgrind(programs: Path, row: str, messages: int, folder: Path) -> str:
    """Run a row under callgrind; give what it wrote."""
    pattern, _, transport = row.rpartition("-")
    out = folder / "callgrind.out"
    program = programs / "bench" / "bench_instructions"
    env = {"LD_LIBRARY_PATH": str(programs), "BENCH_DIR": str(folder)}
    env["BENCH_LIBRARY"] = str((programs / "libzmq.so.5").resolve())
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    done = subprocess.run(
        [*tool, str(program), pattern, transport, str(messages)],
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise Stop(f"{row}: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    return out.read_text()


def count(programs: Path, row: str, folder: Path) -> dict[str, int]:
    """Count what a message costs."""
    few, many = (spent(callgrind(programs, row, n, folder)) for n in (FEW, MANY))
    counts = {}
    for what in (*CALLS, "all"):
        if many[what] <= few[what]:
            raise Stop(f"{row}: no instructions were counted for '{what}'")
        counts[what] = round((many[what] - few[what]) / (MANY - FEW))
    return counts


def compiler(programs: Path) -> str:
    """Name the compiler by its major version, and the kind of machine."""
    cache = (programs / "CMakeCache.txt").read_text()
    found = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.MULTILINE)
    command = found[1] if found else "cc"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    first = done.stdout.splitlines()[0]
    name = "clang" if "clang" in first else "gcc"
    version = re.search(r"(\d+)\.\d+", first)
    return f"{name} {version[1] if version else '?'}, {platform.machine()}"


def grown(now: dict[str, int], before: dict[str, int]) -> list[str]:
    """Name the counts that are too much above the baseline."""
    return [what for what in now if what in before and now[what] > before[what] * GROWTH]


def count_again(
    programs: Path, row: str, folder: Path, before: dict[str, int], tries: int = 5
) -> dict[str, int]:
    """Count until nothing seems to have grown, at most `tries` times; the smallest counts hold."""
    now = count(programs, row, folder)
    while (tries := tries - 1) and grown(now, before):
        more = count(programs, row, folder)
        now = {what: min(now[what], more[what]) for what in now}
    return now


def count_well(programs: Path, row: str, folder: Path) -> dict[str, int]:
    """Count three times; the middle counts make a baseline."""
    counts = [count(programs, row, folder) for _ in range(3)]
    return {what: sorted(each[what] for each in counts)[1] for what in counts[0]}


def line_of(row: str, now: dict[str, int], before: dict[str, int]) -> str:
    """Show a row beside the baseline."""
    cells = [
        f"{what} {value:5d}" + (f" ({value / before[what] - 1:+6.1%})" if what in before else "")
        for what, value in now.items()
    ]
    return f"{row:18} " + "  ".join(cells)


def parse() -> argparse.Namespace:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", metavar="DIR", help="where to build, kept (default: temporary)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="fail when a count has grown by 10 %%")
    what.add_argument("--write", action="store_true", help="make these counts the baseline")
    what.add_argument("--profile", metavar="ROW", choices=ROWS, help="where they are spent")
    return parser.parse_args()


def run(args: argparse.Namespace, folder: Path) -> int:
    if not shutil.which("valgrind"):
        raise Stop("valgrind is needed to count instructions")
    programs = Path(args.build).resolve() if args.build else folder / "build"
    build(programs)
    if args.profile:
        callgrind(programs, args.profile, MANY, folder)
        show = ["callgrind_annotate", "--threshold=95", str(folder / "callgrind.out")]
        return subprocess.run(show, check=False).returncode
    baselines: dict[str, dict[str, dict[str, int]]] = json.loads(BASELINE.read_text())
    here = compiler(programs)
    before = baselines.get(here, {})
    print(f"instructions for each message of 64 B, {here}")
    now: dict[str, dict[str, int]] = {}
    worse: list[str] = []
    for row in ROWS:
        old = before.get(row, {})
        if args.write:
            now[row] = count_well(programs, row, folder)
        else:
            now[row] = count_again(programs, row, folder, old)
        print(line_of(row, now[row], old), flush=True)
        worse += [
            f"{row}, {what}: {now[row][what]} instructions a message, {old[what]} before"
            for what in grown(now[row], old)
        ]
    if args.write:
        BASELINE.write_text(json.dumps(baselines | {here: now}, indent=1) + "\n")
    elif args.check and not before:
        print(f"{BASELINE.name} has no counts of {here}: nothing was checked, --write adds them")
    elif args.check and worse:
        print("\n".join(["grown by more than 10 %:", *worse]))
        print("if the growth pays its way, --write makes it the baseline")
        return 1
    return 0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="zcffi-bench-") as folder:
        try:
            return run(parse(), Path(folder))
        except Stop as reason:
            print(f"bench: {reason}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
