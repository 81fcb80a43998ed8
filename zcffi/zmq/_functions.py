"""pyzmq's functions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zcffi import devices
from zcffi._constants import Errno, PollEvent
from zcffi._ffi import lib
from zcffi._version import __version__
from zcffi.errors import ContextTerminated
from zcffi.poller import Pollable
from zcffi.poller import Poller as PlainPoller
from zcffi.zmq._compat import CompatPoller

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zcffi._socket import BaseSocket

__all__ = [
    "Poller",
    "Stopwatch",
    "device",
    "proxy",
    "proxy_steerable",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "zmq_errno",
    "zmq_poll",
]


class Poller(CompatPoller, PlainPoller[Pollable]):
    """Wait for many sockets, descriptors and files at once; see `zcffi.Poller`."""


def proxy(frontend: BaseSocket, backend: BaseSocket, capture: BaseSocket | None = None) -> None:
    """Pass messages between two sockets until the context ends: `ContextTerminated`."""
    devices.proxy(frontend, backend, capture)
    raise ContextTerminated(Errno.ETERM)


def proxy_steerable(
    frontend: BaseSocket,
    backend: BaseSocket,
    capture: BaseSocket | None = None,
    control: BaseSocket | None = None,
) -> None:
    """`proxy()` that obeys messages from `control`; returns after TERMINATE, or when the context
    ends.
    """
    devices.proxy_steerable(frontend, backend, capture, control)


def device(device_type: int, frontend: BaseSocket, backend: BaseSocket) -> None:
    """`proxy()`; the type does not matter."""
    proxy(frontend, backend)


def zmq_poll(
    sockets: Iterable[tuple[Pollable, int]], timeout: int = -1
) -> list[tuple[Pollable, int]]:
    """Wait for (item, flags), at most `timeout` milliseconds.

    Returns (item, events) of those ready.
    """
    poller = Poller()
    for item, flags in sockets:
        poller.register(item, flags)
    return [(item, int(events)) for item, events in poller.poll(timeout)]


def select(
    rlist: Sequence[Pollable],
    wlist: Sequence[Pollable],
    xlist: Sequence[Pollable],
    timeout: float | None = None,
) -> tuple[list[Pollable], list[Pollable], list[Pollable]]:
    """Wait as `select.select()` does, for sockets too; `timeout` in seconds, as there."""
    flags: dict[Pollable, int] = {}
    for items, flag in (
        (rlist, PollEvent.POLLIN),
        (wlist, PollEvent.POLLOUT),
        (xlist, PollEvent.POLLERR),
    ):
        for item in items:
            flags[item] = flags.get(item, 0) | flag
    found = dict(zmq_poll(flags.items(), -1 if timeout is None else int(timeout * 1000)))
    return (
        [item for item in rlist if found.get(item, 0) & PollEvent.POLLIN],
        [item for item in wlist if found.get(item, 0) & PollEvent.POLLOUT],
        [item for item in xlist if found.get(item, 0) & PollEvent.POLLERR],
    )


def zmq_errno() -> int:
    """The calling thread's last error number."""
    return lib.zmq_errno()


def pyzmq_version() -> str:
    """The version of this package."""
    return __version__


def pyzmq_version_info() -> tuple[int, int, int]:
    """The version of this package."""
    major, minor, patch = (int(part) for part in __version__.split("."))
    return major, minor, patch


class Stopwatch:
    """Microseconds between `start()` and `stop()`."""

    def __init__(self) -> None:
        self._started: float | None = None

    def start(self) -> None:
        """Start. Raises `RuntimeError` when it runs."""
        if self._started is not None:
            raise RuntimeError("the stopwatch runs already")
        self._started = time.perf_counter()

    def stop(self) -> int:
        """Stop.

        Returns the microseconds since the start; raises `RuntimeError` when it does not run.
        """
        if self._started is None:
            raise RuntimeError("the stopwatch does not run: start() it first")
        passed = time.perf_counter() - self._started
        self._started = None
        return int(passed * 1e6)
