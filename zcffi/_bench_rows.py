"""What `python -m zcffi bench` measures: each row has a side that measures and one that helps.

Each side is a process that lives for the whole run. They have a line to each other: who binds tells
the other the endpoint, then the one that measures tells, again and again, how many messages it
wants; 0 is the end. How many are enough it finds out by trying, which is the warming up, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zcffi._bench_libraries import Library, make

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection

__all__ = ["ROWS", "Found", "Row", "Task", "work"]


@dataclass(frozen=True)
class Task:
    """One measurement, as it is told to both sides."""

    row: str
    size: int
    seconds: float
    folder: str


@dataclass
class Found:
    """What a measurement gave: a number, or why there is none."""

    value: float = 0.0
    p99: float | None = None
    reason: str = ""
    failed: bool = field(default=False)


class Absent(Exception):
    """The library has nothing like it."""


_clock = time.perf_counter
_FIRST = 20  # messages of the first try
_BATCH = 1000  # messages of a call that takes many


# ---- How many messages are enough ----


async def _enough(
    seconds: float, line: Connection | None, run: Callable[[int], Awaitable[float]]
) -> None:
    """Run with more and more messages until they take `seconds`; `run` says how long they took.

    Only the last run counts: `run` keeps what it found. The first never does: it also connects.
    """
    count, is_first = _FIRST, True
    while True:
        if line:
            line.send(count)
        took = await run(count)
        if took >= 0.7 * seconds and not is_first:
            break
        is_first = False
        count = max(2 * count, min(int(count * seconds / max(took, 1e-6)), 20 * count))
    if line:
        line.send(0)


# ---- Request and reply: half a round trip, the median; the 99th of a hundred ----


async def _ask(task: Task, library: Library, line: Connection) -> Found:
    send, recv = library.calls(await library.connected("REQ", line.recv()))
    body = b"x" * task.size
    times: list[float] = []

    async def run(count: int) -> float:
        times.clear()
        then = start = _clock()
        for _ in range(count):
            if library.asynchronous:
                await send(body)
                await recv()
            else:
                send(body)
                recv()
            now = _clock()
            times.append(now - then)
            then = now
        return then - start

    await _enough(task.seconds, line, run)
    times.sort()
    return Found(times[len(times) // 2] / 2 * 1e6, times[len(times) * 99 // 100] / 2 * 1e6)


async def _reply(task: Task, library: Library, line: Connection, transport: str) -> None:
    socket, endpoint = await library.bound("REP", transport, task.folder)
    line.send(endpoint)
    send, recv = library.calls(socket)
    while count := await asyncio.to_thread(line.recv):
        for _ in range(count):
            if library.asynchronous:
                await send(await recv())
            else:
                send(recv())


# ---- A stream: messages a second, at the receiver ----


async def _pull(task: Task, library: Library, line: Connection, many: bool) -> Found:
    socket, endpoint = await library.bound("PULL", "tcp", task.folder)
    line.send(endpoint)
    found = Found()

    async def run(count: int) -> float:
        socket.recv()  # the clock starts when the stream flows
        left = count - 1
        start = _clock()
        if many and hasattr(socket, "recv_many"):
            while left > 0:
                left -= len(socket.recv_many(_BATCH))
        else:
            recv = socket.recv
            for _ in range(left):
                recv()
        took = _clock() - start
        found.value = (count - 1) / took
        return took

    await _enough(task.seconds, line, run)
    return found


async def _push(task: Task, library: Library, line: Connection, many: bool) -> None:
    socket = await library.connected("PUSH", line.recv())
    body = b"x" * task.size
    while count := line.recv():
        if many and hasattr(socket, "send_many"):
            for start in range(0, count, _BATCH):
                socket.send_many([body] * min(_BATCH, count - start))
        else:
            send = socket.send
            for _ in range(count):
                send(body)


# ---- Calls within a process: microseconds each, the median over batches ----


async def _each(seconds: float, step: Callable[[], object]) -> Found:
    times: list[float] = []

    async def run(count: int) -> float:
        times.clear()
        start = _clock()
        for _ in range(20):
            then = _clock()
            for _ in range(count // 20):
                step()
            times.append((_clock() - then) / (count // 20))
        return _clock() - start

    await _enough(seconds, None, run)
    return Found(sorted(times)[10] * 1e6)


async def _pair(library: Library, task: Task) -> tuple[Any, Any]:
    one, endpoint = await library.bound("PAIR", "inproc", task.folder)
    return one, await library.connected("PAIR", endpoint)


async def _inproc(task: Task, library: Library) -> Found:
    one, two = await _pair(library, task)
    send, recv, body = one.send, two.recv, b"x" * task.size

    def step() -> None:
        send(body)
        recv()

    return await _each(task.seconds, step)


async def _multipart(task: Task, library: Library) -> Found:
    if not library.has_parts:
        raise Absent("no parts")
    one, two = await _pair(library, task)
    send, recv, parts = one.send_multipart, two.recv_multipart, [b"x" * task.size] * 3

    def step() -> None:
        send(parts)
        recv()

    return await _each(task.seconds, step)


async def _poll(task: Task, library: Library) -> Found:
    if not library.has_poll:
        raise Absent("no poll")
    poll = (await _pair(library, task))[0].poll
    return await _each(task.seconds, lambda: poll(0))


# ---- The rows ----


@dataclass(frozen=True)
class Row:
    """One row: what it is called, its unit, its two sides."""

    title: str
    unit: str  # "µs": small is good; "/s": large is good
    measure: Callable[[Task, Library, Connection], Awaitable[Found]]
    help: Callable[[Task, Library, Connection], Awaitable[None]] | None = None
    asynchronous: bool = False


ROWS: dict[str, Row] = {
    "latency": Row("REQ-REP tcp, one way", "µs", _ask, lambda t, s, c: _reply(t, s, c, "tcp")),
    "ipc": Row("REQ-REP ipc, one way", "µs", _ask, lambda t, s, c: _reply(t, s, c, "ipc")),
    "asyncio": Row(
        "asyncio REQ-REP tcp, one way",
        "µs",
        _ask,
        lambda t, s, c: _reply(t, s, c, "tcp"),
        asynchronous=True,
    ),
    "rate": Row(
        "PUSH-PULL tcp",
        "/s",
        lambda t, s, c: _pull(t, s, c, False),
        lambda t, s, c: _push(t, s, c, False),
    ),
    "batches": Row(
        "PUSH-PULL tcp, in batches where it has them",
        "/s",
        lambda t, s, c: _pull(t, s, c, True),
        lambda t, s, c: _push(t, s, c, True),
    ),
    "inproc": Row("send and recv, inproc", "µs", lambda t, s, _: _inproc(t, s)),
    "multipart": Row("three parts, inproc", "µs", lambda t, s, _: _multipart(t, s)),
    "poll": Row("poll(0)", "µs", lambda t, s, _: _poll(t, s)),
}


def work(name: str, orders: Connection, line: Connection, measures: bool) -> None:
    """Be one of the two sides until there are no more orders."""
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while (task := orders.recv()) is not None:
            orders.send(asyncio.run(_play(name, task, line, measures)))


async def _play(name: str, task: Task, line: Connection, measures: bool) -> Found:
    found = Found()
    try:
        row = ROWS[task.row]
        library = make(name, asynchronous=row.asynchronous)
        try:
            if measures:
                found = await row.measure(task, library, line)
            elif row.help:
                await row.help(task, library, line)
        finally:
            library.close()
    except Absent as reason:
        found.reason = str(reason)
    except Exception as error:  # whatever it is, it belongs into the table
        found.reason, found.failed = f"{type(error).__name__}: {error}", True
    return found
