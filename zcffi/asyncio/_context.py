"""Context: whose sockets are awaited."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from zcffi import _lives
from zcffi._context import BaseContext
from zcffi.asyncio._socket import Socket

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from zcffi._constants import SocketType

__all__ = ["Context"]


class Context(BaseContext):
    """A context whose sockets are awaited; see `zcffi.Context`.

    Leaving a `with` block, `close()` and `term()` may wait for `linger` milliseconds, which holds
    up the event loop: use `async with` when messages may be left. Leaving that closes the sockets,
    and awaits the end of the context; when it is cancelled meanwhile (Ctrl-C) the context goes on
    to its end in the background.
    """

    __slots__ = ()

    _shown_as = "zcffi.asyncio.Context"

    def socket(self, type: SocketType | int) -> Socket:
        """Make a socket whose calls are awaited; raises as `zcffi.Context.socket()`."""
        return Socket(self, type)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for socket in list(self._sockets):
            socket.close()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def tell(error: BaseException | None) -> None:
            if ended.done():
                return
            if error is None:
                ended.set_result(None)
            else:
                ended.set_exception(error)

        def end() -> None:
            error: BaseException | None = None
            try:
                self.term()
            except BaseException as failed:
                error = failed
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits
                loop.call_soon_threadsafe(tell, error)

        # Not by to_thread(): the loop, and the interpreter, would wait for it without end.
        _lives.in_background(end)
        await ended
