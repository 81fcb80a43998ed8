"""Poller: wait for many sockets and descriptors at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from zcffi import _door
from zcffi._constants import Errno, PollEvent
from zcffi._ffi import NULL
from zcffi._poll import milliseconds, template
from zcffi._socket import BaseSocket
from zcffi.errors import error_for

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


class BasePoller(Generic[_P]):
    """What is watched, and for what."""

    def __init__(self) -> None:
        self._watched: dict[_P, int] = {}
        self._template: bytes | None = None

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
        self._template = None

    def modify(
        self, item: _P, flags: PollEvent | int = PollEvent.POLLIN | PollEvent.POLLOUT
    ) -> None:
        """Watch `item` for `flags` instead; the same as `register()`."""
        self.register(item, flags)

    def unregister(self, item: _P) -> None:
        """Watch `item` no more. Raises `KeyError` when it is not watched."""
        del self._watched[item]
        self._template = None

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
        self._template = None

    def _look(self, timeout: int) -> list[tuple[_P, PollEvent]]:
        """Wait in the core, at most `timeout` milliseconds."""
        items = list(self._watched)
        for item in items:
            if isinstance(item, BaseSocket) and item._pointer == NULL:
                raise error_for(Errno.ENOTSOCK, "poll", repr(item))
        table = self._template
        if table is None:
            table = self._template = template(
                [
                    (item._pointer, 0, flags)
                    if isinstance(item, BaseSocket)
                    else (NULL, _descriptor(item), flags)
                    for item, flags in self._watched.items()
                ]
            )
        return [(items[index], PollEvent(events)) for index, events in _door.poll(table, timeout)]


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
