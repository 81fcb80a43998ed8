"""The hot calls, through whichever door is open: `zcffi._fast`, or `zcffi._pure` over cffi.

Both take a `Handle` for a socket and raise the same errors. With `QUIET` among the flags, a call
that would have to wait gives None (a send -1) instead of raising `Again`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._ffi import NULL, Handle, fast, ffi
from zcffi.errors import error_for

if TYPE_CHECKING:
    from zcffi._cffi import CData

if TYPE_CHECKING or fast is None:
    from zcffi import _pure as door
else:
    door = fast
    fast.setup(error_for)

__all__ = [
    "CLOSED",
    "DOOR",
    "QUIET",
    "Message",
    "events",
    "handle_of",
    "poll",
    "recv",
    "recv_into",
    "recv_many",
    "recv_message",
    "recv_multipart",
    "send",
    "send_many",
    "send_multipart",
    "settle",
]

DOOR = "pure" if fast is None else "fast"

CLOSED: Handle = NULL if fast is None else 0
"""The handle of no socket: every call answers that it is closed."""

QUIET = door.QUIET
Message = door.Message
send = door.send
recv = door.recv
recv_into = door.recv_into
recv_message = door.recv_message
send_multipart = door.send_multipart
recv_multipart = door.recv_multipart
send_many = door.send_many
recv_many = door.recv_many
events = door.events
poll = door.poll
settle = door.settle


def handle_of(pointer: CData) -> Handle:
    """What the hot calls take for the socket at `pointer`."""
    return pointer if fast is None else int(ffi.cast("uintptr_t", pointer))
