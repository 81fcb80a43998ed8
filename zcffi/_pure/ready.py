"""Readiness: what can be done without waiting, and waiting for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zcffi._constants import SocketOption
from zcffi._ffi import ffi, lib
from zcffi._pure.call import EINTR
from zcffi.errors import error_for

if TYPE_CHECKING:
    from zcffi._pure.call import Socket

__all__ = ["events", "poll"]

EVENTS = int(SocketOption.EVENTS)


def events(socket: Socket, /) -> int:
    """What a socket can do without waiting."""
    while (found := lib.zcpy_get_int(socket._handle, EVENTS)) < 0:
        if found != -EINTR - 1:
            raise error_for(-found - 1, "events")
    return found


def poll(items: bytes, timeout: int, /) -> list[tuple[int, int]]:
    """Wait for the items, an array of `zmq_pollitem_t`, at most `timeout` ms.

    Returns (index, events) of those that are ready.
    """
    count = len(items) // ffi.sizeof("zmq_pollitem_t")
    array = ffi.new("zmq_pollitem_t[]", max(count, 1))
    ffi.memmove(array, items, len(items))
    started = time.monotonic()
    left = timeout
    while (rc := lib.zcpy_poll(array, count, left)) < 0:
        if rc != -EINTR:
            raise error_for(-rc, "poll")
        if timeout > 0:
            left = max(0, timeout - int((time.monotonic() - started) * 1000))
    return [(i, array[i].revents) for i in range(count) if array[i].revents] if rc else []
