"""Poller: wait for many sockets and descriptors at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from zcffi import _door
from zcffi._constants import Errno, PollEvent
from zcffi._ffi import HAS_ZCFFI, NULL
from zcffi._poll import as_events, milliseconds, template
from zcffi._socket import BaseSocket
from zcffi.errors import ZMQError, error_for

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Poller", "Pollable"]


class HasFileno(Protocol):
    """A file, a socket of Python's own, whatever has a descriptor."""

    def fileno(self) -> int:
        """The descriptor."""
        ...


Pollable: TypeAlias = BaseSocket | HasFileno | int

_P = TypeVar("_P", bound=Pollable)


class _Table(NamedTuple, Generic[_P]):
    """What is watched at one moment, so that several threads may wait while it changes."""

    items_in_c: bytes
    items: list[_P]
    sockets: list[BaseSocket]


class BasePoller(Generic[_P]):
    """What is watched, and for what."""

    def __init__(self) -> None:
        self._watched: dict[_P, int] = {}
        self._table: _Table[_P] | None = None

    def register(
        self, item: _P, flags: PollEvent | int = PollEvent.POLLIN | PollEvent.POLLOUT
    ) -> None:
        """Watch `item`, a socket, a descriptor or a file, for `flags`; 0 watches it no more.

        An item that is watched already is then watched for these `flags` instead.
        """
        if flags:
            _descriptor(item)
            self._watched[item] = int(flags)
        else:
            self._watched.pop(item, None)
        self._table = None

    def modify(
        self, item: _P, flags: PollEvent | int = PollEvent.POLLIN | PollEvent.POLLOUT
    ) -> None:
        """Watch `item` for `flags` instead; the same as `register()`."""
        self.register(item, flags)

    def unregister(self, item: _P) -> None:
        """Watch `item` no more. Raises `KeyError` when it is not watched."""
        del self._watched[item]
        self._table = None

    def __contains__(self, item: object) -> bool:
        return item in self._watched

    def __len__(self) -> int:
        return len(self._watched)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watched.clear()
        self._table = None

    def _look(self, timeout: int) -> list[tuple[_P, PollEvent]]:
        """Wait in the core, at most `timeout` milliseconds."""
        table = self._table or self._prepare()
        if not HAS_ZCFFI:  # libzmq would look into the memory of a socket that was closed
            _check_open(table.sockets)
        try:
            found = _door.poll(table.items_in_c, timeout)
        except ZMQError:
            _check_open(table.sockets)  # tells which one
            raise
        if not found:
            return []
        return [(table.items[index], as_events(events)) for index, events in found]

    def _prepare(self) -> _Table[_P]:
        """Lay out what is watched as the core wants it; kept until it changes."""
        watched = dict(self._watched)
        sockets: list[BaseSocket] = [item for item in watched if isinstance(item, BaseSocket)]
        _check_open(sockets)
        rows = [
            (item._pointer, 0, flags)
            if isinstance(item, BaseSocket)
            else (NULL, _descriptor(item), flags)
            for item, flags in watched.items()
        ]
        table = self._table = _Table(template(rows), list(watched), sockets)
        return table


class Poller(BasePoller[_P]):
    """Wait for many sockets, descriptors and files at once.

        poller = Poller()
        poller.register(socket, PollEvent.POLLIN)
        for item, events in poller.poll(1000): ...

    Several threads may wait on one poller; registering meanwhile counts from the next `poll()` on.
    """

    def poll(self, timeout: float | None = None) -> list[tuple[_P, PollEvent]]:
        """Wait until something is ready, at most `timeout` milliseconds (None or -1: for ever; 0:
        only look).

        Returns a list of (item, events); empty when the time was over. Raises `ContextTerminated`,
        and `ZMQError` with ENOTSOCK when a watched socket was closed.
        """
        return self._look(milliseconds(timeout))


def _check_open(sockets: list[BaseSocket]) -> None:
    """Raise when one of them was closed."""
    for socket in sockets:
        if not socket._handle:
            raise error_for(Errno.ENOTSOCK, "poll", repr(socket)) from None


def _descriptor(item: Pollable) -> int:
    """The descriptor of an item; 0 for a socket of ours, which is not watched by it."""
    if isinstance(item, BaseSocket):
        return 0
    if isinstance(item, int):
        fd = item
    elif hasattr(item, "fileno"):
        fd = item.fileno()
    else:
        raise TypeError(
            f"a poller watches sockets, descriptors and files, not {type(item).__name__}"
        )
    if fd < 0:
        raise ValueError(f"{item!r} has no open descriptor")
    return fd
