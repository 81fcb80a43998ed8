"""The hot calls through cffi alone: what `_fast` does on CPython, for PyPy and for
`ZCFFI_PURE_CFFI=1`.

Every crossing costs here, so there are few: a part is received into a message that is used again
and again, a whole message or a batch into an arena likewise, and goes out from a single joined
buffer. No `ffi.new` for each message.
"""

from __future__ import annotations

import errno
import time
from array import array
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Literal, Self, TypeVar, overload

from zcffi._constants import Flag, PollEvent, SocketOption
from zcffi._ffi import HAS_ZCFFI, ffi, lib
from zcffi.errors import MessageTooLong, error_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._cffi import CData
    from zcffi._ffi import Handle

QUIET = 1 << 16
EAGAIN, EINTR = errno.EAGAIN, errno.EINTR
BATCH = 512  # messages passed to the core at once
KEPT = 4096  # bytes: a larger message is released at once, not when the next one arrives
ARENA = 65536  # bytes kept for whole messages and batches
SIZES = 1024  # parts that fit into it
DONTWAIT = int(Flag.DONTWAIT)
SNDMORE = int(Flag.SNDMORE)
POLLIN, POLLOUT = int(PollEvent.POLLIN), int(PollEvent.POLLOUT)
SNDTIMEO, RCVTIMEO = int(SocketOption.SNDTIMEO), int(SocketOption.RCVTIMEO)
EVENTS = int(SocketOption.EVENTS)

_T = TypeVar("_T")
_M = TypeVar("_M", bound="Message")


class _Arena:
    """Room for whole messages and batches, and for the sizes of their parts."""

    __slots__ = ("bytes", "data", "sizes")

    def __init__(self, size: int = ARENA, parts: int = SIZES) -> None:
        self.data = ffi.new("char[]", size)
        self.bytes = ffi.buffer(self.data)
        self.sizes = ffi.new("uint64_t[]", parts)


# What lies here is nobody's. A call takes one and puts it back, so that a signal handler, another
# thread or another greenlet that calls in between has its own.
_messages: list[CData] = []
_arenas: list[_Arena] = []


def _new_message() -> CData:
    """An empty message that is closed when it is collected."""
    message = ffi.gc(ffi.new("zmq_msg_t *"), lib.zmq_msg_close)
    lib.zmq_msg_init(message)
    return message


class Message:
    """One part of a message, in the core's own memory."""

    __slots__ = ("_cdata",)

    _cdata: CData

    def __new__(cls, data: ReadableBuffer | Message | None = None, copy: bool = True) -> Self:
        self = super().__new__(cls)
        self._cdata = _new_message()
        if isinstance(data, Message):
            lib.zmq_msg_copy(self._cdata, data._cdata)
        elif data is not None:
            content = _to_bytes(data)
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


def _to_bytes(data: ReadableBuffer | Message) -> bytes:
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


# ---- One call: wait through signals ----


def _perform(
    attempt: Callable[[int], int], socket: Handle, flags: int, verb: str, event: int, option: int
) -> int:
    """Call until it succeeds or fails for good.

    `attempt(flags)` gives 0 or more, or a negative errno. Returns -1 when it would have to wait and
    QUIET is set.
    """
    started = 0.0 if flags & DONTWAIT else time.monotonic()
    rc = attempt(flags & ~QUIET)
    return rc if rc >= 0 else _go_on(rc, started, attempt, socket, flags, verb, event, option)


def _go_on(
    rc: int,
    started: float,
    attempt: Callable[[int], int],
    socket: Handle,
    flags: int,
    verb: str,
    event: int,
    option: int,
) -> int:
    """After an attempt that failed with `rc`: again, if a signal interrupted it.

    In between Python runs the signal's handler (PEP 475).
    """
    while rc < 0:
        if rc == -EAGAIN and flags & QUIET:
            return -1
        if rc != -EINTR:
            raise error_for(-rc, verb)
        waits = not flags & DONTWAIT
        timeout = lib.zcpy_get_int(_pointer(socket), option) if waits else -1
        if timeout < 0:
            rc = attempt(flags & ~QUIET)
            continue
        left = timeout - int((time.monotonic() - started) * 1000)
        if left > 0:
            _poll_one(socket, event, left)
        rc = attempt(flags & ~QUIET | DONTWAIT)
        if rc == -EAGAIN and left > 0:
            rc = -EINTR  # somebody else was faster: wait for the rest
    return rc


def _poll_one(socket: Handle, event: int, timeout: int) -> None:
    """Wait for one socket; a signal ends it early."""
    item = ffi.new("zmq_pollitem_t *")
    item.socket = _pointer(socket)
    item.events = event
    lib.zcpy_poll(item, 1, timeout)


def _pointer(socket: Handle) -> CData:
    """The handle as cffi has it: through this door they are the same."""
    return socket  # type: ignore[return-value]


def _sending(attempt: Callable[[int], int], socket: Handle, flags: int) -> int:
    return _perform(attempt, socket, flags, "send", POLLOUT, SNDTIMEO)


def _receiving(attempt: Callable[[int], int], socket: Handle, flags: int) -> int:
    return _perform(attempt, socket, flags, "receive", POLLIN, RCVTIMEO)


def settle() -> None:
    """Nothing is ever lent to the core through this door."""


# ---- send, recv ----


def send(
    socket: Handle,
    data: ReadableBuffer | Message,
    flags: int = 0,
    copy: bool = True,
    released: Callable[[], object] | None = None,
    /,
) -> int:
    """Send one part. Returns 0, the number of buffers lent; -1 with QUIET."""
    pointer = _pointer(socket)
    if isinstance(data, Message):
        message = _new_message()
        lib.zmq_msg_copy(message, data._cdata)
        return _sending(lambda f: min(0, lib.zcpy_msg_send(message, pointer, f)), socket, flags)
    content = _to_bytes(data)
    size = len(content)
    return _sending(lambda f: min(0, lib.zcpy_send(pointer, content, size, f)), socket, flags)


def _take(message: CData) -> bytes:
    """The content of a message, which is then released if it is large."""
    size = lib.zmq_msg_size(message)
    content = ffi.unpack(ffi.cast("char *", lib.zmq_msg_data(message)), size)
    if size > KEPT:
        lib.zmq_msg_close(message)
        lib.zmq_msg_init(message)
    return content


def recv(socket: Handle, flags: int = 0, /) -> bytes:
    """Receive one part; None with QUIET."""
    pointer = _pointer(socket)
    message = _messages.pop() if _messages else _new_message()
    try:
        if _receiving(lambda f: lib.zcpy_msg_recv(message, pointer, f), socket, flags) < 0:
            return None  # type: ignore[return-value]
        return _take(message)
    finally:
        _messages.append(message)


def recv_into(socket: Handle, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0, /) -> int:
    """Receive one part into a buffer. Returns the size of the part; -1 with QUIET."""
    pointer = _pointer(socket)
    target = ffi.from_buffer("char[]", buffer, True)
    room = len(memoryview(buffer).cast("B"))
    size = nbytes if 0 < nbytes < room else room
    return _receiving(lambda f: lib.zcpy_recv(pointer, target, size, f), socket, flags)


def recv_message(socket: Handle, flags: int, type: type[_M], /) -> _M:
    """Receive one part as a message of the class given; None with QUIET."""
    pointer = _pointer(socket)
    result = type()
    if _receiving(lambda f: lib.zcpy_msg_recv(result._cdata, pointer, f), socket, flags) < 0:
        return None  # type: ignore[return-value]
    return result


# ---- Whole messages ----


def _tuple(items: Iterable[_T], cure: str) -> tuple[_T, ...]:
    """What an iterable holds; a buffer is refused: it is a single part."""
    if isinstance(items, (str, bytes, bytearray, memoryview, Message)):
        raise TypeError(cure)
    return tuple(items)


def send_multipart(
    socket: Handle,
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
    contents = [_to_bytes(part) for part in whole]
    return min(0, _sending(_sender(socket, [contents]), socket, flags))


def _sender(socket: Handle, messages: Sequence[Sequence[bytes]]) -> Callable[[int], int]:
    """What sends these messages: returns how many parts were accepted, whole messages; or -1."""
    pointer = _pointer(socket)
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
def recv_multipart(socket: Handle, flags: int = 0, type: None = None, /) -> list[bytes]: ...
@overload
def recv_multipart(socket: Handle, flags: int, type: type[_M], /) -> list[_M]: ...
def recv_multipart(
    socket: Handle, flags: int = 0, type: type[_M] | None = None, /
) -> list[bytes] | list[_M]:
    """Receive one whole message; None with QUIET."""
    if type is not None:
        return _recv_messages(socket, flags, type)
    messages = _receive_batch(socket, 1, flags)
    return messages[0] if messages is not None else None  # type: ignore[return-value]


def _recv_messages(socket: Handle, flags: int, type: type[_M]) -> list[_M]:
    """Part by part, each in a message of its own."""
    first = recv_message(socket, flags, type)
    if first is None:
        return None
    parts = [first]
    while parts[-1].get_property(1):
        parts.append(recv_message(socket, 0, type))
    return parts


# ---- Batches ----


def send_many(
    socket: Handle,
    messages: Iterable[ReadableBuffer | Message | Sequence[ReadableBuffer | Message]],
    flags: int = 0,
    /,
) -> int:
    """Send many whole messages. Returns how many were sent; -1 with QUIET for none."""
    cure = "send_many() needs a sequence of messages: for a single one use send()"
    whole: list[list[bytes]] = []
    for message in _tuple(messages, cure):
        if not isinstance(message, (list, tuple)):
            whole.append([_to_bytes(message)])  # type: ignore[arg-type]
        elif message:
            whole.append([_to_bytes(part) for part in message])
        else:
            raise ValueError(
                "a message of a batch needs one part or more; a part may be empty: [b'']"
            )
    sent = 0
    while sent < len(whole):
        batch = whole[sent : sent + BATCH]
        try:
            rc = _sending(_sender(socket, batch), socket, flags | (QUIET if sent else 0))
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
    socket: Handle, limit: int, flags: int = 0, multipart: Literal[False] = False, /
) -> list[bytes]: ...
@overload
def recv_many(
    socket: Handle, limit: int, flags: int, multipart: Literal[True], /
) -> list[list[bytes]]: ...
def recv_many(
    socket: Handle, limit: int, flags: int = 0, multipart: bool = False, /
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


def _receive_batch(socket: Handle, limit: int, flags: int) -> list[list[bytes]] | None:
    """Up to `limit` whole messages in one crossing, or a loop of them on libzmq."""
    if not HAS_ZCFFI:
        return _receive_one_by_one(socket, limit, flags)
    arena = kept = _arenas.pop() if _arenas else _Arena()
    try:
        while True:
            try:
                count = _receiving(_packer(_pointer(socket), arena, limit), socket, flags)
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


def _receive_one_by_one(socket: Handle, limit: int, flags: int) -> list[list[bytes]] | None:
    """For libzmq. Once the first part of a message is there the others are, too."""
    messages: list[list[bytes]] = []
    message = _messages.pop() if _messages else _new_message()
    pointer = _pointer(socket)

    def receive(flags: int) -> int:
        return lib.zcpy_msg_recv(message, pointer, flags)

    try:
        while len(messages) < limit:
            if _receiving(receive, socket, flags | (DONTWAIT | QUIET if messages else 0)) < 0:
                break
            more = lib.zmq_msg_more(message)
            parts = [_take(message)]
            while more:
                _receiving(receive, socket, 0)
                more = lib.zmq_msg_more(message)
                parts.append(_take(message))
            messages.append(parts)
    finally:
        _messages.append(message)
    return messages or None


# ---- Readiness ----


def events(socket: Handle, /) -> int:
    """What a socket can do without waiting."""
    while (found := lib.zcpy_get_int(_pointer(socket), EVENTS)) < 0:
        if found != -EINTR - 1:
            raise error_for(-found - 1, "events")
    return found


def poll(items: bytes, timeout: int, /) -> list[tuple[int, int]]:
    """Wait for the items, an array of `zmq_pollitem_t`, at most `timeout` ms.

    Returns (index, events) of those that are ready.
    """
    count = len(items) // ffi.sizeof("zmq_pollitem_t")
    array = ffi.new("zmq_pollitem_t[]", max(count, 1))
    ffi.memmove(array, items, len(items))
    started = time.monotonic()
    left = timeout
    while (rc := lib.zcpy_poll(array, count, left)) < 0:
        if rc != -EINTR:
            raise error_for(-rc, "poll")
        if timeout > 0:
            left = max(0, timeout - int((time.monotonic() - started) * 1000))
    return [(i, array[i].revents) for i in range(count) if array[i].revents] if rc else []
