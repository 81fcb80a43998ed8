"""Message: one part in the core's own memory; and how Python's buffers become bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from zcffi._ffi import ffi, lib
from zcffi.errors import error_for

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from zcffi._cffi import CData

__all__ = ["Message", "new_message", "spare", "take", "to_bytes"]

KEPT = 4096  # bytes: a larger message is released at once, not when the next one arrives

# Empty messages that are nobody's. A call takes one and puts it back, so that a signal handler,
# another thread or another greenlet that calls in between has its own.
spare: list[CData] = []


def new_message() -> CData:
    """An empty message that is closed when it is collected."""
    message = ffi.gc(ffi.new("zmq_msg_t *"), lib.zmq_msg_close)
    lib.zmq_msg_init(message)
    return message


def take(message: CData) -> bytes:
    """The content of a message, which is then released if it is large."""
    size = lib.zmq_msg_size(message)
    content = ffi.unpack(ffi.cast("char *", lib.zmq_msg_data(message)), size)
    if size > KEPT:
        lib.zmq_msg_close(message)
        lib.zmq_msg_init(message)
    return content


class Message:
    """One part of a message, in the core's own memory."""

    __slots__ = ("_cdata",)

    _cdata: CData

    def __new__(cls, data: ReadableBuffer | Message | None = None, copy: bool = True) -> Self:
        self = super().__new__(cls)
        self._cdata = new_message()
        if isinstance(data, Message):
            lib.zmq_msg_copy(self._cdata, data._cdata)
        elif data is not None:
            content = to_bytes(data)
            if lib.zmq_msg_init_size(self._cdata, len(content)) < 0:
                raise error_for(ffi.errno, "send")
            ffi.memmove(lib.zmq_msg_data(self._cdata), content, len(content))
        return self

    def __init__(self, data: ReadableBuffer | Message | None = None, copy: bool = True) -> None:
        pass

    def __len__(self) -> int:
        return lib.zmq_msg_size(self._cdata)

    def __buffer__(self, flags: int, /) -> memoryview:
        # The array holds the message: cffi keeps what `ffi.gc` was given alive through it.
        size = len(self)
        view = ffi.gc(ffi.cast("char *", lib.zmq_msg_data(self._cdata)), _Keep(self._cdata))
        return memoryview(ffi.buffer(view, size)).toreadonly()  # type: ignore[arg-type]

    def get_property(self, number: int, /) -> int:
        value = lib.zmq_msg_get(self._cdata, number)
        if value == -1 and number != 2:  # SRCFD is -1 for none
            raise error_for(ffi.errno, "get")
        return value

    def get_metadata(self, name: str, /) -> str | None:
        text = lib.zmq_msg_gets(self._cdata, name.encode())
        return ffi.string(text).decode("utf-8", "surrogateescape") if text else None


class _Keep:
    """A destructor that does nothing but hold an object until then."""

    __slots__ = ("kept",)

    def __init__(self, kept: object) -> None:
        self.kept = kept

    def __call__(self, _: object) -> None:
        self.kept = None


def to_bytes(data: ReadableBuffer | Message) -> bytes:
    """The content as bytes; what is no buffer is refused with the cure."""
    if type(data) is bytes:
        return data
    if isinstance(data, str):
        raise TypeError("a message needs bytes, not str: use send_string(), or encode it first")
    if isinstance(data, Message):
        return ffi.unpack(ffi.cast("char *", lib.zmq_msg_data(data._cdata)), len(data))
    try:
        view = memoryview(data)
    except TypeError:
        name = type(data).__name__
        raise TypeError(f"a message needs bytes or another contiguous buffer, not {name}") from None
    if not view.c_contiguous:
        raise BufferError("a message needs a contiguous buffer: copy it with bytes() first")
    return view.tobytes()
