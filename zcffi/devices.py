"""Proxies: pass messages between two sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcffi._constants import Errno
from zcffi._ffi import NULL, ffi, lib
from zcffi._socket import BaseSocket
from zcffi.errors import error_for

if TYPE_CHECKING:
    from zcffi._cffi import CData

__all__ = ["proxy", "proxy_steerable"]

EINTR = 4


def proxy(frontend: BaseSocket, backend: BaseSocket, capture: BaseSocket | None = None) -> None:
    """Pass messages between `frontend` and `backend`, both ways where their types allow.

    A copy of every message goes to `capture`. Waits until the context is shut down or terminated,
    then returns; a signal whose handler raises ends it, too. `frontend` and `backend` may be the
    same socket.
    """
    proxy_steerable(frontend, backend, capture)


def proxy_steerable(
    frontend: BaseSocket,
    backend: BaseSocket,
    capture: BaseSocket | None = None,
    control: BaseSocket | None = None,
) -> None:
    """`proxy()` that obeys the messages b"PAUSE", b"RESUME", b"TERMINATE" and b"STATISTICS" from
    `control`.

    Returns after TERMINATE, too. STATISTICS is answered by eight parts, numbers of 64 bits:
    messages and bytes received and sent at the frontend, then at the backend.
    """
    front, back = _pointer(frontend), _pointer(backend)
    copy = NULL if capture is None else _pointer(capture)
    while True:
        if control is None:
            rc = lib.zmq_proxy(front, back, copy)
        else:
            rc = lib.zmq_proxy_steerable(front, back, copy, _pointer(control))
        if rc == 0 or ffi.errno == Errno.ETERM:
            return
        if ffi.errno != EINTR:
            raise error_for(ffi.errno, "proxy")


def _pointer(socket: BaseSocket) -> CData:
    """The core's socket of one of ours."""
    if not isinstance(socket, BaseSocket):
        raise TypeError(f"a proxy passes messages between sockets, not {type(socket).__name__}")
    return socket._pointer
