"""BaseSocket: what the sockets of every kind share: life, endpoints, options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from zcffi import _lives
from zcffi._constants import Errno, PollEvent, SocketOption, SocketType
from zcffi._door import CLOSED, events, handle_of, settle
from zcffi._door import Socket as Handled
from zcffi._ffi import HAS_ZCFFI, NULL, ffi, lib
from zcffi._options import SocketOptions
from zcffi._poll import as_events
from zcffi._values import as_bytes, as_int
from zcffi.errors import InvalidArgument, error_for

if TYPE_CHECKING:
    import builtins
    from types import TracebackType

    from zcffi._cffi import CData
    from zcffi._context import BaseContext
    from zcffi._options import OptionKind, OptionValue

__all__ = ["BaseSocket"]

LINGER_MS = 1000
"""How long a closed socket tries to send what is left, unless told otherwise."""

_C_TYPES = {
    "bool": "int",
    "int": "int",
    "fd": "int",
    "int64": "int64_t",
    "uint64": "uint64_t",
}
_KEYS = (SocketOption.CURVE_PUBLICKEY, SocketOption.CURVE_SECRETKEY, SocketOption.CURVE_SERVERKEY)
_BUFFER = 4096  # bytes: more than any option's value
EINTR = 4
_KEY_TEXT = 41  # bytes: a key as text, with its final NUL


class BaseSocket(Handled, SocketOptions):
    """Life, endpoints and options of a socket; sending and receiving differ by kind."""

    __slots__ = (
        "__weakref__",
        "_context",
        "_inherited",
        "_pointer",
        "_shadow",
        "_type",
    )

    _shown_as: ClassVar[str] = "zcffi.Socket"

    def __init__(self, context: BaseContext, type: SocketType | int) -> None:
        self._handle = CLOSED
        self._pointer = NULL
        self._context: BaseContext | None = context
        self._type = int(type)
        self._shadow = False
        self._inherited = False
        self._pointer = context._new_socket(self._type)
        self._handle = handle_of(self._pointer)
        try:
            context._adopt(self)
            self._set_defaults()
        except BaseException:  # the context may just have ended
            self.close(0)
            raise

    def _set_defaults(self) -> None:
        """What differs from the core's defaults."""
        if self._context is not None and self._context.blocky:
            self.linger = LINGER_MS

    @classmethod
    def _from_address(cls, address: int) -> Self:
        self = cls.__new__(cls)
        self._shadow = True
        self._inherited = False
        self._context = None
        self._pointer = ffi.cast("void *", address)
        self._handle = handle_of(self._pointer)
        self._type = int(SocketOptions.type.fget(self))  # type: ignore[attr-defined]
        return self

    @classmethod
    def shadow(cls, address: int) -> Self:
        """A socket object for the socket at `address`, made elsewhere (see `underlying`).

        It shares that socket's life instead of owning it: closing it forgets it, no more.
        """
        return cls._from_address(address)

    # ---- State ----

    @property
    def type(self) -> SocketType:
        """The type of the socket."""
        return SocketType(self._type)

    @property
    def context(self) -> BaseContext | None:
        """The context that made the socket; None for a shadow."""
        return self._context

    @property
    def underlying(self) -> int:
        """The address of the core's socket, for `shadow()` and for C extensions."""
        return int(ffi.cast("uintptr_t", self._pointer))

    @property
    def closed(self) -> bool:
        """Whether the socket was closed."""
        return bool(self._pointer == NULL)

    @property
    def events(self) -> PollEvent:
        """What can be done without waiting, as a `PollEvent`: POLLIN, POLLOUT, both or none."""
        return as_events(events(self))

    def fileno(self) -> int:
        """The descriptor that becomes readable when `events` may have changed (option `fd`).

        For event loops: after it did, and after every send and receive, look at `events`. Never
        read or write it.
        """
        return self.fd

    def __repr__(self) -> str:
        cls = type(self)
        try:
            name = SocketType(self._type).name
        except ValueError:
            name = str(self._type)
        state = " closed" if self.closed else ""
        return f"<{cls._shown_as} {name}{state}>"

    # ---- Endpoints ----

    def bind(self, endpoint: str) -> str:
        """Accept connections at an endpoint. Returns the address that was really taken.

        `tcp://interface:port` with `*` for all interfaces or any free port, `ipc://path`,
        `inproc://name`. The address is taken when this returns. Raises `AddressInUse`,
        `AddressError`, or `InvalidArgument` for a bad endpoint.
        """
        if lib.zmq_bind(self._pointer, _endpoint(endpoint)) < 0:
            raise error_for(ffi.errno, "bind", repr(endpoint))
        return self.last_endpoint

    def connect(self, endpoint: str) -> None:
        """Connect to an endpoint, in the background; a lost connection is made again.

        Does not wait: the peer may come later. Raises `InvalidArgument` for a bad endpoint.
        """
        if lib.zmq_connect(self._pointer, _endpoint(endpoint)) < 0:
            raise error_for(ffi.errno, "connect", repr(endpoint))

    def unbind(self, endpoint: str) -> None:
        """Stop accepting at an endpoint, and close what was accepted there.

        `endpoint`: what `bind()` returned.
        """
        if lib.zmq_unbind(self._pointer, _endpoint(endpoint)) < 0:
            raise error_for(ffi.errno, "unbind", repr(endpoint))

    def disconnect(self, endpoint: str) -> None:
        """Close the connection to an endpoint. `endpoint`: what `connect()` was given."""
        if lib.zmq_disconnect(self._pointer, _endpoint(endpoint)) < 0:
            raise error_for(ffi.errno, "disconnect", repr(endpoint))

    def subscribe(self, topic: str | bytes = b"") -> None:
        """On a SUB socket: receive messages that begin with `topic`, also; the empty topic: all
        messages.

        Subscriptions are counted: twice the same needs `unsubscribe()` twice.
        """
        self._set_option(SocketOption.SUBSCRIBE, "bytes", as_bytes(topic))

    def unsubscribe(self, topic: str | bytes = b"") -> None:
        """On a SUB socket: take back one `subscribe()` of `topic`."""
        self._set_option(SocketOption.UNSUBSCRIBE, "bytes", as_bytes(topic))

    # ---- Options: what the generated properties call ----

    # Typed by the overloads of SocketOptions.
    def _get_option(self, number: int, kind: OptionKind) -> Any:
        c_type = _C_TYPES.get(kind)
        if c_type is not None:
            value = ffi.new(f"{c_type} *")
            self._read_option(number, value, ffi.sizeof(c_type))
            return bool(value[0]) if kind == "bool" else int(value[0])
        value = ffi.new("char[]", _BUFFER)
        size = self._read_option(number, value, _KEY_TEXT if number in _KEYS else _BUFFER)
        data = ffi.unpack(value, size)
        if kind == "bytes":
            return data.removesuffix(b"\0") if number in _KEYS else data
        return data.removesuffix(b"\0").decode("utf-8", "surrogateescape")

    def _read_option(self, number: int, value: CData, size: int) -> int:
        length = ffi.new("size_t *", size)
        while lib.zmq_getsockopt(self._pointer, number, value, length) < 0:
            if ffi.errno != EINTR:
                raise self._option_error("get", number, "")
        return int(length[0])

    def _set_option(self, number: int, kind: OptionKind, value: OptionValue | None) -> None:
        data: CData | bytes
        if kind in ("bytes", "str"):
            text = b"" if value is None else _text_option(number, value)
            data, size = (NULL if value is None else text), len(text)
        else:
            c_type = _C_TYPES[kind]
            whole = as_int(value, _option_name(number))
            try:
                data = ffi.new(f"{c_type} *", whole)
            except OverflowError:
                raise InvalidArgument(
                    Errno.EINVAL, f"set {_option_name(number)} to {value!r}: out of range"
                ) from None
            size = ffi.sizeof(c_type)
        while lib.zmq_setsockopt(self._pointer, number, data, size) < 0:
            if ffi.errno != EINTR:
                raise self._option_error("set", number, f" to {value!r}")

    def _option_error(self, verb: str, number: int, value: str) -> Exception:
        errno = ffi.errno
        text = f"{_option_name(number)}{value}"
        if errno == Errno.EINVAL:
            text += f" on a {self.type.name} socket"
        return error_for(errno, verb, text)

    # ---- The end ----

    def close(self, linger: int | None = None) -> None:
        """Close the socket. Returns at once; may be called twice.

        Messages received but not read are dropped. Messages not yet sent are sent in the background
        for at most `linger` milliseconds (-1: for ever; None: as the option `linger` says, which is
        one second unless set).
        """
        pointer, self._pointer = self._pointer, NULL
        self._handle = CLOSED
        settle()
        if self._context is not None:
            self._context._sockets.discard(self)
        if pointer == NULL or self._shadow:
            return
        if linger is not None:
            value = ffi.new("int *", linger)
            # Fails when the context was terminated: then the socket's own linger holds.
            lib.zmq_setsockopt(pointer, SocketOption.LINGER, value, ffi.sizeof("int"))
        # Fails when somebody else closed it: then there is nothing left to do.
        lib.zmq_close(pointer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: builtins.type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_pointer", NULL) == NULL or self._shadow:
            return
        try:
            if not self._inherited:
                _lives.warn_forgotten(self, "close it, or use it in a with statement", self)
        finally:  # warnings may be errors
            if HAS_ZCFFI or not self._inherited:
                self.close()

    def _abandon(self, linger: int) -> None:
        """At the interpreter's exit: close it, with what is left of its linger up to `linger`
        milliseconds.
        """
        if self._pointer == NULL or self._shadow:
            return
        if not self._inherited:
            _lives.warn_forgotten(self, "close it before the program ends", self)
        own = int(self.linger) if not self._inherited and not self._ended() else 0
        self.close(linger if own < 0 else min(own, linger))

    def _ended(self) -> bool:
        """Whether the context was shut down, so that not even options can be read."""
        size = ffi.new("size_t *", ffi.sizeof("int"))
        return lib.zmq_getsockopt(self._pointer, SocketOption.TYPE, ffi.new("int *"), size) < 0

    def _mark_inherited(self) -> None:
        """In the child of a fork: closing is all that is left to do."""
        self._inherited = True
        if not HAS_ZCFFI:
            self._pointer = NULL  # libzmq can't even close it here
            self._handle = CLOSED


def _endpoint(endpoint: str) -> bytes:
    """An endpoint as C has it."""
    if not isinstance(endpoint, str):
        raise TypeError(
            f"an endpoint is a str like 'tcp://127.0.0.1:5555', not {type(endpoint).__name__}"
        )
    data = endpoint.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise InvalidArgument(Errno.EINVAL, f"{endpoint!r}: an endpoint can't hold a NUL")
    return data


def _text_option(number: int, value: OptionValue) -> bytes:
    """The value of an option that is a text."""
    try:
        return as_bytes(value)  # type: ignore[arg-type]
    except TypeError:
        name = type(value).__name__
        raise TypeError(f"{_option_name(number)} needs bytes or str, not {name}") from None


def _option_name(number: int) -> str:
    try:
        return SocketOption(number).name.lower()
    except ValueError:
        return f"option {number}"
