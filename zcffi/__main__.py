"""The command line: `python -m zcffi demo`, `python -m zcffi version`."""

from __future__ import annotations

import argparse
import sys

import zcffi


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m zcffi", description="ZeroMQ, written anew.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo", help="move messages between processes, by every pattern over every transport"
    )
    demo.add_argument("--quick", action="store_true", help="fewer messages: under ten seconds")
    commands.add_parser("version", help="tell the versions of the package and of its core")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        from zcffi import _demo

        return _demo.run(quick=options.quick)
    print(f"zcffi {zcffi.__version__}, core {zcffi.backend()} (ZeroMQ {zcffi.zmq_version()})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
