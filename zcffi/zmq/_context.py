"""zmq.Context: pyzmq's names over `zcffi.Context`."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, ClassVar

from zcffi._constants import Errno
from zcffi.context import Context as PlainContext
from zcffi.errors import ZMQError
from zcffi.zmq._compat import CompatSocket
from zcffi.zmq._options import CONTEXT_NUMBERS, NUMBERS
from zcffi.zmq._socket import Socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from zcffi.zmq._compat import OptionValue

__all__ = ["Context"]


class Context(PlainContext):
    """A context with pyzmq's names. Options of sockets set on it hold for sockets made later."""

    _shown_as = "zmq.Context"
    _instance: ClassVar[Context | None] = None
    _instance_pid: ClassVar[int | None] = None
    _instance_lock: ClassVar[threading.Lock] = threading.Lock()
    _socket_class: ClassVar[type[CompatSocket]] = Socket
    sockopts: dict[int, OptionValue]

    def __init__(self, io_threads: int | PlainContext = 1, shadow: PlainContext | int = 0) -> None:
        object.__setattr__(self, "sockopts", {})
        if isinstance(io_threads, PlainContext):
            shadow = io_threads
        if shadow:
            other = PlainContext.shadow(shadow if isinstance(shadow, int) else shadow.underlying)
            for name in ("_lock", "_shadow", "_inherited", "_sockets", "_pointer"):
                object.__setattr__(self, name, getattr(other, name))
        else:
            super().__init__(io_threads)  # type: ignore[arg-type]

    @classmethod
    def shadow(cls, address: int | PlainContext) -> Self:
        """A context object for a context made elsewhere, whose life it shares."""
        return cls(shadow=address)

    @classmethod
    def instance(cls, io_threads: int = 1) -> Self:
        """The one context that a process shares; made anew after its end and in the child of a
        fork.
        """
        with cls._instance_lock:
            found = cls.__dict__.get("_instance")
            if found is None or found.closed or cls._instance_pid != os.getpid():
                found = cls(io_threads)
                cls._instance = found
                cls._instance_pid = os.getpid()
            return found

    def socket(  # type: ignore[override]
        self,
        socket_type: int,
        socket_class: Callable[..., CompatSocket] | None = None,
        **kwargs: object,
    ) -> Socket:
        """Make a socket, with the options that were set on the context.

        `kwargs` are those of its class, as `copy_threshold`.
        """
        if self.closed:
            raise ZMQError(Errno.ENOTSUP)
        make: Callable[..., CompatSocket] = socket_class or self._socket_class
        made = make(self, socket_type, **kwargs)
        for option, value in self.sockopts.items():
            # Some types do not have some options.
            with contextlib.suppress(ZMQError):
                made.set(option, value)
        return made  # type: ignore[return-value]

    def destroy(self, linger: int | None = None) -> None:
        """Close every socket made by this context, then end it; `linger` in milliseconds."""
        self.close(linger)

    # ---- Options ----

    def set(self, option: int, optval: int) -> None:
        """Set an option of the context by its number."""
        self._set_option(int(option), "int", optval)

    def get(self, option: int) -> int:
        """Read an option of the context by its number."""
        value: int = self._get_option(int(option), "int")
        return value

    def setsockopt(self, opt: int, value: OptionValue) -> None:
        """Set an option of sockets, for those made later."""
        self.sockopts[int(opt)] = value

    def getsockopt(self, opt: int) -> OptionValue:
        """An option of sockets as it was set on the context."""
        return self.sockopts[int(opt)]

    def __getattr__(self, name: str) -> OptionValue:
        upper = name.upper()
        if not name.startswith("_"):
            if upper in CONTEXT_NUMBERS:
                return self.get(CONTEXT_NUMBERS[upper])
            if NUMBERS.get(upper) in self.sockopts:
                return self.sockopts[NUMBERS[upper]]
        raise AttributeError(f"{type(self).__name__} has no such option: {upper}")

    def __setattr__(self, name: str, value: object) -> None:
        upper = name.upper()
        if hasattr(type(self), name) or name in self.__dict__:
            object.__setattr__(self, name, value)
        elif upper in CONTEXT_NUMBERS and isinstance(value, int):
            self.set(CONTEXT_NUMBERS[upper], value)
        elif upper in NUMBERS and isinstance(value, (int, str, bytes)):
            self.sockopts[NUMBERS[upper]] = value
        else:
            raise AttributeError(f"{type(self).__name__} has no such option: {upper}")

    def __delattr__(self, name: str) -> None:
        number = NUMBERS.get(name.upper())
        if number is None or self.sockopts.pop(number, None) is None:
            raise AttributeError(f"{type(self).__name__} has no such option: {name.upper()}")

    # ---- Copies ----

    def __copy__(self) -> Self:
        return type(self).shadow(self.underlying)

    def __deepcopy__(self, memo: object) -> Self:
        return type(self).shadow(self.underlying)

    def __reduce__(self) -> str:
        raise TypeError("a Context can't be pickled: it belongs to its process")


# What a socket takes that is made without a context.
CompatSocket._shared_context = lambda: Context.instance()
