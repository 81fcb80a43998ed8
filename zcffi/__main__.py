"""The command line: `python -m zcffi demo`, `bench`, `version`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import zcffi


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m zcffi", description="ZeroMQ, written anew.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo", help="move messages between processes, by every pattern over every transport"
    )
    demo.add_argument("--quick", action="store_true", help="fewer messages: under ten seconds")
    bench = commands.add_parser(
        "bench", help="measure zcffi beside pyzmq, pynng and pyomq, those that are installed"
    )
    bench.add_argument("--quick", action="store_true", help="a look: under a minute")
    bench.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(), help="for the plot and the figures"
    )
    bench.add_argument("--against", metavar="NAMES", help="only these libraries, by commas")
    commands.add_parser("version", help="tell the versions of the package and of its core")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        from zcffi import _demo

        return _demo.run(quick=options.quick)
    if options.command == "bench":
        from zcffi import _bench

        return _bench.run(quick=options.quick, out=options.out, against=options.against)
    print(f"zcffi {zcffi.__version__}, core {zcffi.backend()} (ZeroMQ {zcffi.zmq_version()})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
