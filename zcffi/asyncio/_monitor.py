"""Monitor: the events of one socket, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import Event, PollEvent, SocketType
from zcffi._monitor import BaseMonitor, MonitorEvent, parse_event
from zcffi.asyncio._socket import Socket
from zcffi.errors import Again

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from zcffi._context import BaseContext

__all__ = ["Monitor"]


class Monitor(BaseMonitor[Socket]):
    """The events of one socket, awaited; see `zcffi.Monitor`.

    async for event in socket.monitor(): ...
    """

    def _pair(self, context: BaseContext) -> Socket:
        return Socket(context, SocketType.PAIR)

    async def recv(self, timeout: float | None = None) -> MonitorEvent:
        """The next event.

        Waits at most `timeout` milliseconds (None or -1: for ever), then raises `Again`.
        """
        if not await self._socket.poll(timeout):
            raise Again(msg=f"no event within {timeout} ms")
        return parse_event(await self._socket.recv_multipart())

    async def poll(self, timeout: float | None = None) -> bool:
        """Whether an event is there.

        Waits at most `timeout` milliseconds (None or -1: for ever).
        """
        return await self._socket.poll(timeout) == PollEvent.POLLIN

    async def __aiter__(self) -> AsyncIterator[MonitorEvent]:
        while True:
            event = await self.recv()
            if event.event == Event.MONITOR_STOPPED:
                return
            yield event
