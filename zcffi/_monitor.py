"""What monitors of every kind share: a socket's events, how they are asked for and read."""

from __future__ import annotations

import itertools
import os
import struct
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from zcffi._constants import Event, SocketType
from zcffi._ffi import HAS_ZCFFI, NULL, ffi, lib
from zcffi.errors import NotSupported, error_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from zcffi._socket import BaseSocket

__all__ = ["BaseMonitor", "MonitorEvent", "parse_event", "start", "stop"]

_S = TypeVar("_S", bound="BaseSocket")

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


class BaseMonitor(Generic[_S]):
    """Starting and stopping; receiving differs by kind."""

    _socket_class: type[_S]
    """Of the socket that the events come from."""

    def __init__(self, socket: _S, events: Event | int = Event.ALL) -> None:
        context = socket._context
        if context is None:
            raise NotSupported(msg="a shadow socket has no context to make its monitor in")
        self._watched = socket
        endpoint = start(socket, events)
        self._socket = self._socket_class(context, SocketType.PAIR)
        try:
            self._socket.linger = 0
            self._socket.connect(endpoint)
        except BaseException:
            self.close()
            raise

    @property
    def socket(self) -> _S:
        """The PAIR socket that the events come from, for a `Poller`.

        `zcffi.monitor.parse_event()` reads its messages, of several parts.
        """
        return self._socket

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
    """The event that a message tells of, in the form of zcffi or of libzmq."""
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
