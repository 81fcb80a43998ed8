"""Frame: one part of a message, in the core's own memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import MessageOption
from zcffi._door import Message

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

__all__ = ["Frame"]


class Frame(Message):
    """One part of a message, without a copy into `bytes`.

    `recv(copy=False)` gives one; it may be sent again, as often as wanted, without its bytes being
    copied. `Frame(data)` makes one of any contiguous buffer; with `copy=False` large data is only
    lent, and must not change as long as the frame or a message sent from it lives.

    `memoryview(frame)` and `frame.buffer` are read-only views that keep the message alive (the
    former needs Python 3.12 with `ZCFFI_PURE_CFFI=1`).
    """

    __slots__ = ()

    @property
    def bytes(self) -> builtins.bytes:
        """A copy of the content."""
        return self.buffer.tobytes()

    @property
    def buffer(self) -> memoryview:
        """A read-only view of the content; keeps the message alive."""
        return _view(self)

    @property
    def more(self) -> bool:
        """Whether more parts of the same received message follow."""
        return bool(self.get_property(MessageOption.MORE))

    def get(self, option: MessageOption | int | str) -> int | str:
        """A property by its number (`MessageOption`), or by its name what is known about the
        sender.

        Names: "Socket-Type", "Routing-Id", "User-Id", "Peer-Address", what the peer told of itself
        ("X-...") and what authentication added. Raises `InvalidArgument` for an unknown number,
        `KeyError` for a name that is not there.
        """
        if not isinstance(option, str):
            return self.get_property(int(option))
        text = self.get_metadata(option)
        if text is None:
            raise KeyError(option)
        return text

    def __getitem__(self, name: str) -> str:
        return str(self.get(name))

    def __iter__(self) -> Iterator[int]:
        return iter(self.buffer)

    def __bytes__(self) -> builtins.bytes:
        return self.bytes

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Frame):
            return self.buffer == other.buffer
        if isinstance(other, (bytes, bytearray, memoryview)):
            return self.buffer == other
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        start = self.buffer[:32].tobytes()
        dots = "..." if len(self) > len(start) else ""
        return f"<zcffi.{type(self).__name__} {start!r}{dots} {len(self)} bytes>"


def _view(message: Message) -> memoryview:
    """A view through either door: before 3.12 a Python class can't offer the buffer protocol."""
    offer = getattr(type(message), "__buffer__", None)
    return memoryview(message) if offer is None else offer(message, 0)
