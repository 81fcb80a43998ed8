"""The target as its attackers and friends see it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import eventually
from rfc.wire import connect

import zcffi
from zcffi import SocketType

KIB, MIB = 1024, 1024 * 1024

MEASURED = not os.environ.get("ZCFFI_SANITIZED")
"""Whether memory means anything: a sanitizer keeps what was freed."""


class Told(NamedTuple):
    """An event of the target's monitor."""

    event: str
    text: str
    peer: str


class Target:
    """The process under attack."""

    def __init__(self, descriptors: int | None = None) -> None:
        def limit() -> None:
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("victim.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            preexec_fn=limit,
        )

    def do(self, *order: object) -> object:
        """Have it do something; a process that has died fails the test here."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        line = self.process.stdout.readline()
        assert line, f"the target has died: {self.process.wait()}"
        return json.loads(line)

    def make(
        self, name: str, type: str, endpoint: str = "tcp://127.0.0.1:*", **options: int
    ) -> str:
        """Make and bind a socket there; its endpoint."""
        return str(self.do("make", name, type, endpoint, options))

    def told(self, name: str) -> list[Told]:
        """The events of a socket since the last time."""
        return [Told(*each) for each in self.do("told", name)]  # type: ignore[attr-defined]

    def happened(self, name: str) -> list[str]:
        """The names of those events."""
        return [each.event for each in self.told(name)]

    def eventually_refuses(self, name: str, times: int = 1) -> list[str]:
        """Wait until it has told so often that it refuses a peer; the reasons, never empty."""
        reasons: list[str] = []

        def enough() -> bool:
            reasons.extend(each.text for each in self.told(name) if each.event == "PEER_REFUSED")
            return len(reasons) >= times

        eventually(enough, f"{times} events that say why")
        assert all(reasons)
        return reasons

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * KIB
        raise LookupError(field)

    @property
    def resident(self) -> int:
        """Memory in use, in bytes; 0 where it is not measured."""
        if not MEASURED:
            return 0
        self.do("trim")
        return self._status("VmRSS")

    @property
    def virtual(self) -> int:
        """Memory asked for, in bytes; 0 where it is not measured."""
        return self._status("VmSize") if MEASURED else 0

    @property
    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    @property
    def wakeups(self) -> int:
        """How often any of its threads was put on a CPU."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[2]) for each in threads)

    def end(self) -> None:
        """Have it end by itself, without a word of error."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail("the target does not end")
        finally:
            if self.process.stdout:
                self.process.stdout.close()
        assert code == 0


class Friend:
    """A peer that behaves, and counts."""

    def __init__(self, context: zcffi.Context, endpoint: str) -> None:
        self.sock = context.socket(SocketType.DEALER)
        self.sock.rcvtimeo = 5000
        self.sock.connect(endpoint)
        self.sent = 0

    def exchange(self, count: int = 200) -> None:
        """Every message comes back, in order."""
        messages = [b"%d" % i for i in range(self.sent, self.sent + count)]
        self.sent += count
        for each in messages:
            self.sock.send_multipart([each, b"x" * (len(each) * 50)])
        for each in messages:
            assert self.sock.recv_multipart() == [each, b"x" * (len(each) * 50)]


def eventually_steady(value: Callable[[], int]) -> int:
    """Wait until a number stays the same for a while; the number."""
    last, same = value(), 0

    def is_steady() -> bool:
        nonlocal last, same
        now = value()
        same = same + 1 if now == last else 0
        last = now
        return same > 20

    eventually(is_steady, "a steady state")
    return last


def probe(endpoint: str, data: bytes) -> None:
    """Send something and wait for the other side to close, or give up on it after a moment."""
    with connect(endpoint) as wire:
        with contextlib.suppress(ConnectionError):
            wire.send(data)
        wire.sock.settimeout(0.02)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while wire.sock.recv(65536):
                pass
