"""Monitor: what happens to a socket's connections."""

from __future__ import annotations

import itertools
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from zcffi._constants import Event, Flag, PollEvent, SocketType
from zcffi._ffi import HAS_ZCFFI, NULL, ffi, lib
from zcffi.errors import Again, NotSupported, error_for
from zcffi.socket import Socket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from zcffi._socket import BaseSocket

__all__ = ["Monitor", "MonitorEvent", "parse_event"]

_names = itertools.count(1)
_V1_BITS = 0xFFFF  # libzmq's monitors know no other events


class MonitorEvent(NamedTuple):
    """One event of a socket."""

    event: Event
    """What happened."""
    value: int
    """What belongs to it: a descriptor, an errno, milliseconds...; see the reference of events."""
    endpoint: str
    """Where: our own address for what was bound, the peer's for what was connected."""
    peer: str = ""
    """The peer's address, where it is known (zcffi only)."""
    text: str = ""
    """What happened in words, for zcffi's own events."""


class Monitor:
    """The events of one socket, as a context manager and an iterator.

        with socket.monitor(Event.HANDSHAKE_SUCCEEDED) as monitor:
            monitor.recv(timeout=1000)

    The iteration waits for each event and ends when the socket is closed. A socket has one monitor:
    a second one ends the first. Events that nobody reads are dropped at the receive high-water
    mark; the socket never waits for them.
    """

    def __init__(self, socket: BaseSocket, events: Event | int = Event.ALL) -> None:
        context = socket._context
        if context is None:
            raise NotSupported(msg="a shadow socket has no context to make its monitor in")
        self._watched: BaseSocket = socket
        endpoint = start(socket, events)
        self._socket = Socket(context, SocketType.PAIR)
        try:
            self._socket.linger = 0
            self._socket.connect(endpoint)
        except BaseException:
            self.close()
            raise

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

    @property
    def socket(self) -> Socket:
        """The PAIR socket that the events come from, for a `Poller`.

        `parse_event()` reads its messages.
        """
        return self._socket

    def __iter__(self) -> Iterator[MonitorEvent]:
        while True:
            event = self.recv()
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


def start(socket: BaseSocket, events: Event | int, endpoint: str | None = None) -> str:
    """Have a socket report `events` at an inproc endpoint, a new one unless given. Returns it."""
    if endpoint is None:
        endpoint = f"inproc://zcffi.monitor.{os.getpid()}.{next(_names)}"
    name = endpoint.encode()
    if HAS_ZCFFI:
        rc = lib.zcffi_socket_monitor(socket._pointer, name, int(events))
    else:
        rc = lib.zmq_socket_monitor(socket._pointer, name, int(events) & _V1_BITS)
    if rc < 0:
        raise error_for(ffi.errno, "monitor", repr(endpoint))
    return endpoint


def stop(socket: BaseSocket) -> None:
    """Have a socket report nothing more; quietly when it has ended meanwhile."""
    lib.zmq_socket_monitor(socket._pointer, NULL, 0)


def parse_event(parts: Sequence[bytes]) -> MonitorEvent:
    """Read the message of an event, in the form of zcffi or of libzmq."""
    if len(parts) == 2:
        number, value = struct.unpack("=HI", parts[0])
        return MonitorEvent(Event(number), value, parts[1].decode("utf-8", "replace"))
    number, count = (struct.unpack("=Q", part)[0] for part in parts[:2])
    values = [struct.unpack("=Q", part)[0] for part in parts[2 : 2 + count]]
    local, remote, *text = (part.decode("utf-8", "replace") for part in parts[2 + count :])
    return MonitorEvent(
        Event(number),
        values[0] if values else 0,
        local or remote,
        remote,
        text[0] if text else "",
    )
