"""Poller: await many sockets and descriptors at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from zcffi._constants import PollEvent
from zcffi._poll import milliseconds
from zcffi._socket import BaseSocket
from zcffi.asyncio._waiting import WaitingSocket
from zcffi.asyncio._watch import IN, OUT
from zcffi.poller import BasePoller, Pollable, _descriptor

if TYPE_CHECKING:
    from zcffi.asyncio._watch import Watch

__all__ = ["Poller"]

_P = TypeVar("_P", bound=Pollable)


class Poller(BasePoller[_P]):
    """Wait for many sockets, descriptors and files at once; see `zcffi.Poller`."""

    async def poll(self, timeout: float | None = None) -> list[tuple[_P, PollEvent]]:
        """Wait until something is ready, at most `timeout` milliseconds (None or -1: for ever; 0:
        only look).

        Returns a list of (item, events); empty when the time was over.
        """
        found = self._look(0)
        limit = milliseconds(timeout)
        if found or limit == 0:
            return found
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None if limit < 0 else limit / 1000):
                while not found:
                    await self._wait(loop)
                    found = self._look(0)
        except TimeoutError:
            pass
        return found

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until something may be ready."""
        future: asyncio.Future[None] = loop.create_future()
        watches: list[Watch] = []
        reading: list[int] = []
        writing: list[int] = []

        def ready() -> None:
            if not future.done():
                future.set_result(None)

        try:
            for item, flags in self._watched.items():
                if isinstance(item, WaitingSocket):
                    watch = item._watched()
                    watch.pollers[future] = flags
                    watches.append(watch)
                    watch.wake()
                elif isinstance(item, BaseSocket):
                    raise TypeError(
                        f"{item!r} can't be awaited: make it with zcffi.asyncio.Context"
                    )
                else:
                    fd = _descriptor(item)
                    if flags & (IN | PollEvent.POLLERR | PollEvent.POLLPRI):
                        loop.add_reader(fd, ready)
                        reading.append(fd)
                    if flags & OUT:
                        loop.add_writer(fd, ready)
                        writing.append(fd)
            await future
        finally:
            for watch in watches:
                watch.pollers.pop(future, None)
            for fd in reading:
                loop.remove_reader(fd)
            for fd in writing:
                loop.remove_writer(fd)
