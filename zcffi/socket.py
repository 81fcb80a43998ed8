"""Socket: sending, receiving, waiting; Monitor: what happens to a socket's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, overload

from zcffi import _door
from zcffi._constants import Event, Flag, PollEvent
from zcffi._monitor import BaseMonitor, MonitorEvent, parse_event
from zcffi._poll import as_events, milliseconds, template
from zcffi._socket import BaseSocket
from zcffi.errors import Again
from zcffi.message import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._door import Message

    Data: TypeAlias = ReadableBuffer | Message

__all__ = ["JSON", "Monitor", "Socket"]

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

_SNDMORE = int(Flag.SNDMORE)

_send, _recv = _door.send, _door.recv
_send_multipart, _recv_multipart = _door.send_multipart, _door.recv_multipart


@_door.hot
class Socket(BaseSocket):
    """A socket of one of the types of `SocketType`; `Context.socket()` makes one.

    May be used from any thread, also by several at a time: whole messages are atomic (`send()` of a
    single part, `send_multipart()` and the batch calls, and what receives them). Options are
    attributes: `socket.sndhwm = 10`.

    Every call that waits is ended by a signal whose handler raises (Ctrl-C), by
    `Context.shutdown()` and by the socket's `sndtimeo` or `rcvtimeo`. Errors of all calls beside
    those named: `ContextTerminated` after the context's end, `ZMQError` with ENOTSOCK on a closed
    socket, `ForkedError` in the child of a fork.
    """

    __slots__ = ()

    # ---- Send ----

    def send(self, data: Data, flags: int = 0, *, more: bool = False, copy: bool = True) -> None:
        """Send one part: bytes, any contiguous buffer, or a `Frame`.

        Waits while no peer can take it, at most `sndtimeo` milliseconds. `flags`: `Flag.DONTWAIT`
        raises `Again` instead of waiting; `Flag.SNDMORE`, or `more=True`: more parts of the same
        message follow.

        `bytes` of 64 KiB and more go out without a copy, other large buffers with `copy=False`, by
        which the caller promises not to change them until they are sent.

        Raises `Again`, `WrongState` (REQ, REP: not their turn), `NotSupported` (the type only
        receives) and, with `router_mandatory`, `Unroutable`.
        """
        if copy and not more:
            _send(self, data, flags)
        else:
            _send(self, data, flags | _SNDMORE if more else flags, copy)

    def send_multipart(self, parts: Iterable[Data], flags: int = 0, *, copy: bool = True) -> None:
        """Send one whole message of several parts in one call; waits and raises as `send()`.

        Atomic: no part of another thread comes between.
        """
        _send_multipart(self, parts, flags, copy)

    def send_many(self, messages: Iterable[Data | Sequence[Data]], flags: int = 0) -> int:
        """Send many whole messages in one call. Each is one part, or a list or tuple of parts.
        Returns how many.

        Waits until all are sent. The number is smaller than that of the messages when
        `Flag.DONTWAIT` or `sndtimeo` or an error after the first message ended it. Raises as
        `send()` when not even the first could be sent.
        """
        return _door.send_many(self, messages, flags)

    def send_string(self, text: str, flags: int = 0, *, encoding: str = "utf-8") -> None:
        """Send a text as one part; waits and raises as `send()`."""
        _send(self, text.encode(encoding), flags)

    def send_json(self, value: object, flags: int = 0) -> None:
        """Send a value as JSON, in UTF-8, as one part; waits and raises as `send()`."""
        import json

        _send(self, json.dumps(value, separators=(",", ":")).encode(), flags)

    # ---- Receive ----

    @overload
    def recv(self, flags: int = 0, *, copy: Literal[True] = True) -> bytes: ...
    @overload
    def recv(self, flags: int = 0, *, copy: Literal[False]) -> Frame: ...
    def recv(self, flags: int = 0, *, copy: bool = True) -> bytes | Frame:
        """Receive one part; `rcvmore` tells whether more parts of the same message follow.

        Waits for a message, at most `rcvtimeo` milliseconds; with `Flag.DONTWAIT` not at all.
        `copy=False` gives a `Frame`, which saves the copy of large parts.

        Raises `Again` (nothing there in time), `WrongState` (REQ, REP: not their turn),
        `NotSupported` (the type only sends).
        """
        if copy:
            return _recv(self, flags)
        return _door.recv_message(self, flags, Frame)

    @overload
    def recv_multipart(self, flags: int = 0, *, copy: Literal[True] = True) -> list[bytes]: ...
    @overload
    def recv_multipart(self, flags: int = 0, *, copy: Literal[False]) -> list[Frame]: ...
    def recv_multipart(self, flags: int = 0, *, copy: bool = True) -> list[bytes] | list[Frame]:
        """Receive one whole message as a list of its parts, in one call; waits and raises as
        `recv()`.
        """
        if copy:
            return _recv_multipart(self, flags)
        return _recv_multipart(self, flags, Frame)

    @overload
    def recv_many(
        self, limit: int = 1000, flags: int = 0, *, multipart: Literal[False] = False
    ) -> list[bytes]: ...
    @overload
    def recv_many(
        self, limit: int = 1000, flags: int = 0, *, multipart: Literal[True]
    ) -> list[list[bytes]]: ...
    def recv_many(
        self, limit: int = 1000, flags: int = 0, *, multipart: bool = False
    ) -> list[bytes] | list[list[bytes]]:
        """Receive up to `limit` whole messages in one call: those that are there.

        Waits for the first one only, as `recv()`, and raises like it. Gives what so many calls of
        `recv()` would give, one entry for each part; with `multipart=True` what `recv_multipart()`
        would give, a list for each message.
        """
        if multipart:
            return _door.recv_many(self, limit, flags, True)
        return _door.recv_many(self, limit, flags)

    def recv_into(self, buffer: WriteableBuffer, flags: int = 0, *, nbytes: int = 0) -> int:
        """Receive one part into a writable buffer, its first `nbytes` bytes (0: all of it). Returns
        the part's size.

        A size above the room says that the rest of the part is lost. Waits and raises as `recv()`;
        raises `ValueError` when the buffer has no `nbytes` bytes, `BufferError` when it can't be
        written.
        """
        return _door.recv_into(self, buffer, nbytes, flags)

    def recv_string(self, flags: int = 0, *, encoding: str = "utf-8") -> str:
        """Receive one part as a text; waits and raises as `recv()`, and `UnicodeDecodeError`."""
        return _recv(self, flags).decode(encoding)

    def recv_json(self, flags: int = 0) -> JSON:
        """Receive one part and read it as JSON; waits and raises as `recv()`, and
        `json.JSONDecodeError`.
        """
        import json

        value: JSON = json.loads(_recv(self, flags))
        return value

    # ---- Wait, watch ----

    def poll(
        self, timeout: float | None = None, flags: PollEvent | int = PollEvent.POLLIN
    ) -> PollEvent:
        """Wait until the socket is ready for one of `flags`, at most `timeout` milliseconds (None
        or -1: for ever).

        Returns what it is ready for of these; 0, which is false, when the time was over.
        """
        wait = milliseconds(timeout)
        wanted = int(flags)
        ready = _door.events(self) & wanted
        if not ready and wait != 0:
            found = _door.poll(template([(self._pointer, 0, wanted)]), wait)
            ready = found[0][1] if found else 0
        return as_events(ready)

    def monitor(self, events: Event | int = Event.ALL) -> Monitor:
        """Watch what happens to the socket's connections: a `Monitor` that gives the events."""
        return Monitor(self, events)


class Monitor(BaseMonitor[Socket]):
    """The events of one socket, as a context manager and an iterator.

        with socket.monitor(Event.HANDSHAKE_SUCCEEDED) as monitor:
            monitor.recv(timeout=1000)

    The iteration waits for each event and ends when the socket is closed. A socket has one monitor:
    a second one ends the first. Events that nobody reads are dropped at the receive high-water
    mark; the socket never waits for them.
    """

    _socket_class = Socket

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
