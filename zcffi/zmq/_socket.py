"""zmq.Socket: pyzmq's names and arguments over `zcffi.Socket`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar, overload

from zcffi import _door
from zcffi._constants import PollEvent
from zcffi.socket import Socket as PlainSocket
from zcffi.zmq._compat import CompatSocket
from zcffi.zmq._frame import Frame
from zcffi.zmq._tracker import FINISHED, MessageTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _typeshed import ReadableBuffer, WriteableBuffer

    from zcffi._door import Message

    Data = ReadableBuffer | Message

__all__ = ["Socket"]

_T = TypeVar("_T")

_DRAFT = "sockets with routing ids and groups (draft) are not supported"


@_door.hot
class Socket(CompatSocket, PlainSocket):  # type: ignore[misc]
    """A socket with pyzmq's names; see `zcffi.Socket` for what it does beyond them."""

    _shown_as = "zmq.Socket"

    # ---- Send ----

    def send(  # type: ignore[override]
        self,
        data: Data,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> MessageTracker | None:
        """Send one part.

        With `copy=False` and `track=True` the result tells when the buffer is free again.
        """
        if routing_id is not None or group is not None:
            raise NotImplementedError(_DRAFT)
        if track and not copy:
            tracker = MessageTracker()
            tracker._expect(_door.send(self, data, flags, False, tracker._released))
            return tracker
        _door.send(self, data, flags, copy)
        return None if copy else FINISHED

    def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Iterable[Data],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
    ) -> MessageTracker | None:
        """Send one whole message of several parts."""
        if track and not copy:
            tracker = MessageTracker()
            lent = _door.send_multipart(self, msg_parts, flags, False, tracker._released)
            tracker._expect(lent)
            return tracker
        _door.send_multipart(self, msg_parts, flags, copy)
        return None if copy else FINISHED

    def send_serialized(
        self,
        msg: _T,
        serialize: Callable[[_T], Sequence[Data]],
        flags: int = 0,
        copy: bool = True,
    ) -> MessageTracker | None:
        """Send what `serialize` makes of a value: a sequence of parts."""
        return self.send_multipart(serialize(msg), flags, copy)

    def send_string(  # type: ignore[override]
        self, u: str, flags: int = 0, copy: bool = True, encoding: str = "utf-8"
    ) -> MessageTracker | None:
        """Send a text as one part."""
        if not isinstance(u, str):
            raise TypeError(f"send_string() needs str, not {type(u).__name__}")
        return self.send(u.encode(encoding), flags, copy)

    send_unicode = send_string

    def send_pyobj(self, obj: object, flags: int = 0, protocol: int = 4) -> MessageTracker | None:
        """Send a Python object, pickled, as one part."""
        import pickle

        return self.send(pickle.dumps(obj, protocol), flags)

    def send_json(  # type: ignore[override]
        self, obj: object, flags: int = 0, **kwargs: object
    ) -> MessageTracker | None:
        """Send a value as JSON, as one part; `kwargs` are those of `json.dumps()`."""
        import json

        return self.send(json.dumps(obj, **kwargs).encode(), flags)  # type: ignore[arg-type]

    # ---- Receive ----

    @overload
    def recv(self, flags: int = 0, copy: Literal[True] = True, track: bool = False) -> bytes: ...
    @overload
    def recv(self, flags: int, copy: Literal[False], track: bool = False) -> Frame: ...
    @overload
    def recv(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Frame: ...
    @overload
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes | Frame: ...
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> bytes | Frame:
        """Receive one part, as bytes or with `copy=False` as a `Frame`."""
        if copy:
            return _door.recv(self, flags)
        return _door.recv_message(self, flags, Frame)

    @overload  # type: ignore[override]
    def recv_multipart(
        self, flags: int = 0, copy: Literal[True] = True, track: bool = False
    ) -> list[bytes]: ...
    @overload
    def recv_multipart(
        self, flags: int, copy: Literal[False], track: bool = False
    ) -> list[Frame]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, *, copy: Literal[False], track: bool = False
    ) -> list[Frame]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> list[bytes] | list[Frame]: ...
    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> list[bytes] | list[Frame]:
        """Receive one whole message as a list of its parts."""
        if copy:
            return _door.recv_multipart(self, flags)
        return _door.recv_multipart(self, flags, Frame)

    def recv_into(  # type: ignore[override]
        self, buffer: WriteableBuffer, /, *, nbytes: int = 0, flags: int = 0
    ) -> int:
        """Receive one part into a writable buffer. Returns the size of the part."""
        return _door.recv_into(self, buffer, nbytes, flags)

    def recv_serialized(
        self, deserialize: Callable[[list[bytes]], _T], flags: int = 0, copy: bool = True
    ) -> _T:
        """Receive one whole message and give what `deserialize` makes of its parts."""
        return deserialize(self.recv_multipart(flags, copy))  # type: ignore[arg-type]

    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> str:
        """Receive one part as a text."""
        return self.recv(flags).decode(encoding)

    recv_unicode = recv_string

    def recv_pyobj(self, flags: int = 0) -> object:
        """Receive one part and unpickle it: only from peers that may run code here."""
        import pickle

        value: object = pickle.loads(self.recv(flags))
        return value

    def recv_json(self, flags: int = 0, **kwargs: object) -> object:  # type: ignore[override]
        """Receive one part and read it as JSON; `kwargs` are those of `json.loads()`."""
        import json

        data = self.recv(flags)
        value: object = json.loads(data, **kwargs)  # type: ignore[arg-type]
        return value

    def poll(
        self, timeout: float | None = None, flags: PollEvent | int = PollEvent.POLLIN
    ) -> PollEvent:
        """Wait until the socket is ready, at most `timeout` milliseconds (None, -1: for ever)."""
        return PlainSocket.poll(self, timeout, flags)
