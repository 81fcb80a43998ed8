"""What pyzmq's sockets have beside sending and receiving, for the plain and the awaited ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from zcffi._constants import Errno, Event, PollEvent, SocketOption, SocketType
from zcffi._door import events
from zcffi._monitor import start, stop
from zcffi._socket import BaseSocket
from zcffi.errors import InvalidArgument, ZMQError
from zcffi.poller import Pollable
from zcffi.zmq._options import KINDS, NUMBERS
from zcffi.zmq.error import ZMQBindError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from zcffi._context import BaseContext

__all__ = ["CompatPoller", "CompatSocket", "OptionValue", "SocketContext"]

OptionValue = int | str | bytes

_S = TypeVar("_S", bound="CompatSocket")


class SocketContext(Generic[_S]):
    """What `bind()` and `connect()` return.

    `with socket.bind(address): ...` undoes it at the end.
    """

    def __init__(self, socket: _S, kind: str, addr: str) -> None:
        self.socket = socket
        self.kind = kind
        self.addr = addr

    def __repr__(self) -> str:
        return f"<SocketContext({self.kind}={self.addr!r})>"

    def __enter__(self) -> _S:
        return self.socket

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.socket.closed:
            return
        if self.kind == "bind":
            self.socket.unbind(self.addr)
        else:
            self.socket.disconnect(self.addr)


class CompatSocket(BaseSocket):
    """Options by number and by name in any case; helpers for endpoints and monitors."""

    _shared_context: ClassVar[Callable[[], BaseContext]]  # set where Context is
    _monitor_socket: CompatSocket | None = None
    copy_threshold: int = 65536

    def __init__(
        self,
        ctx_or_socket: BaseContext | CompatSocket | None = None,
        socket_type: int = 0,
        *,
        shadow: CompatSocket | int = 0,
        copy_threshold: int | None = None,
    ) -> None:
        if isinstance(ctx_or_socket, CompatSocket):
            shadow = ctx_or_socket
        if shadow:
            self._init_shadow(shadow if isinstance(shadow, int) else shadow.underlying)
        else:
            if ctx_or_socket is None:
                ctx_or_socket = type(self)._shared_context()
            super().__init__(ctx_or_socket, socket_type)  # type: ignore[arg-type]
        if copy_threshold is not None:
            self.copy_threshold = copy_threshold

    def _init_shadow(self, address: int) -> None:
        other = type(self)._from_address(address)
        for name in ("_shadow", "_inherited", "_context", "_pointer", "_handle", "_type"):
            object.__setattr__(self, name, getattr(other, name))

    @classmethod
    def shadow(cls, address: int | CompatSocket) -> Self:
        """A socket object for a socket made elsewhere, whose life it shares."""
        return cls(shadow=address)

    # ---- Options ----

    def _set_defaults(self) -> None:
        """Nothing: linger is the core's, for ever."""

    def set(self, option: int, value: OptionValue) -> None:
        """Set an option by its number; texts as bytes or str."""
        kind = KINDS.get(int(option), "bytes" if isinstance(value, (bytes, str)) else "int")
        if kind in ("bytes", "str") and isinstance(value, int):
            raise TypeError(f"{SocketOption(option).name} needs bytes, not int: {value!r}")
        if not hasattr(value, "__index__") and kind not in ("bytes", "str"):
            raise TypeError(f"{SocketOption(option).name} needs an int, not {value!r}")
        if isinstance(value, str) and kind == "bytes":
            raise TypeError(f"{value!r} is str: use set_string(), or encode it first")
        self._set_option(int(option), kind, value)

    def get(self, option: int) -> int | bytes:
        """Read an option by its number; texts as bytes."""
        kind = KINDS.get(int(option), "int")
        value: OptionValue = self._get_option(int(option), kind)
        if kind == "bool":
            return int(value)
        return value.encode() if isinstance(value, str) else value

    setsockopt = set
    getsockopt = get

    def set_string(self, option: int, optval: str, encoding: str = "utf-8") -> None:
        """Set an option to a text."""
        if not isinstance(optval, str):
            raise TypeError(f"set_string() needs str, not {type(optval).__name__}")
        self.set(option, optval.encode(encoding))

    def get_string(self, option: int, encoding: str = "utf-8") -> str:
        """Read an option that is a text."""
        value = self.get(option)
        if not isinstance(value, bytes):
            raise TypeError(f"option {option} is not a text")
        return value.decode(encoding)

    setsockopt_string = setsockopt_unicode = set_string
    getsockopt_string = getsockopt_unicode = get_string

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int | bytes: ...

    def __setattr__(self, name: str, value: object) -> None:
        if not hasattr(type(self), name) and name not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no such option: {name.upper()}")
        object.__setattr__(self, name, value)

    @property
    def last_endpoint(self) -> bytes:  # type: ignore[override]
        """The address that was bound or connected last."""
        value = self.get(SocketOption.LAST_ENDPOINT)
        return value if isinstance(value, bytes) else b""

    @property
    def socket_type(self) -> SocketType:
        """The type of the socket."""
        return self.type

    @property
    def hwm(self) -> int:
        """Both high-water marks, in messages; what is read is SNDHWM."""
        return self.sndhwm

    @hwm.setter
    def hwm(self, value: int) -> None:
        self.sndhwm = value
        self.rcvhwm = value

    def get_hwm(self) -> int:
        """The high-water mark, in messages."""
        return self.hwm

    def set_hwm(self, value: int) -> None:
        """Set both high-water marks, in messages."""
        self.hwm = value

    # ---- Endpoints ----

    def bind(self, addr: str | bytes) -> SocketContext[Self]:  # type: ignore[override]
        """Accept connections at an endpoint; undone at the end of a `with` block."""
        super().bind(_text(addr))
        return SocketContext(self, "bind", self.last_endpoint.decode())

    def connect(self, addr: str | bytes) -> SocketContext[Self]:  # type: ignore[override]
        """Connect to an endpoint; undone at the end of a `with` block."""
        super().connect(_text(addr))
        return SocketContext(self, "connect", _text(addr))

    def unbind(self, addr: str | bytes) -> None:
        """Stop accepting at an endpoint: what `last_endpoint` was after `bind()`."""
        super().unbind(_text(addr))

    def disconnect(self, addr: str | bytes) -> None:
        """Close the connection to an endpoint."""
        super().disconnect(_text(addr))

    def bind_to_random_port(
        self, addr: str, min_port: int = 49152, max_port: int = 65536, max_tries: int = 100
    ) -> int:
        """Bind `addr` with a free port.

        Returns it. Raises `ZMQBindError` after `max_tries` ports in use.
        """
        if (min_port, max_port) == (49152, 65536):
            super().bind(f"{addr}:*")
            return int(self.last_endpoint.rsplit(b":", 1)[1])
        import random

        for _ in range(max_tries):
            port = random.randrange(min_port, max_port)
            try:
                super().bind(f"{addr}:{port}")
            except ZMQError as error:
                if error.errno not in (Errno.EADDRINUSE, 13):
                    raise
            else:
                return port
        raise ZMQBindError(f"no free port among {max_tries} tries at {addr}")

    # ---- Monitors ----

    def monitor(self, addr: str | None, events: Event | int = Event.ALL) -> None:
        """Report events at `addr`, an inproc endpoint; None ends it."""
        if addr is None:
            stop(self)
        else:
            start(self, int(events), addr)

    def get_monitor_socket(self, events: int | None = None, addr: str | None = None) -> Self:
        """A PAIR socket that receives the socket's events; see `zmq.utils.monitor`."""
        monitor = self._monitor_socket
        if monitor is None or monitor.closed:
            endpoint = start(self, Event.ALL if events is None else int(events), addr)
            context = self._context
            assert context is not None, "a shadow socket has no context"
            monitor = type(self)(context, SocketType.PAIR)
            object.__setattr__(self, "_monitor_socket", monitor)
            monitor.linger = 0
            monitor.connect(endpoint)
        return monitor  # type: ignore[return-value]

    def disable_monitor(self) -> None:
        """End the monitor."""
        monitor = self._monitor_socket
        object.__setattr__(self, "_monitor_socket", None)
        if not self.closed:
            stop(self)
        if monitor is not None:
            monitor.close(0)

    def close(self, linger: int | None = None) -> None:
        """Close the socket, and its monitor; see `zcffi.Socket.close()`."""
        monitor = self._monitor_socket
        if monitor is not None and not self.closed:
            self.disable_monitor()
        super().close(linger)

    # ---- Copies ----

    def __copy__(self) -> Self:
        return type(self).shadow(self.underlying)

    def __deepcopy__(self, memo: object) -> Self:
        return type(self).shadow(self.underlying)

    def __reduce__(self) -> str:
        raise TypeError(f"a {type(self).__name__} can't be pickled: it belongs to its process")

    @property
    def context(self) -> BaseContext | None:
        """The context that made the socket."""
        return self._context


class CompatPoller:
    """What pyzmq's pollers have beside waiting; before one of `zcffi`'s in a class's bases."""

    _watched: dict[Pollable, int]

    @property
    def sockets(self) -> list[tuple[Pollable, int]]:
        """What is watched, as (socket or descriptor, flags)."""
        return list(self._watched.items())

    def register(
        self, socket: Pollable, flags: PollEvent | int = PollEvent.POLLIN | PollEvent.POLLOUT
    ) -> None:
        """Watch a socket or descriptor for `flags`; 0 watches it no more."""
        super().register(socket, flags)  # type: ignore[misc]

    def modify(
        self, socket: Pollable, flags: PollEvent | int = PollEvent.POLLIN | PollEvent.POLLOUT
    ) -> None:
        """Watch a socket or descriptor for `flags` instead; the same as `register()`."""
        super().register(socket, flags)  # type: ignore[misc]

    def unregister(self, socket: Pollable) -> None:
        """Watch a socket or descriptor no more. Raises `KeyError` when it is not watched."""
        super().unregister(socket)  # type: ignore[misc]


def _text(address: str | bytes) -> str:
    """An address as `zcffi` wants it; pyzmq's `last_endpoint` is bytes."""
    return address.decode("utf-8", "surrogateescape") if isinstance(address, bytes) else address


class _Option:
    """An option as an attribute of a class of sockets."""

    __slots__ = ("name", "number")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number

    def __get__(self, socket: CompatSocket | None, kind: type[CompatSocket]) -> object:
        if socket is None:
            return self
        try:
            return socket.get(self.number)
        except InvalidArgument as error:
            raise AttributeError(f"{self.name} can't be read: {error}") from error

    def __set__(self, socket: CompatSocket, value: OptionValue) -> None:
        socket.set(self.number, value.encode() if isinstance(value, str) else value)


def _name_options() -> None:
    """Name every option in capitals, small letters and with a capital, as pyzmq's programs do.

    By real attributes, not by `__getattr__`: a class that has one pays for it at every attribute
    and every method, `send` and `recv` too, for Python then remembers nothing between look-ups.
    """
    own = {*vars(CompatSocket), *vars(BaseSocket)}
    for name, number in NUMBERS.items():
        option = _Option(name, number)
        for written in {name, name.lower(), name.capitalize()} - own:
            setattr(CompatSocket, written, option)
    # Asked so often that it has its own way.
    CompatSocket.EVENTS = property(events)  # type: ignore[attr-defined]


_name_options()
