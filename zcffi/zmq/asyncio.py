"""pyzmq's names for the classes of `zcffi.asyncio`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zcffi.asyncio import Poller as _Poller
from zcffi.asyncio import Socket as _Socket
from zcffi.poller import Pollable
from zcffi.zmq._compat import CompatSocket
from zcffi.zmq._context import Context as _Context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from zcffi.context import BaseContext

    _T = TypeVar("_T")

__all__ = ["Context", "Poller", "Socket"]

Poller = _Poller[Pollable]


class Socket(CompatSocket, _Socket):  # type: ignore[misc]
    """A socket whose calls are awaited, with pyzmq's names."""

    _shown_as = "zmq.asyncio.Socket"

    def __init__(self, context: BaseContext, socket_type: int = -1) -> None:
        object.__setattr__(self, "_watch", None)
        super().__init__(context, socket_type)

    async def send_pyobj(self, obj: object, flags: int = 0, protocol: int = 4) -> None:
        """Send a Python object, pickled, as one part."""
        import pickle

        await self.send(pickle.dumps(obj, protocol), flags)

    async def recv_pyobj(self, flags: int = 0) -> object:
        """Receive one part and unpickle it: only from peers that may run code here."""
        import pickle

        value: object = pickle.loads(await self.recv(flags))
        return value

    async def send_serialized(
        self, msg: _T, serialize: Callable[[_T], Sequence[bytes]], flags: int = 0
    ) -> None:
        """Send what `serialize` makes of a value: a sequence of parts."""
        await self.send_multipart(serialize(msg), flags)

    async def recv_serialized(self, deserialize: Callable[[list[bytes]], _T], flags: int = 0) -> _T:
        """Receive one whole message and give what `deserialize` makes of its parts."""
        return deserialize(await self.recv_multipart(flags))

    async def send_json(  # type: ignore[override]
        self, obj: object, flags: int = 0, **kwargs: object
    ) -> None:
        """Send a value as JSON, as one part; `kwargs` are those of `json.dumps()`."""
        import json

        await self.send(json.dumps(obj, **kwargs).encode(), flags)  # type: ignore[arg-type]


class Context(_Context):
    """A context whose sockets are awaited, with pyzmq's names."""

    _shown_as = "zmq.asyncio.Context"
    _instance: ClassVar[_Context | None] = None
    _socket_class: ClassVar[type[CompatSocket]] = Socket

    def socket(  # type: ignore[override]
        self,
        socket_type: int,
        socket_class: Callable[[_Context, int], CompatSocket] | None = None,
    ) -> Socket:
        """Make a socket, with the options that were set on the context."""
        return super().socket(socket_type, socket_class)  # type: ignore[return-value]
