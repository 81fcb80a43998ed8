"""Context: the owner of sockets and I/O threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._context import BaseContext
from zcffi.socket import Socket

if TYPE_CHECKING:
    from zcffi._constants import SocketType

__all__ = ["BaseContext", "Context"]


class Context(BaseContext):
    """The owner of sockets and I/O threads; most programs need one.

        with Context() as context, context.socket(SocketType.PUSH) as push:
            push.connect("tcp://localhost:5555")

    `io_threads`: how many threads do I/O in the background (default 1; 0: only inproc works).
    `max_sockets`: how many sockets may be open at a time (default 1023). Both hold from the first
    socket on. Leaving the `with` block closes the context and all its sockets, see `close()`. May
    be used from any thread; the child of a fork makes its own.
    """

    __slots__ = ()

    def socket(self, type: SocketType | int) -> Socket:
        """Make a socket.

        Raises `InvalidArgument` for an unknown type, `ContextTerminated` after the end, and
        `ZMQError` with EMFILE when `max_sockets` are open.
        """
        return Socket(self, type)
