"""Our socket and the peer's with the same few verbs: a test need not care which is which."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

import pytest
from conftest import eventually

import zcffi
from interop.peer import LARGE, SECONDS, meant, numbered
from zcffi import Context, SocketType, Unroutable

HAS_PYZMQ = importlib.util.find_spec("zmq") is not None

PART = str | tuple[int, int]
"""A part as a test writes it: Latin-1 text, or size and seed of a large one."""

LEGAL = {
    "REQ": ("REP", "ROUTER"),
    "REP": ("REQ", "DEALER"),
    "DEALER": ("REP", "DEALER", "ROUTER"),
    "ROUTER": ("REQ", "DEALER", "ROUTER"),
    "PUB": ("SUB", "XSUB"),
    "XPUB": ("SUB", "XSUB"),
    "SUB": ("PUB", "XPUB"),
    "XSUB": ("PUB", "XPUB"),
    "PUSH": ("PULL",),
    "PULL": ("PUSH",),
    "PAIR": ("PAIR",),
}

_numbers = itertools.count(1)


def seen(part: PART) -> object:
    """A part as `Side.recv()` gives it."""
    data = meant(part)
    return part if len(data) < LARGE else [len(data), hashlib.sha256(data).hexdigest()]


class Side(Protocol):
    """A socket, ours or theirs."""

    type: str

    def bind(self, endpoint: str) -> str: ...
    def connect(self, endpoint: str) -> None: ...
    def send(self, *parts: PART) -> None: ...
    def recv(self) -> list[object]: ...
    def poll(self, milliseconds: int) -> bool: ...
    def set(self, option: str, value: int | str) -> None: ...
    def send_series(self, count: int, size: int) -> None: ...
    def recv_series(self, count: int, size: int) -> int: ...
    def close(self, linger: int = 0) -> None: ...


class Ours:
    """A socket of ours."""

    def __init__(self, context: Context, type: str, **options: int | str) -> None:
        self.type = type
        self.sock = context.socket(SocketType[type])
        self.sock.rcvtimeo = self.sock.sndtimeo = SECONDS * 1000
        for option, value in options.items():
            self.set(option, value)

    def bind(self, endpoint: str) -> str:
        return self.sock.bind(endpoint)

    def connect(self, endpoint: str) -> None:
        self.sock.connect(endpoint)

    def send(self, *parts: PART) -> None:
        """Send a message; to a ROUTER's peer that is not there yet: when it is."""
        message = [meant(part) for part in parts]

        def accepted() -> bool:
            try:
                self.sock.send_multipart(message)
            except Unroutable:
                return False
            return True

        eventually(accepted, f"a peer for {parts[0]!r}", SECONDS)

    def recv(self) -> list[object]:
        found: list[object] = []
        for part in self.sock.recv_multipart():
            large = len(part) >= LARGE
            digest = [len(part), hashlib.sha256(part).hexdigest()] if large else None
            found.append(digest or part.decode("latin-1"))
        return found

    def poll(self, milliseconds: int) -> bool:
        return bool(self.sock.poll(milliseconds))

    def set(self, option: str, value: int | str) -> None:
        data = value.encode("latin-1") if isinstance(value, str) else value
        if option in ("subscribe", "unsubscribe"):
            getattr(self.sock, option)(data)
        else:
            setattr(self.sock, option, data)

    def send_series(self, count: int, size: int) -> None:
        for i in range(count):
            self.sock.send(numbered(i, size))

    def recv_series(self, count: int, size: int) -> int:
        for i in range(count):
            if self.sock.recv() != numbered(i, size):
                return i
        return count

    def close(self, linger: int = 0) -> None:
        self.sock.close(linger)


class Theirs:
    """A socket of the peer's process."""

    def __init__(self, peer: Process, type: str, **options: int | str) -> None:
        self.type = type
        self.peer = peer
        self.name = f"{type}{next(_numbers)}"
        self._do("socket", type=type, options=options)

    def _do(self, verb: str, **arguments: object) -> object:
        return self.peer.do(verb, name=self.name, **arguments)

    def bind(self, endpoint: str) -> str:
        return str(self._do("bind", endpoint=endpoint))

    def connect(self, endpoint: str) -> None:
        self._do("connect", endpoint=endpoint)

    def unbind(self, endpoint: str) -> None:
        self._do("unbind", endpoint=endpoint)

    def disconnect(self, endpoint: str) -> None:
        self._do("disconnect", endpoint=endpoint)

    def send(self, *parts: PART) -> None:
        self._do("send", parts=parts)

    def recv(self) -> list[object]:
        return list(self._do("recv"))  # type: ignore[call-overload]

    def poll(self, milliseconds: int) -> bool:
        return bool(self._do("poll", milliseconds=milliseconds))

    def set(self, option: str, value: int | str) -> None:
        self._do("set", option=option, value=value)

    def send_series(self, count: int, size: int) -> None:
        self._do("send_series", count=count, size=size)

    def recv_series(self, count: int, size: int) -> int:
        return int(self._do("recv_series", count=count, size=size))  # type: ignore[call-overload]

    def event(self, event: str, milliseconds: int = 5000) -> object:
        """Wait for an event of the socket; its value, None if it doesn't come in time."""
        return self._do("event", event=event, milliseconds=milliseconds)

    def close(self, linger: int = 0) -> None:
        self._do("close", linger=linger)


class Process:
    """The peer's process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("peer.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._open = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stdout:
            for line in stdout:
                self._answers.put(line)
        self._answers.put("")

    @property
    def is_fit(self) -> bool:
        """Whether it lives and owes no answer."""
        return self.process.poll() is None and not self._open

    def order(self, verb: str, **arguments: object) -> None:
        """Tell it to do something, without waiting for it."""
        assert self.process.stdin
        self._open += 1
        self.process.stdin.write(json.dumps({"do": verb, **arguments}) + "\n")

    def answer(self) -> object:
        """What came of the oldest order."""
        try:
            line = self._answers.get(timeout=SECONDS + 5)
        except queue.Empty:
            return pytest.fail("the peer's process does not answer")
        assert line, "the peer's process has ended"
        self._open -= 1
        answer = json.loads(line)
        assert "error" not in answer, f"the peer says {answer['error']}"
        return answer["ok"]

    def do(self, verb: str, **arguments: object) -> object:
        self.order(verb, **arguments)
        return self.answer()

    def socket(self, type: str, **options: int | str) -> Theirs:
        return Theirs(self, type, **options)

    def stop(self) -> None:
        """Freeze it."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, without a farewell to its connections."""
        self.process.kill()
        self._reap()

    def end(self) -> None:
        """Let it end by itself."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._reap()

    def _reap(self) -> None:
        self.process.wait()
        self._reader.join()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # type: ignore[union-attr]


def subscribe(sub: Side, topic: str) -> None:
    """Subscribe, by the verb that the type has."""
    if sub.type == "XSUB":
        sub.send("\x01" + topic)
    else:
        sub.set("subscribe", topic)


def unsubscribe(sub: Side, topic: str) -> None:
    if sub.type == "XSUB":
        sub.send("\0" + topic)
    else:
        sub.set("unsubscribe", topic)


def wait_for_subscription(pub: Side, sub: Side, topic: str) -> None:
    """Wait until the publisher knows of the subscription `topic`."""
    if pub.type == "XPUB":
        assert pub.recv() == ["\x01" + topic]
        return
    end = time.monotonic() + SECONDS
    pub.send(topic + "?")
    while not sub.poll(5):
        assert time.monotonic() < end, "the subscription never came"
        pub.send(topic + "?")
    pub.send(topic + "!")
    while sub.recv() == [topic + "?"]:
        pass


def until_event(monitor: zcffi.Monitor, event: zcffi.Event, milliseconds: int = 5000) -> int:
    """Wait for an event of ours, passing others by; its value."""
    end = time.monotonic() + milliseconds / 1000
    while (left := end - time.monotonic()) > 0 and monitor.poll(left * 1000):
        found = monitor.recv()
        if found.event == event:
            return found.value
    return pytest.fail(f"{event!r} never came")
