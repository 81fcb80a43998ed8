"""zmq.Frame: pyzmq's names and arguments over `zcffi.Frame`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import Errno, MessageOption
from zcffi.errors import ZMQError
from zcffi.message import Frame as PlainFrame
from zcffi.zmq._tracker import MessageTracker

if TYPE_CHECKING:
    from typing import Self

    from _typeshed import ReadableBuffer

    from zcffi._door import Message

__all__ = ["Frame"]


class Frame(PlainFrame):
    """One part of a message; two frames are equal when they are the same object, as with pyzmq."""

    __slots__ = ("_tracker",)

    _tracker: MessageTracker | None

    def __new__(
        cls,
        data: ReadableBuffer | Message | None = None,
        track: bool = False,
        copy: bool | None = None,
        copy_threshold: int | None = None,
    ) -> Self:
        """Make one of a buffer; with `track=True` its `tracker` tells when the buffer is free.

        What is given is copied, so that is at once. `copy` and `copy_threshold` are taken for
        pyzmq's sake.
        """
        self = super().__new__(cls) if data is None else super().__new__(cls, data)
        self._tracker = MessageTracker() if track else None
        return self

    def __init__(
        self,
        data: ReadableBuffer | Message | None = None,
        track: bool = False,
        copy: bool | None = None,
        copy_threshold: int | None = None,
    ) -> None:
        pass

    @property
    def tracker(self) -> MessageTracker | None:
        """Tells when the buffer it was made of is free; None unless `track=True` asked for it."""
        return getattr(self, "_tracker", None)

    def get(self, option: MessageOption | int | str) -> int | str:
        """A property by its number or name; `ZMQError` (EINVAL) when there is none."""
        try:
            return super().get(option)
        except KeyError:
            raise ZMQError(Errno.EINVAL, f"no property {option!r}") from None

    def set(self, option: int, value: int) -> None:
        """Refused: the core has no property that a program may set."""
        raise ZMQError(Errno.EINVAL, f"property {option} can't be set")

    def __getitem__(self, key: int | str) -> int | str:  # type: ignore[override]
        return self.get(key)

    __eq__ = object.__eq__
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return type(self)(self)

    def __deepcopy__(self, memo: object) -> Self:
        return type(self)(self)

    def __reduce__(self) -> str:
        raise TypeError("a Frame can't be pickled: pickle its bytes")

    def __str__(self) -> str:
        return repr(self)
