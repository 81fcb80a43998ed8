"""Whole messages and batches."""

from __future__ import annotations

from array import array
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from zcffi._constants import Flag, MessageOption
from zcffi._ffi import HAS_ZCFFI, ffi, lib
from zcffi._pure.call import DONTWAIT, EINTR, QUIET, receiving, sending
from zcffi._pure.message import Message, new_message, spare, take, to_bytes
from zcffi._pure.single import recv_message
from zcffi.errors import MessageTooLong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _typeshed import ReadableBuffer

    from zcffi._cffi import CData
    from zcffi._pure.call import Socket

__all__ = ["recv_many", "recv_multipart", "send_many", "send_multipart"]

BATCH = 512  # messages passed to the core at once
ARENA = 65536  # bytes kept for whole messages and batches
SIZES = 1024  # parts that fit into it
PARTS = 8  # parts of a message for which there is room at first
MORE = int(MessageOption.MORE)
SNDMORE = int(Flag.SNDMORE)

_T = TypeVar("_T")
_M = TypeVar("_M", bound=Message)


class _Arena:
    """Room for whole messages and batches, and for the sizes of their parts."""

    __slots__ = ("bytes", "data", "sizes")

    def __init__(self, size: int = ARENA, parts: int = SIZES) -> None:
        self.data = ffi.new("char[]", size)
        self.bytes = ffi.buffer(self.data)
        self.sizes = ffi.new("uint64_t[]", parts)


# Arenas that are nobody's; see `message.spare`.
_arenas: list[_Arena] = []

# ---- Whole messages ----


def _tuple(items: Iterable[_T], cure: str) -> tuple[_T, ...]:
    """What an iterable holds; a buffer is refused: it is a single part."""
    if isinstance(items, (str, bytes, bytearray, memoryview, Message)):
        raise TypeError(cure)
    return tuple(items)


def send_multipart(
    socket: Socket,
    parts: Iterable[ReadableBuffer | Message],
    flags: int = 0,
    copy: bool = True,
    released: Callable[[], object] | None = None,
    /,
) -> int:
    """Send one whole message. Returns 0, the number of buffers lent; -1 with QUIET."""
    whole = _tuple(
        parts, "send_multipart() needs a sequence of parts: for a single part use send()"
    )
    if not whole:
        raise ValueError("send_multipart() needs one part or more; a part may be empty: [b'']")
    contents = [to_bytes(part) for part in whole]
    return min(0, sending(_sender(socket, [contents]), socket, flags))


def _sender(socket: Socket, messages: Sequence[Sequence[bytes]]) -> Callable[[int], int]:
    """What sends these messages: returns how many parts were accepted, whole messages; or -1."""
    pointer = socket._handle
    if not HAS_ZCFFI:
        return lambda f: _send_one_by_one(pointer, messages, f)
    buffer = b"".join(chain.from_iterable(messages))
    sizes = array("Q")
    for parts in messages:
        sizes.extend([2 * len(part) + 1 for part in parts])
        sizes[-1] -= 1
    cdata, count = ffi.from_buffer("uint64_t[]", sizes), len(sizes)
    return lambda f: lib.zcpy_send_packed(pointer, buffer, cdata, count, f)


def _send_one_by_one(pointer: CData, messages: Sequence[Sequence[bytes]], flags: int) -> int:
    """For libzmq. Once the first part of a message is accepted the others don't wait."""
    sent = 0
    for parts in messages:
        last = len(parts) - 1
        for i, part in enumerate(parts):
            wait = flags | (DONTWAIT if sent else 0) if i == 0 else 0
            rc = -EINTR
            while rc == -EINTR:
                rc = lib.zcpy_send(pointer, part, len(part), wait | (SNDMORE if i < last else 0))
                if rc < 0 and (i == 0 or rc != -EINTR):
                    return sent or rc
        sent += len(parts)
    return sent


@overload
def recv_multipart(socket: Socket, flags: int = 0, type: None = None, /) -> list[bytes]: ...
@overload
def recv_multipart(socket: Socket, flags: int, type: type[_M], /) -> list[_M]: ...
def recv_multipart(
    socket: Socket, flags: int = 0, type: type[_M] | None = None, /
) -> list[bytes] | list[_M]:
    """Receive one whole message; None with QUIET."""
    if type is not None:
        return _recv_messages(socket, flags, type)
    messages = _receive_batch(socket, 1, flags)
    return messages[0] if messages is not None else None  # type: ignore[return-value]


def _recv_messages(socket: Socket, flags: int, type: type[_M]) -> list[_M]:
    """One whole message, each part in a message of its own; None with QUIET."""
    if not HAS_ZCFFI:
        return _recv_part_by_part(socket, flags, type)
    room = PARTS
    while True:
        pointer, received = socket._handle, ffi.new("zmq_msg_t[]", room)

        def attempt(flags: int) -> int:
            return lib.zcpy_recv_parts(pointer, received, room, flags)  # noqa: B023

        try:
            count = receiving(attempt, socket, flags)
        except MessageTooLong:
            room *= 8
        else:
            break
    if count < 0:
        return None  # type: ignore[return-value]
    parts = [type() for _ in range(count)]
    for i, part in enumerate(parts):
        lib.zmq_msg_move(part._cdata, ffi.addressof(received, i))
    return parts


def _recv_part_by_part(socket: Socket, flags: int, type: type[_M]) -> list[_M]:
    """For libzmq."""
    first = recv_message(socket, flags, type)
    if first is None:
        return None
    parts = [first]
    while parts[-1].get_property(MORE):
        parts.append(recv_message(socket, 0, type))
    return parts


# ---- Batches ----


def send_many(
    socket: Socket,
    messages: Iterable[ReadableBuffer | Message | Sequence[ReadableBuffer | Message]],
    flags: int = 0,
    /,
) -> int:
    """Send many whole messages. Returns how many were sent; -1 with QUIET for none."""
    cure = "send_many() needs a sequence of messages: for a single one use send()"
    whole: list[list[bytes]] = []
    for message in _tuple(messages, cure):
        if not isinstance(message, (list, tuple)):
            whole.append([to_bytes(message)])  # type: ignore[arg-type]
        elif message:
            whole.append([to_bytes(part) for part in message])
        else:
            raise ValueError(
                "a message of a batch needs one part or more; a part may be empty: [b'']"
            )
    sent = 0
    while sent < len(whole):
        batch = whole[sent : sent + BATCH]
        try:
            rc = sending(_sender(socket, batch), socket, flags | (QUIET if sent else 0))
        except OSError:
            if sent == 0:
                raise
            break  # the next call tells; this one tells what was sent
        if rc < 0:
            return sent or -1
        ends = list(accumulate(map(len, batch)))
        sent += ends.index(rc) + 1
    return sent


@overload
def recv_many(
    socket: Socket, limit: int, flags: int = 0, multipart: Literal[False] = False, /
) -> list[bytes]: ...
@overload
def recv_many(
    socket: Socket, limit: int, flags: int, multipart: Literal[True], /
) -> list[list[bytes]]: ...
def recv_many(
    socket: Socket, limit: int, flags: int = 0, multipart: bool = False, /
) -> list[bytes] | list[list[bytes]]:
    """Receive up to `limit` whole messages, those that are there; None with QUIET."""
    if limit < 1:
        raise ValueError(f"recv_many() needs a limit of 1 or more, not {limit}")
    found = _receive_batch(socket, limit, flags)
    while found and len(found) < limit:
        try:
            more = _receive_batch(socket, limit - len(found), flags | DONTWAIT | QUIET)
        except OSError:
            break  # the next call tells; this one hands out what came
        if more is None:
            break
        found += more
    if found is None or multipart:
        return found  # type: ignore[return-value]
    return list(chain.from_iterable(found))


def _receive_batch(socket: Socket, limit: int, flags: int) -> list[list[bytes]] | None:
    """Up to `limit` whole messages in one crossing, or a loop of them on libzmq."""
    if not HAS_ZCFFI:
        return _receive_one_by_one(socket, limit, flags)
    arena = kept = _arenas.pop() if _arenas else _Arena()
    try:
        while True:
            try:
                count = receiving(_packer(socket._handle, arena, limit), socket, flags)
            except MessageTooLong:
                room, parts = (int(arena.sizes[i]) for i in range(2))
                arena = _Arena(max(ARENA, room), max(SIZES, parts))
            else:
                return _unpack(arena, count) if count >= 0 else None
    finally:
        _arenas.append(kept)


def _packer(pointer: CData, arena: _Arena, limit: int) -> Callable[[int], int]:
    """What receives up to `limit` messages into an arena: returns how many parts, or -1."""
    room, parts = len(arena.bytes), ffi.sizeof(arena.sizes) // 8
    return lambda flags: lib.zcpy_recv_packed(
        pointer, arena.data, room, arena.sizes, parts, limit, flags
    )


def _unpack(arena: _Arena, count: int) -> list[list[bytes]]:
    """The messages in an arena."""
    messages: list[list[bytes]] = []
    parts: list[bytes] = []
    at = 0
    for size in ffi.unpack(arena.sizes, count):
        end = at + (size >> 1)
        parts.append(arena.bytes[at:end])
        at = end
        if not size & 1:
            messages.append(parts)
            parts = []
    return messages


def _receive_one_by_one(socket: Socket, limit: int, flags: int) -> list[list[bytes]] | None:
    """For libzmq. Once the first part of a message is there the others are, too."""
    messages: list[list[bytes]] = []
    message = spare.pop() if spare else new_message()
    pointer = socket._handle

    def receive(flags: int) -> int:
        return lib.zcpy_msg_recv(message, pointer, flags)

    try:
        while len(messages) < limit:
            if receiving(receive, socket, flags | (DONTWAIT | QUIET if messages else 0)) < 0:
                break
            more = lib.zmq_msg_more(message)
            parts = [take(message)]
            while more:
                receiving(receive, socket, 0)
                more = lib.zmq_msg_more(message)
                parts.append(take(message))
            messages.append(parts)
    finally:
        spare.append(message)
    return messages or None
