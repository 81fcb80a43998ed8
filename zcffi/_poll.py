"""What all kinds of polling share: timeouts and the core's table of items."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zcffi._constants import PollEvent
from zcffi._ffi import ffi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zcffi._cffi import CData

_LONGEST = 2**31 - 1


_EVENTS = {number: PollEvent(number) for number in range(16)}


def as_events(number: int) -> PollEvent:
    """Events as an enum; faster than making one."""
    return _EVENTS[number]


def milliseconds(timeout: float | None) -> int:
    """A timeout as the core has it: None and negative numbers for ever, fractions rounded up."""
    if timeout is None or timeout < 0:
        return -1
    if timeout == 0:
        return 0
    return min(math.ceil(timeout), _LONGEST)


def template(items: Sequence[tuple[CData, int, int]]) -> bytes:
    """An array of `zmq_pollitem_t` as bytes, of (socket, descriptor, events)."""
    array = ffi.new("zmq_pollitem_t[]", max(len(items), 1))
    for i, (socket, fd, events) in enumerate(items):
        array[i].socket = socket
        array[i].fd = fd
        array[i].events = events
    return ffi.buffer(array)[: len(items) * ffi.sizeof("zmq_pollitem_t")]
