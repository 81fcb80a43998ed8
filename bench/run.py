"""Run the benchmark: our core beside its peer and the floor, in turn, in one run.

    python bench/run.py                          every row, 7 rounds
    python bench/run.py --quick                  a look, in a few minutes
    python bench/run.py --rows 'reqrep-*,burst'  only these; --list names them
    python bench/run.py --docs                   every row; fills in docs/figures.rst and README.md

README.md beside this file says how to read the table. The exit status is 1 when something failed to
run, never because of a figure.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import Machine, Result, Stop, prepare, run_case
from report import (
    PLOT,
    all_lines,
    as_markdown,
    as_text,
    fill_docs,
    fill_shown,
    lines_of,
    read_notes,
)
from table import Case, all_cases


def parse(argv: list[str] | None) -> argparse.Namespace:
    assert __doc__
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
    parser.add_argument(
        "--docs", action="store_true", help="fill in docs/figures.rst and README.md"
    )
    parser.add_argument(
        "--read",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="measure nothing: take the numbers that --json wrote",
    )
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


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def measure(machine: Machine, cases: list[Case], args: argparse.Namespace) -> list[Result]:
    results = []
    started = time.monotonic()
    lively = sys.stderr.isatty()
    for number, case in enumerate(cases, 1):
        result = Result(case)
        for run in run_case(machine, result, args.rounds, args.seconds, args.quick):
            if lively:
                say(f"\r[{number}/{len(cases)}] {case.name}: run {run} ", end="")
        results.append(result)
        if lively:
            say("\r" + " " * 70 + "\r", end="")
        passed = time.monotonic() - started
        for line in lines_of(result):
            facts = [line.ours, f"peer {line.peer}", f"ratio {line.ratio or '-'}"]
            facts += [line.aim or "no aim", line.verdict]
            said = ", ".join(fact for fact in facts if fact)
            say(f"[{number}/{len(cases)} {passed:4.0f} s] {line.row}: {said}")
    return results


def run(args: argparse.Namespace) -> tuple[dict[str, str], list[Result]]:
    cases = chosen(args)
    needs_c = any(not case.python for case in cases)
    with tempfile.TemporaryDirectory(prefix="zcffi-bench-") as folder:
        if needs_c:
            say(f"building{' in ' + args.build if args.build else ''} …")
        machine = prepare(
            Path(folder),
            build_in=args.build,
            ours=args.ours,
            peer=args.peer,
            python=args.python,
            needs_c=needs_c,
        )
        length = f"{args.rounds} rounds of {args.seconds:g} s each, some rows more"
        length += f", only {args.rows}" if args.rows != "*" else ""
        facts = machine.describe(length + (", --quick" if args.quick else ""))
        return facts, measure(machine, cases, args)


def run_for_users(args: argparse.Namespace) -> str:
    """Run `python -m zcffi bench` as a user would, keep its plot; give what it told."""
    say("python -m zcffi bench …")
    with tempfile.TemporaryDirectory(prefix="zcffi-bench-") as folder:
        command = [args.python, "-P", "-m", "zcffi", "bench", "--out", folder]
        command += ["--quick"] if args.quick else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=folder)
        if done.returncode:
            raise Stop(f"python -m zcffi bench ended with status {done.returncode}\n{done.stdout}")
        shutil.copy(Path(folder) / PLOT.name, PLOT)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith("written:"))


def read(paths: list[Path]) -> tuple[dict[str, str], list[Result]]:
    """Take the numbers of earlier runs; of a row in several files the last counts."""
    cases = {case.name: case for case in all_cases()}
    facts: dict[str, str] = {}
    found: dict[str, Result] = {}
    for path in paths:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        facts = saved["facts"]
        for row in saved["rows"]:
            if row["name"] not in cases:
                raise Stop(f"{path}: there is no row {row['name']} any more")
            result = Result(cases[row["name"]], row["numbers"], row["errors"], row["absent"])
            found[row["name"]] = result
    return facts, [found[name] for name in cases if name in found]


def write_json(path: Path, facts: dict[str, str], results: list[Result]) -> None:
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
    lines = [vars(line) for line in all_lines(results)]
    saved = {"facts": facts, "rows": rows, "table": lines}
    path.write_text(json.dumps(saved, indent=1, ensure_ascii=False), encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    try:
        read_notes()  # before an hour is spent
        if args.list:
            for case in chosen(args):
                print(f"{case.name:30} {case.title}{case.places}")
            return 0
        facts, results = read(args.read) if args.read else run(args)
        if args.json:
            write_json(args.json, facts, results)
        lines = all_lines(results)
        if args.docs:
            fill_docs(lines, facts)
            if not args.read:
                fill_shown(run_for_users(args))
    except Stop as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 2
    for name, value in facts.items():
        print(f"{name}: {value}")
    print()
    print(as_text(lines))
    if args.markdown:
        args.markdown.write_text(as_markdown(lines, facts), encoding="utf-8")
    failed = [result.case.name for result in results if result.has_failed()]
    if failed:
        print(f"\nfailed to run: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
