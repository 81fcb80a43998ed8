"""Single parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zcffi._ffi import ffi, lib
from zcffi._pure.call import receiving, sending
from zcffi._pure.message import Message, new_message, spare, take, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._pure.call import Socket

__all__ = ["recv", "recv_into", "recv_message", "send"]

_M = TypeVar("_M", bound=Message)


def send(
    socket: Socket,
    data: ReadableBuffer | Message,
    flags: int = 0,
    copy: bool = True,
    released: Callable[[], object] | None = None,
    /,
) -> int:
    """Send one part. Returns 0, the number of buffers lent; -1 with QUIET."""
    pointer = socket._handle
    if isinstance(data, Message):
        message = new_message()
        lib.zmq_msg_copy(message, data._cdata)
        return sending(lambda f: min(0, lib.zcpy_msg_send(message, pointer, f)), socket, flags)
    content = to_bytes(data)
    size = len(content)
    return sending(lambda f: min(0, lib.zcpy_send(pointer, content, size, f)), socket, flags)


def recv(socket: Socket, flags: int = 0, /) -> bytes:
    """Receive one part; None with QUIET."""
    pointer = socket._handle
    message = spare.pop() if spare else new_message()
    try:
        if receiving(lambda f: lib.zcpy_msg_recv(message, pointer, f), socket, flags) < 0:
            return None  # type: ignore[return-value]
        return take(message)
    finally:
        spare.append(message)


def recv_into(socket: Socket, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0, /) -> int:
    """Receive one part into a buffer. Returns the size of the part; -1 with QUIET."""
    pointer = socket._handle
    target = ffi.from_buffer("char[]", buffer, True)
    room = len(memoryview(buffer).cast("B"))
    if not 0 <= nbytes <= room:
        raise ValueError(f"recv_into() can't use {nbytes} of the buffer's {room} bytes")
    size = nbytes or room
    return receiving(lambda f: lib.zcpy_recv(pointer, target, size, f), socket, flags)


def recv_message(socket: Socket, flags: int, type: type[_M], /) -> _M:
    """Receive one part as a message of the class given; None with QUIET."""
    pointer = socket._handle
    result = type()
    if receiving(lambda f: lib.zcpy_msg_recv(result._cdata, pointer, f), socket, flags) < 0:
        return None  # type: ignore[return-value]
    return result
