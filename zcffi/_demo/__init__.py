"""The demo: every pattern over every transport, between processes, each message checked.

One process is the server, three are its clients; over inproc they are threads. The halves are
written with pyzmq's names, so that where pyzmq is installed each can run with pyzmq against the
other with zcffi.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import sys
import tempfile
from typing import TYPE_CHECKING

import zcffi
from zcffi._demo.crew import Crew
from zcffi._demo.patterns import PATTERNS
from zcffi._demo.play import CLIENTS, OURS, THEIRS, Mismatch, Outcome, body, check

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mismatch", "body", "check", "run"]


def crews() -> Iterator[tuple[tuple[str, ...], Crew]]:
    """Who plays, over which transports."""
    yield ("inproc",), Crew(OURS, OURS, threads=True)
    transports = ("tcp", "ipc") if zcffi.has("ipc") else ("tcp",)
    yield transports, Crew(OURS, OURS)
    if importlib.util.find_spec("zmq") is not None:
        yield transports, Crew(OURS, THEIRS)
        yield transports, Crew(THEIRS, OURS)


def run(*, quick: bool = False) -> int:
    """Run the demo. Returns the exit status: 0 when every message arrived as it was sent."""
    messages = 200 if quick else 4000
    core = zcffi.backend()
    print(f"zcffi {zcffi.__version__} on {core}: {CLIENTS} clients, {messages} messages each")
    if importlib.util.find_spec("zmq") is None:
        print("pyzmq is not installed: zcffi talks to itself only")
    else:
        print("pyzmq is installed: each half also runs against a process of pyzmq")
    folder = tempfile.mkdtemp(prefix="zcffi")
    rows: list[tuple[str, str, str, Outcome]] = []
    try:
        for transports, crew in crews():
            try:
                for transport in transports:
                    for pattern in PATTERNS:
                        _progress(f"{pattern.name} over {transport}, {crew.label}")
                        address = {
                            "tcp": "tcp://127.0.0.1:*",
                            "ipc": f"ipc://{folder}/{len(rows)}",
                            "inproc": f"inproc://demo.{len(rows)}",
                        }[transport]
                        outcome = crew.play(pattern, address, messages)
                        rows.append((pattern.name, transport, crew.label, outcome))
                        if outcome.error in ("a worker hangs", "a worker died"):
                            break  # this crew is out of step
            finally:
                crew.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _progress("")
    return _table(rows)


def _progress(text: str) -> None:
    """Show what is being done: in place on a terminal, by lines elsewhere."""
    if sys.stdout.isatty():
        width = os.get_terminal_size().columns - 1
        print(f"\r{text:{width}.{width}}\r", end="", flush=True)
    elif text:
        print(f"  {text}", flush=True)


def _table(rows: list[tuple[str, str, str, Outcome]]) -> int:
    """Show what was found. Returns the exit status."""
    titles = ("pattern", "transport", "server-client", "messages", "rate/s", "latency µs", "result")
    line = "{:<14} {:<10} {:<14} {:>9} {:>10} {:>11}  {}"
    print(line.format(*titles))
    failed = 0
    for pattern, transport, label, outcome in rows:
        failed += bool(outcome.error)
        latency = f"{statistics.median(outcome.latencies):.1f}" if outcome.latencies else "-"
        print(
            line.format(
                pattern,
                transport,
                label,
                outcome.messages,
                f"{outcome.rate:,.0f}",
                latency,
                f"FAILED: {outcome.error}" if outcome.error else "ok",
            )
        )
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0
