"""WaitingSocket: how the calls of a socket wait in an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from zcffi._constants import Errno, Flag, SocketType
from zcffi._door import QUIET
from zcffi._socket import BaseSocket
from zcffi.asyncio._watch import IN, OUT, Watch
from zcffi.errors import error_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from zcffi._context import BaseContext
    from zcffi.asyncio._watch import Line

__all__ = ["WaitingSocket"]

_T = TypeVar("_T")

_DONTWAIT = int(Flag.DONTWAIT)
_TRY = _DONTWAIT | QUIET


class WaitingSocket(BaseSocket):
    """Waits in turn for what a call needs, until it is closed; the calls differ by kind."""

    __slots__ = ("_watch",)

    _watch: Watch | None

    def __init__(self, context: BaseContext, type: SocketType | int) -> None:
        self._watch = None
        super().__init__(context, type)

    @classmethod
    def _from_address(cls, address: int) -> Self:
        self = super()._from_address(address)
        self._watch = None
        return self

    def close(self, linger: int | None = None) -> None:
        """Close the socket; see `zcffi.Socket.close()`.

        Tasks that wait on it get a `ZMQError` (ENOTSOCK).
        """
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.fail(error_for(Errno.ENOTSOCK, "wait"))
        super().close(linger)

    def _mark_inherited(self) -> None:
        """In the child of a fork: leave the loop alone, whose selector is the parent's, too."""
        self._watch = None
        super()._mark_inherited()

    # ---- Waiting ----

    def _watched(self) -> Watch:
        """The watch in the running loop; a watch left in another, ended loop is forgotten."""
        loop = asyncio.get_running_loop()
        watch = self._watch
        if watch is None or watch.loop is not loop:
            if watch is not None:
                if not watch.loop.is_closed() and watch.wanted():
                    raise RuntimeError(f"{self!r} is awaited in another event loop")
                watch.unwatch()
            watch = self._watch = Watch(self, loop)
        return watch

    def _own_callbacks(self) -> int:
        """How many callbacks of its own the socket may have ready to run in the loop."""
        return 1  # its descriptor's

    async def _call(
        self, attempt: Callable[[int], _T | None], flags: int, event: int, verb: str
    ) -> _T:
        """Attempt until it gives something; wait for `event` in between."""
        watch = self._watch
        look = 0
        if watch is not None and event == IN and not flags & _DONTWAIT:
            if watch.has_had_its_turn():
                await watch.give_turn()
            look = watch.how_to_look(self._own_callbacks())
        if watch is None or not (watch.readers if event == IN else watch.writers):
            result = attempt(flags | _TRY | look)
            if look and watch is not None:
                watch.looked(result is not None)
            if result is not None:
                return result
        if flags & _DONTWAIT:
            raise error_for(Errno.EAGAIN, verb)
        flags |= _TRY
        watch = self._watched()
        line = watch.readers if event == IN else watch.writers
        limit = self.rcvtimeo if event == IN else self.sndtimeo
        if limit < 0:
            return await self._wait(attempt, flags, watch, line)
        try:
            async with asyncio.timeout(limit / 1000):
                return await self._wait(attempt, flags, watch, line)
        except TimeoutError:
            raise error_for(Errno.EAGAIN, verb) from None

    async def _wait(
        self, attempt: Callable[[int], _T | None], flags: int, watch: Watch, line: Line
    ) -> _T:
        """Wait in turn, and attempt whenever the socket is ready."""
        future: asyncio.Future[None] = watch.loop.create_future()
        line.append(future)
        try:
            watch.wake()
            while True:
                await future
                is_first = line.is_turn_of(future)
                if is_first:
                    # From here to the return nothing waits: what is taken is handed over.
                    result = attempt(flags)  # raises when the socket was closed since
                    line.attempted(result is not None)
                    if result is not None:
                        return result
                place = line.index(future)
                future = watch.loop.create_future()
                line[place] = future
                if is_first:  # it wakes on for those behind it
                    watch.wake()
        finally:
            if future in line:
                line.remove(future)
            if self._watch is watch and not watch.loop.is_closed():
                watch.wake()

    async def _receive(self, attempt: Callable[[int], _T | None], flags: int) -> _T:
        return await self._call(attempt, flags, IN, "receive")

    async def _sending(self, attempt: Callable[[int], int], flags: int) -> int:
        def attempt_or_none(flags: int) -> int | None:
            count = attempt(flags)
            return None if count < 0 else count

        return await self._call(attempt_or_none, flags, OUT, "send")
