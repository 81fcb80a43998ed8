"""Context: whose sockets are awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from zcffi.asyncio._socket import Socket
from zcffi.context import BaseContext

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from zcffi._constants import SocketType

__all__ = ["Context"]


class Context(BaseContext):
    """A context whose sockets are awaited; see `zcffi.Context`.

    Leaving a `with` block, or `close()`, may wait for `linger`, which holds up the event loop: use
    `async with`, or `await asyncio.to_thread(context.close)`, when messages may be left.
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
        await asyncio.to_thread(self.term)
