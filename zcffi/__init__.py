"""ZeroMQ, written anew: messages between threads, processes and machines.

    import zcffi

    with zcffi.Context() as context:
        pull = context.socket(zcffi.SocketType.PULL)
        push = context.socket(zcffi.SocketType.PUSH)
        push.connect(pull.bind("tcp://127.0.0.1:*"))
        push.send(b"hello")
        print(pull.recv())

`zcffi.asyncio` has the same classes for coroutines, `zcffi.zmq` pyzmq's names for the same things.
All times are milliseconds.
"""

from __future__ import annotations

from zcffi._constants import (
    ContextOption,
    DeviceType,
    Errno,
    Event,
    Flag,
    MessageOption,
    PollEvent,
    ProtocolError,
    SecurityMechanism,
    SocketOption,
    SocketType,
)
from zcffi._ffi import FOLDER
from zcffi._version import __version__
from zcffi.context import Context
from zcffi.devices import proxy, proxy_steerable
from zcffi.errors import (
    AddressError,
    AddressInUse,
    Again,
    ContextTerminated,
    ForkedError,
    InterruptedSystemCall,
    InvalidArgument,
    MessageTooLong,
    NotSupported,
    Unroutable,
    WrongState,
    ZMQBaseError,
    ZMQError,
    strerror,
)
from zcffi.helpers import (
    backend,
    curve_keypair,
    curve_public,
    has,
    z85_decode,
    z85_encode,
    zcffi_version_info,
    zmq_version,
    zmq_version_info,
)
from zcffi.message import Frame
from zcffi.monitor import Monitor, MonitorEvent
from zcffi.poller import Poller
from zcffi.socket import JSON, Socket

__all__ = [
    # objects
    "Context",
    "Socket",
    "Poller",
    "Frame",
    "Monitor",
    "MonitorEvent",
    "JSON",
    # errors
    "ZMQBaseError",
    "ZMQError",
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
    # numbers
    "ContextOption",
    "DeviceType",
    "Errno",
    "Event",
    "Flag",
    "MessageOption",
    "PollEvent",
    "ProtocolError",
    "SecurityMechanism",
    "SocketOption",
    "SocketType",
    # functions
    "backend",
    "curve_keypair",
    "curve_public",
    "get_include",
    "get_library_dirs",
    "has",
    "proxy",
    "proxy_steerable",
    "strerror",
    "z85_decode",
    "z85_encode",
    "zcffi_version_info",
    "zmq_version",
    "zmq_version_info",
    "__version__",
]


def get_include() -> str:
    """The folder of `zmq.h` and `zcffi.h`, for C extensions that share the core with Python."""
    return f"{FOLDER}/include"


def get_library_dirs() -> list[str]:
    """The folders of the core's shared library `libzcffi`; empty when the core is the system's."""
    from pathlib import Path

    folder = Path(FOLDER)
    found = any(folder.glob("*zcffi.so")) or any(folder.glob("*zcffi.d*"))
    return [str(folder)] if found else []
