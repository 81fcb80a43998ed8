"""pyzmq's names for the classes of `zcffi.asyncio`.

As with pyzmq a call gives a future: it is tried at once, and what need not wait has ended when the
call returns, awaited or not.
"""

from __future__ import annotations

from asyncio import Future, get_running_loop
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
from zcffi.zmq._soon import Queue, Soon, ended, failed
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

    def _own_callbacks(self) -> int:
        return 1 + self._reads.is_to_begin + self._writes.is_to_begin  # 1: its descriptor's

    def _soon(
        self,
        attempt: Callable[[int], Any],
        flags: int,
        event: int,
        give: Callable[[Any], _R] | None = None,
    ) -> Future[_R]:
        """Attempt a call, if it is its turn; what has to wait is done later.

        It looks again for what is on its way only when it is awaited: who makes many futures
        first should not wait for each.
        """
        loop = get_running_loop()
        reads = event == IN
        queue = self._reads if reads else self._writes
        watch = self._watch
        if queue.loop is not loop:  # those left in another loop, which has ended, never begin
            queue = Queue(loop)
            object.__setattr__(self, "_reads" if reads else "_writes", queue)
        if not queue.open and not (watch and (watch.readers if reads else watch.writers)):
            try:
                result = attempt(flags | _TRY)
            except Exception as error:
                return failed(loop, error)
            if result is not None:
                return ended(loop, result, give)
        verb = "receive" if reads else "send"
        if flags & _DONTWAIT:
            return failed(loop, error_for(Errno.EAGAIN, verb))
        return Soon(queue, lambda: self._call(attempt, flags, event, verb), give)

    # ---- Send ----

    def _lend(
        self, send: Callable[..., int], data: object, flags: int, track: bool
    ) -> Future[MessageTracker | None]:
        """Send with `copy=False`; gives the tracker of the buffers."""
        tracker = FINISHED

        def attempt(flags: int) -> int | None:
            nonlocal tracker
            if track:
                tracker = MessageTracker()  # what an attempt in vain lent comes back, too
            lent = send(self, data, flags, False, tracker._released if track else None)
            return None if lent < 0 else lent

        def give(lent: int) -> MessageTracker | None:
            if track:
                tracker._expect(lent)
            return tracker

        return self._soon(attempt, flags, OUT, give)

    def send(  # type: ignore[override]
        self, data: Data, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[MessageTracker | None]:
        """Send one part; see `zmq.Socket.send()`."""
        if copy:
            return self._soon(
                lambda f: _door.send(self, data, f) >= 0 or None, flags, OUT, _nothing
            )
        return self._lend(_door.send, data, flags, track)

    def send_multipart(  # type: ignore[override]
        self, msg_parts: Sequence[Data], flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[MessageTracker | None]:
        """Send one whole message of several parts."""
        if copy:
            return self._soon(
                lambda f: _door.send_multipart(self, msg_parts, f) >= 0 or None,
                flags,
                OUT,
                _nothing,
            )
        return self._lend(_door.send_multipart, msg_parts, flags, track)

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
            return self._soon(lambda f: _door.recv(self, f), flags, IN)
        return self._soon(lambda f: _door.recv_message(self, f, Frame), flags, IN)

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
            return self._soon(lambda f: _door.recv_multipart(self, f), flags, IN)
        return self._soon(lambda f: _door.recv_multipart(self, f, Frame), flags, IN)

    def recv_into(  # type: ignore[override]
        self, buffer: WriteableBuffer, /, *, nbytes: int = 0, flags: int = 0
    ) -> Future[int]:
        """Receive one part into a writable buffer. Gives the size of the part."""

        def attempt(flags: int) -> int | None:
            size = _door.recv_into(self, buffer, nbytes, flags)
            return None if size < 0 else size

        return self._soon(attempt, flags, IN)

    # ---- What parts mean ----

    def _recv(self, flags: int, give: Callable[[bytes], _T]) -> Future[_T]:
        """What `give` makes of one part."""
        return self._soon(lambda f: _door.recv(self, f), flags, IN, give)

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
        return self._recv(flags, lambda data: data.decode(encoding))

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

        return self._recv(flags, load)

    def send_pyobj(
        self, obj: object, flags: int = 0, protocol: int = 4
    ) -> Future[MessageTracker | None]:
        """Send a Python object, pickled, as one part."""
        import pickle

        return self.send(pickle.dumps(obj, protocol), flags)

    def recv_pyobj(self, flags: int = 0) -> Future[object]:
        """Receive one part and unpickle it: only from peers that may run code here."""
        import pickle

        return self._recv(flags, pickle.loads)

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
        kind = None if copy else Frame
        return self._soon(lambda f: _door.recv_multipart(self, f, kind), flags, IN, deserialize)

    # ---- Wait ----

    def poll(  # type: ignore[override]
        self, timeout: float | None = None, flags: int = PollEvent.POLLIN
    ) -> Future[PollEvent]:
        """Wait until the socket is ready, at most `timeout` milliseconds (None, -1: for ever)."""
        return Soon(Queue(get_running_loop()), lambda: _Socket.poll(self, timeout, flags))


def _nothing(sent: bool) -> None:
    """What a send gives that copied."""


class Poller(CompatPoller, _Poller[Pollable]):
    """Wait for many sockets, descriptors and files at once; `poll()` gives a future."""

    def poll(  # type: ignore[override]
        self, timeout: float | None = -1
    ) -> Future[list[tuple[Pollable, PollEvent]]]:
        """Wait until something is ready, at most `timeout` milliseconds (None, -1: for ever)."""
        return Soon(Queue(get_running_loop()), lambda: _Poller.poll(self, timeout))


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
