"""The hot calls, through whichever door is open: `zcffi._fast`, or `zcffi._pure` over cffi.

Both take a `Socket`, an object with a handle, and raise the same errors. With `QUIET` among the
flags, a call that would have to wait gives None (a send -1) instead of raising `Again`. With `LOOK`
and DONTWAIT a call that receives looks again for some microseconds before it gives up, ten times as
long with `LOOK_LONG`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zcffi._ffi import NULL, fast, ffi
from zcffi.errors import error_for

if TYPE_CHECKING:
    from types import FunctionType

    from zcffi._cffi import CData

if TYPE_CHECKING or fast is None:
    from zcffi import _pure as door
else:
    door = fast
    fast.setup(error_for)

_C = TypeVar("_C")

DOOR = "pure" if fast is None else "fast"

CLOSED: CData = NULL if fast is None else 0  # type: ignore[assignment]
"""The handle of no socket: every call answers that it is closed."""

QUIET = door.QUIET
LOOK: int = door.LOOK
LOOK_LONG: int = door.LOOK_LONG
Message = door.Message
Socket = door.Socket
send = door.send
recv = door.recv
recv_into = door.recv_into
recv_message = door.recv_message
send_multipart = door.send_multipart
recv_multipart = door.recv_multipart
send_many = door.send_many
recv_many = door.recv_many
events = door.events
poll = door.poll
settle = door.settle


def handle_of(pointer: CData) -> CData:
    """What a socket keeps as its `_handle` for the core's socket at `pointer`."""
    if fast is None:
        return pointer
    return int(ffi.cast("uintptr_t", pointer))  # type: ignore[return-value]


_HOT = ("send", "recv", "send_multipart", "recv_multipart")


def hot(kind: type[_C]) -> type[_C]:
    """Put the C methods before those that a class of sockets defines; a class decorator.

    Where the time goes in a small message is Python's own frame for the call, so the commonest form
    of each hot call (positional arguments only) is a C method; any other form reaches the Python
    method, which says what the arguments are, in its signature and docstring, for both.
    """
    if fast is not None:
        for name in _HOT:
            whole = vars(kind)[name]
            setattr(kind, f"_whole_{name}", whole)
            setattr(kind, name, fast.hot_method(name, _text_of(whole)))
    return kind


def _text_of(method: FunctionType) -> str:
    """Signature and docstring as C functions have them, for `help()` and `inspect`."""
    code = method.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    defaults = dict(method.__kwdefaults__ or {})
    given = method.__defaults__ or ()
    defaults |= zip(names[code.co_argcount - len(given) : code.co_argcount], given, strict=True)
    words = [f"{name}={defaults[name]!r}" if name in defaults else name for name in names]
    words[0] = "$self"
    if code.co_kwonlyargcount:
        words.insert(code.co_argcount, "*")
    return f"{method.__name__}({', '.join(words)})\n--\n\n{method.__doc__}"
