"""Socket: whose calls are awaited; Monitor: the events of one socket, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from zcffi import _door
from zcffi._constants import Event, Flag, PollEvent
from zcffi._monitor import BaseMonitor, MonitorEvent, parse_event
from zcffi.asyncio._poller import Poller
from zcffi.asyncio._waiting import WaitingSocket
from zcffi.errors import Again, ZMQError
from zcffi.message import Frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._door import Message
    from zcffi.socket import JSON

    Data = ReadableBuffer | Message

__all__ = ["Monitor", "Socket"]

_DONTWAIT, _SNDMORE = int(Flag.DONTWAIT), int(Flag.SNDMORE)


class Socket(WaitingSocket):
    """A socket whose calls are awaited; otherwise as `zcffi.Socket`, whose methods say more.

    Any number of tasks may wait on one socket; they are served in turn. Belongs to one event loop
    at a time.
    """

    __slots__ = ()

    _shown_as = "zcffi.asyncio.Socket"

    # ---- Send ----

    async def send(
        self, data: Data, flags: int = 0, *, more: bool = False, copy: bool = True
    ) -> None:
        """Send one part; see `zcffi.Socket.send()`."""
        flags |= _SNDMORE if more else 0
        await self._sending(lambda f: _door.send(self, data, f, copy), flags)

    async def send_multipart(
        self, parts: Iterable[Data], flags: int = 0, *, copy: bool = True
    ) -> None:
        """Send one whole message of several parts; see `zcffi.Socket.send_multipart()`."""
        whole = parts if isinstance(parts, (list, tuple, str, bytes, bytearray)) else list(parts)
        await self._sending(lambda f: _door.send_multipart(self, whole, f, copy), flags)

    async def send_many(self, messages: Iterable[Data | Sequence[Data]], flags: int = 0) -> int:
        """Send many whole messages; see `zcffi.Socket.send_many()`.

        When cancelled, the first ones are sent.
        """
        whole = list(messages)
        sent = 0
        while sent < len(whole):
            rest = whole[sent:] if sent else whole
            try:
                sent += await self._sending(
                    lambda f: _door.send_many(self, rest, f),  # noqa: B023
                    flags,
                )
            except ZMQError:
                if sent == 0:
                    raise
                break
            if flags & _DONTWAIT:
                break
        return sent

    async def send_string(self, text: str, flags: int = 0, *, encoding: str = "utf-8") -> None:
        """Send a text as one part."""
        await self.send(text.encode(encoding), flags)

    async def send_json(self, value: object, flags: int = 0) -> None:
        """Send a value as JSON, as one part."""
        import json

        await self.send(json.dumps(value, separators=(",", ":")).encode(), flags)

    # ---- Receive ----

    @overload
    async def recv(self, flags: int = 0, *, copy: Literal[True] = True) -> bytes: ...
    @overload
    async def recv(self, flags: int = 0, *, copy: Literal[False]) -> Frame: ...
    async def recv(self, flags: int = 0, *, copy: bool = True) -> bytes | Frame:
        """Receive one part; see `zcffi.Socket.recv()`."""
        if copy:
            return await self._receive(lambda f: _door.recv(self, f), flags)
        return await self._receive(lambda f: _door.recv_message(self, f, Frame), flags)

    @overload
    async def recv_multipart(
        self, flags: int = 0, *, copy: Literal[True] = True
    ) -> list[bytes]: ...
    @overload
    async def recv_multipart(self, flags: int = 0, *, copy: Literal[False]) -> list[Frame]: ...
    async def recv_multipart(
        self, flags: int = 0, *, copy: bool = True
    ) -> list[bytes] | list[Frame]:
        """Receive one whole message as a list of its parts."""
        if copy:
            return await self._receive(lambda f: _door.recv_multipart(self, f), flags)
        return await self._receive(lambda f: _door.recv_multipart(self, f, Frame), flags)

    @overload
    async def recv_many(
        self, limit: int = 1000, flags: int = 0, *, multipart: Literal[False] = False
    ) -> list[bytes]: ...
    @overload
    async def recv_many(
        self, limit: int = 1000, flags: int = 0, *, multipart: Literal[True]
    ) -> list[list[bytes]]: ...
    async def recv_many(
        self, limit: int = 1000, flags: int = 0, *, multipart: bool = False
    ) -> list[bytes] | list[list[bytes]]:
        """Receive up to `limit` whole messages, those that are there; see
        `zcffi.Socket.recv_many()`.
        """
        if multipart:
            return await self._receive(lambda f: _door.recv_many(self, limit, f, True), flags)
        return await self._receive(lambda f: _door.recv_many(self, limit, f), flags)

    async def recv_into(self, buffer: WriteableBuffer, flags: int = 0, *, nbytes: int = 0) -> int:
        """Receive one part into a writable buffer; see `zcffi.Socket.recv_into()`."""

        def attempt(f: int) -> int | None:
            size = _door.recv_into(self, buffer, nbytes, f)
            return None if size < 0 else size

        return await self._receive(attempt, flags)

    async def recv_string(self, flags: int = 0, *, encoding: str = "utf-8") -> str:
        """Receive one part as a text."""
        return (await self.recv(flags)).decode(encoding)

    async def recv_json(self, flags: int = 0) -> JSON:
        """Receive one part and read it as JSON."""
        import json

        value: JSON = json.loads(await self.recv(flags))
        return value

    # ---- Wait, watch ----

    async def poll(
        self, timeout: float | None = None, flags: PollEvent | int = PollEvent.POLLIN
    ) -> PollEvent:
        """Wait until the socket is ready for one of `flags`, at most `timeout` milliseconds (None,
        -1: for ever).

        Returns what it is ready for of these; 0, which is false, when the time was over.
        """
        poller: Poller[Socket] = Poller()
        poller.register(self, flags)
        found = await poller.poll(timeout)
        return found[0][1] if found else PollEvent(0)

    def monitor(self, events: Event | int = Event.ALL) -> Monitor:
        """Watch what happens to the socket's connections."""
        return Monitor(self, events)


class Monitor(BaseMonitor[Socket]):
    """The events of one socket, awaited; see `zcffi.Monitor`.

    async for event in socket.monitor(): ...
    """

    _socket_class = Socket

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
