"""What all tests share: contexts, pairs of sockets over every transport, ways to wait."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import zcffi
import zcffi.asyncio
from zcffi import Context, Event, PollEvent, Socket, SocketType

# Still being written; run it by hand with --confcutdir=tests/interop.

LIBZMQ = zcffi.backend() == "libzmq"

# Groups of tests whose promises libzmq does not make.
DIFFERENCES = {
    "any_thread": "a socket of libzmq belongs to one thread at a time",
    "after_fork": "libzmq does not define what inherited objects do in the child of a fork",
    "descriptors": "libzmq aborts the process when it runs out of descriptors",
    "ipc_paths": "libzmq unlinks any ipc path before it binds and leaves it behind after close",
    "background": "libzmq does a socket's work only in calls on that socket, not beside them",
    "in_one_piece": "libzmq loses what a peer sends in one piece with its greeting",
    "strict": "libzmq departs from the specification: sends otherwise, or lets others",
    "zcffi_only": "only zcffi has this function or makes this promise",
}

TRANSPORTS = ("tcp", "ipc", "inproc")

_names = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for group, reason in DIFFERENCES.items():
            if LIBZMQ and item.get_closest_marker(group):
                item.add_marker(pytest.mark.skip(reason=f"on libzmq: {reason}"))


def differs(group: str) -> None:
    """Skip the rest of a test on libzmq, where only one of its cases is of that group."""
    if LIBZMQ:
        pytest.skip(f"on libzmq: {DIFFERENCES[group]}")


def pytest_report_header() -> str:
    from zcffi import _door

    core = f"zcffi {zcffi.zcffi_version_info()}" if not LIBZMQ else f"libzmq {zcffi.zmq_version()}"
    return f"core: {core}, door: {_door.DOOR}"


def eventually(
    condition: Callable[[], object], what: str | Callable[[], str] = "", seconds: float = 10
) -> object:
    """Wait until `condition()` is true, for what no event tells. Gives its value.

    Looks for no more than half of the time: who looks may hold up what is waited for.
    """
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if value := condition():
            return value
        looked = time.monotonic()
        if looked > end:
            pytest.fail(f"never came: {what() if callable(what) else what or condition}")
        time.sleep(max(0.002, looked - began))


class KeepingContext(Context):
    """Keeps its sockets until it is closed, so that none is forgotten when a test fails or ends."""

    __slots__ = ("kept",)

    def socket(self, type: SocketType | int) -> Socket:
        made = super().socket(type)
        self.kept.append(made)
        return made


@pytest.fixture
def ctx() -> Iterator[Context]:
    """A context; at the end its sockets are closed without lingering."""
    context = KeepingContext()
    context.kept = []
    yield context
    context.close(linger=0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for ipc."""
    path = Path(tempfile.mkdtemp(prefix="zc", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def address(folder: Path) -> Callable[[str], str]:
    """Makes an address to bind for a transport; the bind tells the real one."""

    def make(transport: str) -> str:
        if transport == "tcp":
            return "tcp://127.0.0.1:*"
        if transport == "ipc":
            return f"ipc://{folder}/{next(_names)}"
        return f"inproc://test.{os.getpid()}.{next(_names)}"

    return make


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """Each transport in turn."""
    return str(request.param)


Pair = Callable[..., tuple[Socket, Socket]]


@pytest.fixture
def pair(ctx: Context, address: Callable[[str], str]) -> Pair:
    """Makes two connected sockets: the first binds, the second connects."""

    def make(
        bound: SocketType, connected: SocketType, transport: str = "inproc", **options: int
    ) -> tuple[Socket, Socket]:
        one, two = ctx.socket(bound), ctx.socket(connected)
        for each in (one, two):
            for name, value in options.items():
                setattr(each, name, value)
        where = one.bind(address(transport))
        if transport == "inproc":
            two.connect(where)
        else:
            with one.monitor(Event.HANDSHAKE_SUCCEEDED) as monitor:
                two.connect(where)
                monitor.recv(10_000)
        return one, two

    return make


@pytest.fixture
def reserved_port() -> Iterator[int]:
    """A port of 127.0.0.1 that only this test binds, as often as it likes.

    A socket that is bound and never listens holds it: the system then gives it to nobody who asks
    for any port, or connects from any; who asks for just this one shares it, by SO_REUSEADDR.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


def subscribed(pub: Socket, sub: Socket, topic: bytes = b"") -> None:
    """Subscribe, and wait until the publisher (an XPUB) has seen it."""
    sub.subscribe(topic)
    assert pub.recv() == b"\x01" + topic


def readable(socket: Socket, seconds: float = 10) -> bool:
    """Whether a message comes in time."""
    return socket.poll(seconds * 1000) == PollEvent.POLLIN


def run_python(code: str, *arguments: str, timeout: float = 20, **environment: str):  # type: ignore[no-untyped-def]
    """Run a program in a process of its own."""
    import subprocess

    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
        check=False,
    )


async def played(test, address) -> None:
    """Run a coroutine function that takes a maker of connected pairs."""
    async with zcffi.asyncio.Context() as context:
        kept = []

        def make(bound, connected, transport="tcp", **options):
            one, two = context.socket(bound), context.socket(connected)
            kept.extend((one, two))
            for each in (one, two):
                each.linger = 0
                for name, value in options.items():
                    setattr(each, name, value)
            two.connect(one.bind(address(transport)))
            return one, two

        async with asyncio.timeout(20):
            await test(make)


@pytest.fixture
def play(address):
    """Plays a test that is a coroutine function."""

    def start(test) -> None:
        asyncio.run(played(test, address))

    return start
