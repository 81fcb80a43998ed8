"""The same classes for coroutines: `import zcffi.asyncio`, and await what waits.

    async with zcffi.asyncio.Context() as context, context.socket(SocketType.PULL) as pull: ...

A call first tries without waiting and returns at once when it can. Only then does it watch the
socket's descriptor in the running event loop. A message is taken in the very step that returns it:
cancelling a `recv()` never loses one.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from zcffi import _door
from zcffi._constants import Errno, Event, Flag, PollEvent, SocketType
from zcffi._door import QUIET
from zcffi._poll import milliseconds
from zcffi._socket import BaseSocket
from zcffi.context import BaseContext
from zcffi.errors import Again, ZMQError, error_for
from zcffi.message import Frame
from zcffi.monitor import MonitorEvent, parse_event, start, stop
from zcffi.poller import BasePoller, Pollable, _descriptor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._door import Message
    from zcffi.socket import JSON

    Data = ReadableBuffer | Message

__all__ = ["Context", "Monitor", "Poller", "Socket"]

_T = TypeVar("_T")
_P = TypeVar("_P", bound=Pollable)

_IN, _OUT = int(PollEvent.POLLIN), int(PollEvent.POLLOUT)
_DONTWAIT, _SNDMORE = int(Flag.DONTWAIT), int(Flag.SNDMORE)
_TRY = _DONTWAIT | QUIET

_LOOK_EVERY = 0.005
"""Seconds.

A descriptor that stays readable for something nobody waits for is not watched but looked at.
"""


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


class _Watch:
    """Who waits for a socket in an event loop, and for what."""

    __slots__ = ("fd", "loop", "pollers", "readers", "socket", "timer", "watching", "writers")

    def __init__(self, socket: Socket, loop: asyncio.AbstractEventLoop) -> None:
        self.socket = socket
        self.loop = loop
        self.fd = socket.fd
        self.readers: deque[asyncio.Future[None]] = deque()
        self.writers: deque[asyncio.Future[None]] = deque()
        self.pollers: dict[asyncio.Future[None], int] = {}
        self.watching = False
        self.timer: asyncio.TimerHandle | None = None

    def wanted(self) -> int:
        """What somebody waits for."""
        wanted = (_IN if self.readers else 0) | (_OUT if self.writers else 0)
        for flags in self.pollers.values():
            wanted |= flags
        return wanted

    def wake(self) -> None:
        """Look what the socket is ready for, wake who waits for it; watch on while somebody does.

        Called when the descriptor is readable, before each wait and after each call, since a call
        may take away what made the descriptor readable.
        """
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        try:
            events = _door.events(self.socket)
        except ZMQError as error:
            self.fail(error)
            return
        if events & _IN:
            _wake_first(self.readers)
        if events & _OUT:
            _wake_first(self.writers)
        for future, flags in self.pollers.items():
            if events & flags and not future.done():
                future.set_result(None)
        wanted = self.wanted()
        if events & _IN and not wanted & _IN:
            # It may stay readable: watching it would spin.
            self.unwatch()
            if wanted:
                self.timer = self.loop.call_later(_LOOK_EVERY, self.wake)
        elif wanted and not self.watching:
            self.loop.add_reader(self.fd, self.wake)
            self.watching = True

    def unwatch(self) -> None:
        """Watch the descriptor no more."""
        if self.watching and not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        self.watching = False

    def fail(self, error: BaseException) -> None:
        """End every wait with an error."""
        self.unwatch()
        for future in (*self.readers, *self.writers, *self.pollers):
            if not future.done():
                future.set_exception(error)
        self.readers.clear()
        self.writers.clear()
        self.pollers.clear()


def _wake_first(waiting: deque[asyncio.Future[None]]) -> None:
    """Wake who waits longest; whoever wakes passes it on."""
    for future in waiting:
        if future.done():
            if not future.cancelled():
                return  # woken already, and about to look
        else:
            future.set_result(None)
            return


class Socket(BaseSocket):
    """A socket whose calls are awaited; otherwise as `zcffi.Socket`, whose methods say more.

    Any number of tasks may wait on one socket; they are served in turn. Belongs to one event loop
    at a time.
    """

    __slots__ = ("_watch",)

    _shown_as = "zcffi.asyncio.Socket"
    _watch: _Watch | None

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

    # ---- Waiting ----

    def _watched(self) -> _Watch:
        """The watch in the running loop; a watch left in another, ended loop is forgotten."""
        loop = asyncio.get_running_loop()
        watch = self._watch
        if watch is None or watch.loop is not loop:
            if watch is not None:
                if not watch.loop.is_closed() and watch.wanted():
                    raise RuntimeError(f"{self!r} is awaited in another event loop")
                watch.unwatch()
            watch = self._watch = _Watch(self, loop)
        return watch

    async def _call(
        self, attempt: Callable[[], _T | None], flags: int, event: int, timeout: str, verb: str
    ) -> _T:
        """Attempt until it gives something; wait for `event` in between."""
        watch = self._watch
        waiting = None if watch is None else watch.readers if event == _IN else watch.writers
        if not waiting:
            result = attempt()
            if result is not None:
                return result
        if flags & _DONTWAIT:
            raise error_for(Errno.EAGAIN, verb)
        watch = self._watched()
        waiting = watch.readers if event == _IN else watch.writers
        limit: int = getattr(self, timeout)
        future: asyncio.Future[None] = watch.loop.create_future()
        waiting.append(future)
        try:
            async with asyncio.timeout(None if limit < 0 else limit / 1000):
                while True:
                    watch.wake()
                    await future
                    # From here to the return nothing waits: what is taken is handed over.
                    place = waiting.index(future)
                    result = attempt()
                    if result is not None:
                        return result
                    future = watch.loop.create_future()
                    waiting[place] = future
        except TimeoutError:
            raise error_for(Errno.EAGAIN, verb) from None
        finally:
            if future in waiting:
                waiting.remove(future)
            if self._watch is watch:
                watch.wake()

    async def _receive(self, attempt: Callable[[], _T | None], flags: int) -> _T:
        return await self._call(attempt, flags, _IN, "rcvtimeo", "receive")

    async def _sending(self, attempt: Callable[[], int], flags: int) -> int:
        def attempt_or_none() -> int | None:
            count = attempt()
            return None if count < 0 else count

        return await self._call(attempt_or_none, flags, _OUT, "sndtimeo", "send")

    # ---- Send ----

    async def send(
        self, data: Data, flags: int = 0, *, more: bool = False, copy: bool = True
    ) -> None:
        """Send one part; see `zcffi.Socket.send()`."""
        flags |= _SNDMORE if more else 0
        await self._sending(lambda: _door.send(self, data, flags | _TRY, copy), flags)

    async def send_multipart(
        self, parts: Iterable[Data], flags: int = 0, *, copy: bool = True
    ) -> None:
        """Send one whole message of several parts; see `zcffi.Socket.send_multipart()`."""
        whole = parts if isinstance(parts, (list, tuple, str, bytes, bytearray)) else list(parts)
        await self._sending(lambda: _door.send_multipart(self, whole, flags | _TRY, copy), flags)

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
                    lambda: _door.send_many(self, rest, flags | _TRY),  # noqa: B023
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
        await self.send(json.dumps(value, separators=(",", ":")).encode(), flags)

    # ---- Receive ----

    @overload
    async def recv(self, flags: int = 0, *, copy: Literal[True] = True) -> bytes: ...
    @overload
    async def recv(self, flags: int = 0, *, copy: Literal[False]) -> Frame: ...
    async def recv(self, flags: int = 0, *, copy: bool = True) -> bytes | Frame:
        """Receive one part; see `zcffi.Socket.recv()`."""
        if copy:
            return await self._receive(lambda: _door.recv(self, flags | _TRY), flags)
        return await self._receive(lambda: _door.recv_message(self, flags | _TRY, Frame), flags)

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
            return await self._receive(lambda: _door.recv_multipart(self, flags | _TRY), flags)
        return await self._receive(lambda: _door.recv_multipart(self, flags | _TRY, Frame), flags)

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
            return await self._receive(
                lambda: _door.recv_many(self, limit, flags | _TRY, True), flags
            )
        return await self._receive(lambda: _door.recv_many(self, limit, flags | _TRY), flags)

    async def recv_into(self, buffer: WriteableBuffer, flags: int = 0, *, nbytes: int = 0) -> int:
        """Receive one part into a writable buffer; see `zcffi.Socket.recv_into()`."""

        def attempt() -> int | None:
            size = _door.recv_into(self, buffer, nbytes, flags | _TRY)
            return None if size < 0 else size

        return await self._receive(attempt, flags)

    async def recv_string(self, flags: int = 0, *, encoding: str = "utf-8") -> str:
        """Receive one part as a text."""
        return (await self.recv(flags)).decode(encoding)

    async def recv_json(self, flags: int = 0) -> JSON:
        """Receive one part and read it as JSON."""
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
        watches: list[_Watch] = []
        reading: list[int] = []
        writing: list[int] = []

        def ready() -> None:
            if not future.done():
                future.set_result(None)

        try:
            for item, flags in self._watched.items():
                if isinstance(item, Socket):
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
                    if flags & (_IN | PollEvent.POLLERR | PollEvent.POLLPRI):
                        loop.add_reader(fd, ready)
                        reading.append(fd)
                    if flags & _OUT:
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
        self._socket.linger = 0
        self._socket.connect(endpoint)

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
