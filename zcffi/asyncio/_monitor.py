"""Monitor: the events of one socket, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import Event, SocketType
from zcffi.asyncio._socket import Socket
from zcffi.errors import Again
from zcffi.monitor import MonitorEvent, parse_event, start, stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType
    from typing import Self

__all__ = ["Monitor"]


class Monitor:
    """The events of one socket, awaited; see `zcffi.Monitor`.

    async for event in socket.monitor(): ...
    """

    def __init__(self, socket: Socket, events: Event | int = Event.ALL) -> None:
        context = socket._context
        if context is None:
            raise ValueError("a shadow socket has no context to make its monitor in")
        self._watched = socket
        endpoint = start(socket, events)
        self._socket = Socket(context, SocketType.PAIR)
        try:
            self._socket.linger = 0
            self._socket.connect(endpoint)
        except BaseException:
            self.close()
            raise

    async def recv(self, timeout: float | None = None) -> MonitorEvent:
        """The next event.

        Waits at most `timeout` milliseconds (None or -1: for ever), then raises `Again`.
        """
        if not await self._socket.poll(timeout):
            raise Again(msg=f"no event within {timeout} ms")
        return parse_event(await self._socket.recv_multipart())

    async def __aiter__(self) -> AsyncIterator[MonitorEvent]:
        while True:
            event = await self.recv()
            if event.event == Event.MONITOR_STOPPED:
                return
            yield event

    def close(self) -> None:
        """Stop watching. May be called twice."""
        if self._socket.closed:
            return
        if not self._watched.closed:
            stop(self._watched)
        self._socket.close(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
