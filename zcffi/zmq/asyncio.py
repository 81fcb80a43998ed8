"""pyzmq's names for the classes of `zcffi.asyncio`.

As with pyzmq a call gives a future: it is tried at once, and what need not wait has ended when the
call returns, awaited or not.
"""

from __future__ import annotations

from asyncio import Future
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from zcffi import _door
from zcffi._constants import Errno, Flag, PollEvent
from zcffi._door import QUIET
from zcffi.asyncio import Poller as _Poller
from zcffi.asyncio import Socket as _Socket
from zcffi.asyncio._watch import IN, OUT
from zcffi.errors import error_for
from zcffi.poller import Pollable
from zcffi.zmq._compat import CompatPoller, CompatSocket
from zcffi.zmq._context import Context as _Context
from zcffi.zmq._frame import Frame
from zcffi.zmq._soon import Queue, Soon, done
from zcffi.zmq._tracker import FINISHED, MessageTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self, TypeVar

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._door import Message
    from zcffi.context import BaseContext

    Data = ReadableBuffer | Message
    _T = TypeVar("_T")
    _R = TypeVar("_R")

__all__ = ["Context", "Poller", "Socket"]

_DONTWAIT = int(Flag.DONTWAIT)
_TRY = _DONTWAIT | QUIET


class Socket(CompatSocket, _Socket):  # type: ignore[misc]
    """A socket whose calls give futures, with pyzmq's names."""

    _shown_as = "zmq.asyncio.Socket"
    _reads: Queue
    _writes: Queue

    def __init__(
        self,
        context: BaseContext | CompatSocket | None = None,
        socket_type: int = -1,
        io_loop: object = None,
        _from_socket: CompatSocket | None = None,
        *,
        shadow: CompatSocket | int = 0,
        copy_threshold: int | None = None,
    ) -> None:
        for name, value in (("_watch", None), ("_reads", Queue()), ("_writes", Queue())):
            object.__setattr__(self, name, value)
        super().__init__(
            context, socket_type, shadow=_from_socket or shadow, copy_threshold=copy_threshold
        )

    @classmethod
    def from_socket(cls, socket: CompatSocket, io_loop: object = None) -> Self:
        """A socket whose calls give futures, for a plain one, whose life it shares."""
        return cls(_from_socket=socket)

    # ---- Calls as futures ----

    def _soon(
        self, attempt: Callable[[int], _T | None], flags: int, event: int, give: Callable[[_T], _R]
    ) -> Future[_R]:
        """Attempt a call, if it is its turn; what has to wait is done later."""
        queue, verb = (self._reads, "receive") if event == IN else (self._writes, "send")
        watch = self._watch
        waits = watch is not None and (watch.readers if event == IN else watch.writers)
        if not queue.open and not waits:
            try:
                result = attempt(flags | _TRY)
            except Exception as error:
                return _failed(error)
            if result is not None:
                return done(lambda: give(result))
        if flags & _DONTWAIT:
            return _failed(error_for(Errno.EAGAIN, verb))

        async def call() -> _R:
            return give(await self._call(attempt, flags, event, verb))

        return Soon(call(), queue)

    def _then(self, call: Future[_T], give: Callable[[_T], _R]) -> Future[_R]:
        """What `give` makes of what a call will give."""
        if call.done():
            return done(lambda: give(call.result()))

        async def wait() -> _R:
            return give(await call)

        return Soon(wait(), Queue())

    # ---- Send ----

    def _send(
        self,
        send: Callable[..., int],
        data: object,
        flags: int,
        copy: bool,
        track: bool,
    ) -> Future[MessageTracker | None]:
        tracker = FINISHED

        def attempt(flags: int) -> int | None:
            nonlocal tracker
            if track and not copy:
                tracker = MessageTracker()  # what an attempt in vain lent comes back, too
            lent = send(self, data, flags, copy, tracker._released if track else None)
            return None if lent < 0 else lent

        def give(lent: int) -> MessageTracker | None:
            if track and not copy:
                tracker._expect(lent)
            return None if copy else tracker

        return self._soon(attempt, flags, OUT, give)

    def send(  # type: ignore[override]
        self, data: Data, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[MessageTracker | None]:
        """Send one part; see `zmq.Socket.send()`."""
        return self._send(_door.send, data, flags, copy, track)

    def send_multipart(  # type: ignore[override]
        self, msg_parts: Sequence[Data], flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[MessageTracker | None]:
        """Send one whole message of several parts."""
        return self._send(_door.send_multipart, msg_parts, flags, copy, track)

    # ---- Receive ----

    @overload  # type: ignore[override]
    def recv(
        self, flags: int = 0, copy: Literal[True] = True, track: bool = False
    ) -> Future[bytes]: ...
    @overload
    def recv(self, flags: int, copy: Literal[False], track: bool = False) -> Future[Frame]: ...
    @overload
    def recv(
        self, flags: int = 0, *, copy: Literal[False], track: bool = False
    ) -> Future[Frame]: ...
    @overload
    def recv(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[bytes] | Future[Frame]: ...
    def recv(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[bytes] | Future[Frame]:
        """Receive one part, as bytes or with `copy=False` as a `Frame`."""
        if copy:
            return self._soon(lambda f: _door.recv(self, f), flags, IN, lambda data: data)
        return self._soon(
            lambda f: _door.recv_message(self, f, Frame), flags, IN, lambda frame: frame
        )

    @overload  # type: ignore[override]
    def recv_multipart(
        self, flags: int = 0, copy: Literal[True] = True, track: bool = False
    ) -> Future[list[bytes]]: ...
    @overload
    def recv_multipart(
        self, flags: int, copy: Literal[False], track: bool = False
    ) -> Future[list[Frame]]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, *, copy: Literal[False], track: bool = False
    ) -> Future[list[Frame]]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[list[bytes]] | Future[list[Frame]]: ...
    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[list[bytes]] | Future[list[Frame]]:
        """Receive one whole message as a list of its parts."""
        if copy:
            return self._soon(
                lambda f: _door.recv_multipart(self, f), flags, IN, lambda parts: parts
            )
        return self._soon(
            lambda f: _door.recv_multipart(self, f, Frame), flags, IN, lambda parts: parts
        )

    def recv_into(  # type: ignore[override]
        self, buffer: WriteableBuffer, /, *, nbytes: int = 0, flags: int = 0
    ) -> Future[int]:
        """Receive one part into a writable buffer. Gives the size of the part."""

        def attempt(flags: int) -> int | None:
            size = _door.recv_into(self, buffer, nbytes, flags)
            return None if size < 0 else size

        return self._soon(attempt, flags, IN, lambda size: size)

    # ---- What parts mean ----

    def send_string(  # type: ignore[override]
        self, u: str, flags: int = 0, copy: bool = True, encoding: str = "utf-8"
    ) -> Future[MessageTracker | None]:
        """Send a text as one part."""
        if not isinstance(u, str):
            raise TypeError(f"send_string() needs str, not {type(u).__name__}")
        return self.send(u.encode(encoding), flags, copy)

    send_unicode = send_string

    def recv_string(  # type: ignore[override]
        self, flags: int = 0, encoding: str = "utf-8"
    ) -> Future[str]:
        """Receive one part as a text."""
        return self._then(self.recv(flags), lambda data: data.decode(encoding))

    recv_unicode = recv_string

    def send_json(  # type: ignore[override]
        self, obj: object, flags: int = 0, **kwargs: object
    ) -> Future[MessageTracker | None]:
        """Send a value as JSON, as one part; `kwargs` are those of `json.dumps()`."""
        import json

        return self.send(json.dumps(obj, **kwargs).encode(), flags)  # type: ignore[arg-type]

    def recv_json(  # type: ignore[override]
        self, flags: int = 0, **kwargs: object
    ) -> Future[object]:
        """Receive one part and read it as JSON; `kwargs` are those of `json.loads()`."""
        import json

        def load(data: bytes) -> object:
            value: object = json.loads(data, **kwargs)  # type: ignore[arg-type]
            return value

        return self._then(self.recv(flags), load)

    def send_pyobj(
        self, obj: object, flags: int = 0, protocol: int = 4
    ) -> Future[MessageTracker | None]:
        """Send a Python object, pickled, as one part."""
        import pickle

        return self.send(pickle.dumps(obj, protocol), flags)

    def recv_pyobj(self, flags: int = 0) -> Future[object]:
        """Receive one part and unpickle it: only from peers that may run code here."""
        import pickle

        return self._then(self.recv(flags), lambda data: pickle.loads(data))

    def send_serialized(
        self,
        msg: _T,
        serialize: Callable[[_T], Sequence[Data]],
        flags: int = 0,
        copy: bool = True,
    ) -> Future[MessageTracker | None]:
        """Send what `serialize` makes of a value: a sequence of parts."""
        return self.send_multipart(serialize(msg), flags, copy)

    def recv_serialized(
        self,
        deserialize: Callable[[list[bytes] | list[Frame]], _T],
        flags: int = 0,
        copy: bool = True,
    ) -> Future[_T]:
        """Receive one whole message and give what `deserialize` makes of its parts."""
        parts: Future[Any] = self.recv_multipart(flags, copy)
        return self._then(parts, deserialize)

    # ---- Wait ----

    def poll(  # type: ignore[override]
        self, timeout: float | None = None, flags: int = PollEvent.POLLIN
    ) -> Future[PollEvent]:
        """Wait until the socket is ready, at most `timeout` milliseconds (None, -1: for ever)."""
        return Soon(_Socket.poll(self, timeout, flags), Queue())


def _failed(error: Exception) -> Future[Any]:
    """A future that has ended with an error."""

    def fail() -> None:
        raise error

    return done(fail)


class Poller(CompatPoller, _Poller[Pollable]):
    """Wait for many sockets, descriptors and files at once; `poll()` gives a future."""

    def poll(  # type: ignore[override]
        self, timeout: float | None = -1
    ) -> Future[list[tuple[Pollable, PollEvent]]]:
        """Wait until something is ready, at most `timeout` milliseconds (None, -1: for ever)."""
        return Soon(_Poller.poll(self, timeout), Queue())


class Context(_Context):
    """A context whose sockets give futures, with pyzmq's names."""

    _shown_as = "zmq.asyncio.Context"
    _instance: ClassVar[_Context | None] = None
    _socket_class: ClassVar[type[CompatSocket]] = Socket

    def socket(  # type: ignore[override]
        self,
        socket_type: int,
        socket_class: Callable[..., CompatSocket] | None = None,
        **kwargs: object,
    ) -> Socket:
        """Make a socket, with the options that were set on the context."""
        return super().socket(socket_type, socket_class, **kwargs)  # type: ignore[return-value]
