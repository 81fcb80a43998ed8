"""Socket: whose calls are awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from zcffi import _door
from zcffi._constants import Errno, Event, Flag, PollEvent, SocketType
from zcffi._door import QUIET
from zcffi._socket import BaseSocket
from zcffi.asyncio._watch import IN, OUT, Watch
from zcffi.errors import ZMQError, error_for
from zcffi.message import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._door import Message
    from zcffi.asyncio._monitor import Monitor
    from zcffi.asyncio._watch import Line
    from zcffi.context import BaseContext
    from zcffi.socket import JSON

    Data = ReadableBuffer | Message

__all__ = ["Socket"]

_T = TypeVar("_T")

_DONTWAIT, _SNDMORE = int(Flag.DONTWAIT), int(Flag.SNDMORE)
_TRY = _DONTWAIT | QUIET


class Socket(BaseSocket):
    """A socket whose calls are awaited; otherwise as `zcffi.Socket`, whose methods say more.

    Any number of tasks may wait on one socket; they are served in turn. Belongs to one event loop
    at a time.
    """

    __slots__ = ("_watch",)

    _shown_as = "zcffi.asyncio.Socket"
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
        from zcffi.asyncio._poller import Poller

        poller: Poller[Socket] = Poller()
        poller.register(self, flags)
        found = await poller.poll(timeout)
        return found[0][1] if found else PollEvent(0)

    def monitor(self, events: Event | int = Event.ALL) -> Monitor:
        """Watch what happens to the socket's connections."""
        from zcffi.asyncio._monitor import Monitor

        return Monitor(self, events)
