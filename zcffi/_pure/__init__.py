"""The hot calls through cffi alone: what `_fast` does on CPython, for PyPy and for
`ZCFFI_PURE_CFFI=1`.

Every crossing costs here, so there are few: a part is received into a message that is used again
and again, a whole message or a batch into an arena likewise, and goes out from a single joined
buffer. No `ffi.new` for each message.
"""

from __future__ import annotations

from zcffi._pure.call import LOOK, LOOK_LONG, QUIET, Socket, settle
from zcffi._pure.message import Message
from zcffi._pure.ready import events, poll
from zcffi._pure.single import recv, recv_into, recv_message, send
from zcffi._pure.whole import recv_many, recv_multipart, send_many, send_multipart

__all__ = [
    "LOOK",
    "LOOK_LONG",
    "QUIET",
    "Message",
    "Socket",
    "events",
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
