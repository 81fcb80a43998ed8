"""BaseContext: what the contexts of every kind share: life and options."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, Self

from zcffi import _lives
from zcffi._constants import ContextOption, Errno, SocketType
from zcffi._ffi import HAS_ZCFFI, NULL, ffi, lib
from zcffi._options import ContextOptions
from zcffi._values import as_int
from zcffi.errors import ContextTerminated, error_for

if TYPE_CHECKING:
    from types import TracebackType

    from zcffi._cffi import CData
    from zcffi._lives import Owned
    from zcffi._options import OptionKind, OptionValue

__all__ = ["BaseContext"]

EINTR = 4


class BaseContext(ContextOptions):
    """Life and options of a context; the sockets that it makes differ by kind."""

    __slots__ = ("__weakref__", "_inherited", "_lock", "_pointer", "_shadow", "_sockets")

    _shown_as: ClassVar[str] = "zcffi.Context"

    def __init__(self, io_threads: int | None = None, *, max_sockets: int | None = None) -> None:
        self._lock = threading.Lock()
        self._shadow = False
        self._inherited = False
        self._sockets: weakref.WeakSet[Owned] = weakref.WeakSet()
        self._pointer = NULL
        pointer = lib.zmq_ctx_new()
        if pointer == NULL:
            raise error_for(ffi.errno, "context")
        self._pointer = pointer
        _lives.register(self)
        if io_threads is not None:
            self.io_threads = io_threads
        if max_sockets is not None:
            self.max_sockets = max_sockets

    @classmethod
    def shadow(cls, address: int) -> Self:
        """A context object for the context at `address`, made elsewhere (see `underlying`).

        It shares that context's life instead of owning it: closing it closes the sockets made
        through it, no more.
        """
        self = cls.__new__(cls)
        self._lock = threading.Lock()
        self._shadow = True
        self._inherited = False
        self._sockets = weakref.WeakSet()
        self._pointer = ffi.cast("void *", address)
        _lives.register(self)
        return self

    # ---- State ----

    @property
    def underlying(self) -> int:
        """The address of the core's context, for `shadow()` and for C extensions."""
        return int(ffi.cast("uintptr_t", self._pointer))

    @property
    def closed(self) -> bool:
        """Whether the context was terminated."""
        return bool(self._pointer == NULL)

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{len(self._sockets)} sockets"
        return f"<{self._shown_as} {state}>"

    # ---- Options: what the generated properties call ----

    # Typed by the overloads of ContextOptions.
    def _get_option(self, number: int, kind: OptionKind) -> Any:
        ffi.errno = 0
        value = lib.zmq_ctx_get(self._open_pointer(), number)
        if value < 0 and (ffi.errno != 0 or number != ContextOption.THREAD_SCHED_POLICY):
            raise error_for(ffi.errno, "get", _option_name(number))
        return bool(value) if kind == "bool" else value

    def _set_option(self, number: int, kind: OptionKind, value: OptionValue) -> None:
        value = as_int(value, _option_name(number))
        if lib.zmq_ctx_set(self._open_pointer(), number, value) < 0:
            raise error_for(ffi.errno, "set", f"{_option_name(number)} to {value!r}")

    def _open_pointer(self) -> CData:
        if self._pointer == NULL:
            raise ContextTerminated()
        return self._pointer

    # ---- The end ----

    def shutdown(self) -> None:
        """Make every call on the context's sockets fail with `ContextTerminated`, those that wait,
        too.

        Returns at once. The sockets still want `close()`, the context `term()`.
        """
        if self._pointer != NULL and lib.zmq_ctx_shutdown(self._pointer) < 0:
            raise error_for(ffi.errno, "shutdown")

    def term(self) -> None:
        """End the context, once its sockets are closed.

        Calls on its sockets, also those that wait in other threads, fail with `ContextTerminated`.
        Waits until every socket was closed and its messages were sent or given up (`linger`). May
        be called twice; after an exception of a signal handler (`KeyboardInterrupt`) it may be
        called again to go on.
        """
        with self._lock:
            pointer, self._pointer = self._pointer, NULL
        if pointer == NULL or self._shadow:
            return
        done = False
        try:
            while lib.zmq_ctx_term(pointer) < 0:
                if ffi.errno == Errno.EFAULT:
                    break  # ended by somebody else
                if ffi.errno != EINTR:
                    raise error_for(ffi.errno, "term")
            done = True
        finally:
            if not done:
                self._pointer = pointer

    def close(self, linger: int | None = None) -> None:
        """Close every socket made by this context, then end it. May be called twice.

        `linger`: how many milliseconds each socket may still try to send what it holds (-1: for
        ever), instead of its own `linger`. Waits that long at most.
        """
        for socket in list(self._sockets):
            socket.close(linger)
        self.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        pointer = getattr(self, "_pointer", NULL)
        if pointer == NULL or self._shadow:
            return
        self._pointer = NULL
        # Sockets keep their context, so here they are all gone and at most linger.
        if HAS_ZCFFI or not self._inherited:
            _lives.end_later(pointer)

    def _abandon(self, linger: int) -> None:
        """At the interpreter's exit: close what was forgotten, wait for nothing."""
        for socket in list(self._sockets):
            socket._abandon(linger)
        with self._lock:
            pointer, self._pointer = self._pointer, NULL
        if pointer != NULL and not self._shadow and (HAS_ZCFFI or not self._inherited):
            _lives.end_later(pointer)

    def _mark_inherited(self) -> None:
        """In the child of a fork: closing is all that is left to do."""
        self._inherited = True
        self._lock = threading.Lock()
        for socket in list(self._sockets):
            socket._mark_inherited()
        if not HAS_ZCFFI:
            self._pointer = NULL  # libzmq can't even end it here

    # ---- For sockets ----

    def _new_socket(self, type: int) -> CData:
        if self._pointer == NULL:
            raise ContextTerminated()
        pointer = lib.zmq_socket(self._pointer, type)
        if pointer == NULL:
            raise error_for(ffi.errno, "socket", _type_name(type))
        return pointer

    def _adopt(self, socket: Owned) -> None:
        self._sockets.add(socket)


def _option_name(number: int) -> str:
    try:
        return ContextOption(number).name.lower()
    except ValueError:
        return f"context option {number}"


def _type_name(type: int) -> str:
    try:
        return SocketType(type).name
    except ValueError:
        return str(type)
