"""Monitor: what happens to a socket's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import Event, Flag, PollEvent, SocketType
from zcffi._monitor import BaseMonitor, MonitorEvent, parse_event
from zcffi.errors import Again
from zcffi.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zcffi._context import BaseContext

__all__ = ["Monitor", "MonitorEvent", "parse_event"]


class Monitor(BaseMonitor[Socket]):
    """The events of one socket, as a context manager and an iterator.

        with socket.monitor(Event.HANDSHAKE_SUCCEEDED) as monitor:
            monitor.recv(timeout=1000)

    The iteration waits for each event and ends when the socket is closed. A socket has one monitor:
    a second one ends the first. Events that nobody reads are dropped at the receive high-water
    mark; the socket never waits for them.
    """

    def _pair(self, context: BaseContext) -> Socket:
        return Socket(context, SocketType.PAIR)

    def recv(self, timeout: float | None = None) -> MonitorEvent:
        """The next event.

        Waits at most `timeout` milliseconds (None or -1: for ever), then raises `Again`.
        """
        if not self._socket.poll(timeout):
            raise Again(msg=f"no event within {timeout} ms")
        return parse_event(self._socket.recv_multipart(Flag.DONTWAIT))

    def poll(self, timeout: float | None = None) -> bool:
        """Whether an event is there.

        Waits at most `timeout` milliseconds (None or -1: for ever).
        """
        return self._socket.poll(timeout) == PollEvent.POLLIN

    def __iter__(self) -> Iterator[MonitorEvent]:
        while True:
            event = self.recv()
            if event.event == Event.MONITOR_STOPPED:
                return
            yield event
