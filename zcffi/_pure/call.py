"""One call: tried, made to wait, taken up again after a signal."""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING

from zcffi._constants import Flag, PollEvent, SocketOption
from zcffi._ffi import HAS_ZCFFI, ffi, lib
from zcffi.errors import error_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from zcffi._cffi import CData

__all__ = [
    "DONTWAIT",
    "EINTR",
    "LOOK",
    "LOOK_LONG",
    "QUIET",
    "Socket",
    "receiving",
    "sending",
    "settle",
]

QUIET = 1 << 16
LOOK: int = lib.ZCFFI_LOOK if HAS_ZCFFI else 0
LOOK_LONG: int = lib.ZCFFI_LOOK_LONG if HAS_ZCFFI else 0
EAGAIN, EINTR = errno.EAGAIN, errno.EINTR
DONTWAIT = int(Flag.DONTWAIT)
POLLIN, POLLOUT = int(PollEvent.POLLIN), int(PollEvent.POLLOUT)
SNDTIMEO, RCVTIMEO = int(SocketOption.SNDTIMEO), int(SocketOption.RCVTIMEO)


class Socket:
    """A socket's handle; the hot calls work on it."""

    __slots__ = ("_handle",)

    _handle: CData


def perform(
    attempt: Callable[[int], int], socket: Socket, flags: int, verb: str, event: int, option: int
) -> int:
    """Call until it succeeds or fails for good.

    `attempt(flags)` gives 0 or more, or a negative errno. Returns -1 when it would have to wait and
    QUIET is set.
    """
    started = 0.0 if flags & DONTWAIT else time.monotonic()
    rc = attempt(flags & ~QUIET)
    return rc if rc >= 0 else _go_on(rc, started, attempt, socket, flags, verb, event, option)


def _go_on(
    rc: int,
    started: float,
    attempt: Callable[[int], int],
    socket: Socket,
    flags: int,
    verb: str,
    event: int,
    option: int,
) -> int:
    """After an attempt that failed with `rc`: again, if a signal interrupted it.

    In between Python runs the signal's handler (PEP 475).
    """
    while rc < 0:
        if rc == -EAGAIN and flags & QUIET:
            return -1
        if rc != -EINTR:
            raise error_for(-rc, verb)
        waits = not flags & DONTWAIT
        timeout = lib.zcpy_get_int(socket._handle, option) if waits else -1
        if timeout < 0:
            rc = attempt(flags & ~QUIET)
            continue
        left = timeout - int((time.monotonic() - started) * 1000)
        if left > 0:
            poll_one(socket, event, left)
        rc = attempt(flags & ~QUIET | DONTWAIT)
        if rc == -EAGAIN and left > 0:
            rc = -EINTR  # somebody else was faster: wait for the rest
    return rc


def poll_one(socket: Socket, event: int, timeout: int) -> None:
    """Wait for one socket; a signal ends it early."""
    item = ffi.new("zmq_pollitem_t *")
    item.socket = socket._handle
    item.events = event
    lib.zcpy_poll(item, 1, timeout)


def sending(attempt: Callable[[int], int], socket: Socket, flags: int) -> int:
    return perform(attempt, socket, flags, "send", POLLOUT, SNDTIMEO)


def receiving(attempt: Callable[[int], int], socket: Socket, flags: int) -> int:
    return perform(attempt, socket, flags, "receive", POLLIN, RCVTIMEO)


def settle() -> None:
    """Nothing is ever lent to the core through this door."""
