"""The errors: each is a `ZMQError` and, where Python has a fitting class, also that."""

from __future__ import annotations

import errno
import threading
from typing import ClassVar

from zcffi._constants import Errno
from zcffi._ffi import ffi, lib

__all__ = [
    "AddressError",
    "AddressInUse",
    "Again",
    "ContextTerminated",
    "ForkedError",
    "InterruptedSystemCall",
    "InvalidArgument",
    "MessageTooLong",
    "NotSupported",
    "Unroutable",
    "WrongState",
    "ZMQBaseError",
    "ZMQError",
    "error_for",
    "strerror",
]


def strerror(number: int) -> str:
    """The core's text for an error number, ours or the system's."""
    return ffi.string(lib.zmq_strerror(number)).decode("utf-8", "replace")


class ZMQBaseError(Exception):
    """The base of everything this package raises on its own account."""


class ZMQError(ZMQBaseError, OSError):
    """A call of the core failed.

    `errno` is the number (`zcffi.Errno` names those of ZeroMQ), `strerror` what happened and, where
    there is one, the cure. Without arguments: the calling thread's last error.
    """

    _default: ClassVar[int | None] = None

    def __init__(self, errno: int | None = None, msg: str | None = None) -> None:
        if errno is None:
            errno = lib.zmq_errno() if self._default is None else self._default
        # Not by super(): an Again is an everyday answer, and this is a quarter of its price.
        OSError.__init__(self, errno, strerror(errno) if msg is None else msg)

    def __str__(self) -> str:
        return str(self.strerror)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.strerror!r})"


class Again(ZMQError, BlockingIOError):
    """The call would have to wait, or has waited for as long as its timeout allows (EAGAIN)."""

    _default = Errno.EAGAIN


class InterruptedSystemCall(ZMQError, InterruptedError):
    """A signal ended the call (EINTR).

    Calls of this package go on after a signal instead of raising this.
    """

    _default = errno.EINTR


class ContextTerminated(ZMQError):
    """The socket's context was terminated: only closing is left to do (ETERM)."""

    _default = Errno.ETERM


class ForkedError(ZMQError):
    """The object was made before a `fork()` and can't be used in the child: make a new context
    there.
    """

    _default = Errno.EFORKED


class WrongState(ZMQError, RuntimeError):
    """Not this call's turn (EFSM): REQ sends, then receives; REP receives, then sends."""

    _default = Errno.EFSM


class NotSupported(ZMQError, NotImplementedError):
    """The type of socket, or the core underneath, can't do that (ENOTSUP)."""

    _default = Errno.ENOTSUP


class InvalidArgument(ZMQError, ValueError):
    """An argument is wrong (EINVAL)."""

    _default = Errno.EINVAL


class AddressError(ZMQError):
    """The address can't be used: not one of this machine, or no such device."""

    _default = Errno.EADDRNOTAVAIL


class AddressInUse(AddressError):
    """The address is already in use (EADDRINUSE)."""

    _default = Errno.EADDRINUSE


class MessageTooLong(ZMQError, ValueError):
    """A message is larger than what was offered for it, or than a limit (EMSGSIZE)."""

    _default = Errno.EMSGSIZE


class Unroutable(ZMQError, ConnectionError):
    """No peer with that routing id (EHOSTUNREACH), with `router_mandatory` set."""

    _default = Errno.EHOSTUNREACH


class _AccessDenied(ZMQError, PermissionError):
    """The system refused (EACCES, EPERM)."""


class _NotFound(ZMQError, FileNotFoundError):
    """There is no such endpoint, file or folder (ENOENT)."""


class _NoMemory(ZMQError, MemoryError):
    """There is no memory left (ENOMEM)."""


_EPERM, _ENOENT, _EINTR, _ENOMEM = errno.EPERM, errno.ENOENT, errno.EINTR, errno.ENOMEM
_EACCES, _ENODEV, _EMFILE = errno.EACCES, errno.ENODEV, errno.EMFILE

_CLASSES: dict[int, type[ZMQError]] = {
    Errno.EAGAIN: Again,
    Errno.ETERM: ContextTerminated,
    Errno.EFORKED: ForkedError,
    Errno.EFSM: WrongState,
    Errno.ENOTSUP: NotSupported,
    Errno.EINVAL: InvalidArgument,
    Errno.EADDRINUSE: AddressInUse,
    Errno.EADDRNOTAVAIL: AddressError,
    Errno.EMSGSIZE: MessageTooLong,
    Errno.EHOSTUNREACH: Unroutable,
    _EINTR: InterruptedSystemCall,
    _EPERM: _AccessDenied,
    _EACCES: _AccessDenied,
    _ENOENT: _NotFound,
    _ENOMEM: _NoMemory,
    _ENODEV: AddressError,
}

_TRANSPORTS = "this transport is unknown here: use tcp://, ipc:// or inproc://"

# What to do about it, by the verb of the call and the number; "" holds for every verb.
_CURES: dict[tuple[str, int], str] = {
    ("send", Errno.EAGAIN): "no peer has room for the message now: send() without DONTWAIT waits,"
    " `sndtimeo` limits how long",
    ("receive", Errno.EAGAIN): "no message is there: recv() without DONTWAIT waits,"
    " `rcvtimeo` limits how long",
    ("send", Errno.EFSM): "it is not this socket's turn to send: a REQ socket first receives its"
    " reply (or set `req_relaxed`), a REP socket first receives a request",
    ("receive", Errno.EFSM): "it is not this socket's turn to receive: a REQ socket first sends a"
    " request, a REP socket first sends its reply",
    ("send", Errno.ENOTSUP): "this type of socket only receives",
    ("receive", Errno.ENOTSUP): "this type of socket only sends",
    ("send", Errno.EHOSTUNREACH): "no connected peer has the routing id in the first part",
    ("", Errno.ETERM): "the context was terminated: close the socket, make a new Context to go on",
    ("", Errno.ENOTSOCK): "the socket is closed (or was made before a fork: make a new Context in"
    " the child)",
    ("", Errno.EFORKED): "it was made before a fork: make a new Context in the child",
    ("bind", Errno.EINVAL): "use tcp://interface:port, ipc://path or inproc://name;"
    " * stands for any interface or port",
    ("bind", Errno.EADDRINUSE): "another socket has it: choose another, or * for any free port",
    ("bind", Errno.EADDRNOTAVAIL): "no interface of this machine has that address:"
    " * stands for all of them",
    ("bind", _ENODEV): "there is no such interface: give an address or a name of this machine,"
    " or * for all",
    ("bind", _ENOENT): "the folder of the path does not exist: make it first",
    ("bind", _EACCES): "ports below 1024 and foreign folders need privileges: choose another",
    ("connect", Errno.EINVAL): "use tcp://host:port, ipc://path or inproc://name",
    ("bind", Errno.EPROTONOSUPPORT): _TRANSPORTS,
    ("connect", Errno.EPROTONOSUPPORT): _TRANSPORTS,
    ("unbind", _ENOENT): "the socket is not bound there: give exactly what bind() returned",
    ("disconnect", _ENOENT): "the socket is not connected there: give exactly what connect() was"
    " given",
    ("socket", Errno.EINVAL): "no such type of socket: use a member of SocketType",
    ("socket", _EMFILE): "no more sockets or descriptors: close some, or raise `max_sockets` or the"
    " system's limit",
}


def error_for(number: int, verb: str = "", value: str = "") -> ZMQError:
    """The exception for a failed call: `verb` says what was tried, `value` with what."""
    if _ends and number in _ENDED:
        _stay_behind()
    text = _texts.get((number, verb)) or _text_for(number, verb)
    made = _CLASSES.get(number, ZMQError)
    return made(number, f"{verb} {value}: {text}" if value else text)


# Again is an everyday answer: its text is put together once.
_texts: dict[tuple[int, str], str] = {}


def _text_for(number: int, verb: str) -> str:
    """What happened, and the cure."""
    text = strerror(number)
    cure = _CURES.get((verb, number)) or _CURES.get(("", number))
    text = _texts[number, verb] = f"{text}: {cure}" if cure else text
    return text


# ---- The interpreter's exit ----

_ENDED = (Errno.ETERM, Errno.ENOTSOCK)

_ends = 0
"""The thread that ends the interpreter, 0 before."""


def exit_begins() -> None:
    """Say that this thread ends the interpreter, and is about to close what others may wait on."""
    global _ends
    _ends = threading.get_ident()


def _stay_behind() -> None:
    """Keep a daemon thread that was waiting in a call from coming back to a dying interpreter.

    Python keeps them so too, but only some moments later. Until then one could still print the
    traceback of its error, and hold the lock of stderr when the interpreter needs it: that aborts.
    """
    if threading.get_ident() != _ends:
        never = threading.Lock()
        never.acquire()
        never.acquire()
