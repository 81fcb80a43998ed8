"""The libraries that `python -m zcffi bench` compares, each by its public documentation."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import itertools
import os
from typing import Any

__all__ = ["LIBRARIES", "Library", "installed", "make"]

# None of them shares a type with another.
Sock = Any

_names = itertools.count()


class Library:
    """One library, in one process: makes sockets; knows what it calls what is the same in all."""

    has_parts = True  # multipart messages
    has_poll = True

    def __init__(self, name: str, *, asynchronous: bool = False) -> None:
        self.name = name
        self.asynchronous = asynchronous
        self.sockets: list[Sock] = []

    def address(self, transport: str, folder: str) -> str:
        """Say where to bind."""
        return {
            "tcp": "tcp://127.0.0.1:*",
            "ipc": f"ipc://{folder}/{os.getpid()}.{next(_names)}",
            "inproc": f"inproc://bench.{next(_names)}",
        }[transport]

    async def bound(self, kind: str, transport: str, folder: str) -> tuple[Sock, str]:
        """Give a socket that is bound, and where."""
        raise NotImplementedError

    async def connected(self, kind: str, endpoint: str) -> Sock:
        """Give a socket that is connected."""
        raise NotImplementedError

    def calls(self, socket: Sock) -> tuple[Any, Any]:
        """Give its calls that send and receive a message, awaitable if asked for."""
        return socket.send, socket.recv

    def close(self) -> None:
        """Close everything; what was not received is dropped."""
        raise NotImplementedError


class Zcffi(Library):
    """Ours."""

    def __init__(self, name: str, *, asynchronous: bool = False) -> None:
        super().__init__(name, asynchronous=asynchronous)
        import zcffi

        self.types = zcffi.SocketType
        self.context: Any = zcffi.Context()
        if asynchronous:
            from zcffi import asyncio

            self.context = asyncio.Context()

    def socket(self, kind: str) -> Sock:
        """Make a socket."""
        made = self.context.socket(self.types[kind])
        self.sockets.append(made)
        return made

    async def bound(self, kind: str, transport: str, folder: str) -> tuple[Sock, str]:
        made = self.socket(kind)
        return made, made.bind(self.address(transport, folder))

    async def connected(self, kind: str, endpoint: str) -> Sock:
        made = self.socket(kind)
        made.connect(endpoint)
        return made

    def close(self) -> None:
        for made in self.sockets:
            made.close(linger=0)
        self.context.close()


class Pyzmq(Library):
    """Pyzmq, and what has its names."""

    def __init__(self, name: str, *, asynchronous: bool = False) -> None:
        super().__init__(name, asynchronous=asynchronous)
        module = LIBRARIES[name][1]
        self.zmq: Any = importlib.import_module(module)
        maker = importlib.import_module(module + ".asyncio") if asynchronous else self.zmq
        self.context: Any = maker.Context()

    def socket(self, kind: str) -> Sock:
        """Make a socket."""
        made = self.context.socket(getattr(self.zmq, kind))
        made.setsockopt(self.zmq.LINGER, 0)
        self.sockets.append(made)
        return made

    async def bound(self, kind: str, transport: str, folder: str) -> tuple[Sock, str]:
        made = self.socket(kind)
        done = made.bind(self.address(transport, folder))
        if inspect.isawaitable(done):
            await done
        where = made.getsockopt(self.zmq.LAST_ENDPOINT)
        return made, where if isinstance(where, str) else where.rstrip(b"\0").decode()

    async def connected(self, kind: str, endpoint: str) -> Sock:
        made = self.socket(kind)
        done = made.connect(endpoint)
        if inspect.isawaitable(done):
            await done
        return made

    def close(self) -> None:
        for made in self.sockets:
            made.close()
        self.context.term()


class Pynng(Library):
    """Pynng: not ZeroMQ, but the same patterns. It has no parts, and no poll."""

    has_parts = has_poll = False

    def __init__(self, name: str, *, asynchronous: bool = False) -> None:
        super().__init__(name, asynchronous=asynchronous)
        self.pynng: Any = importlib.import_module("pynng")

    def socket(self, kind: str) -> Sock:
        """Make a socket."""
        made = getattr(self.pynng, f"{kind.capitalize()}0")(recv_max_size=0)
        self.sockets.append(made)
        return made

    async def bound(self, kind: str, transport: str, folder: str) -> tuple[Sock, str]:
        made = self.socket(kind)
        address = self.address(transport, folder).replace(":*", ":0")
        listener = made.listen(address)
        if transport == "tcp":
            address = f"tcp://127.0.0.1:{_port(listener.local_address)}"
        return made, address

    async def connected(self, kind: str, endpoint: str) -> Sock:
        made = self.socket(kind)
        made.dial(endpoint, block=True)
        return made

    def calls(self, socket: Sock) -> tuple[Any, Any]:
        if self.asynchronous:
            return socket.asend, socket.arecv
        return socket.send, socket.recv

    def close(self) -> None:
        for made in self.sockets:
            made.close()


def _port(address: Any) -> int:
    """Pynng gives the port in the order of the network's bytes."""
    return int.from_bytes(int(address.port).to_bytes(2, "little"), "big")


# Name: who knows how to use it, and the module it is. Ours comes first.
LIBRARIES: dict[str, tuple[type[Library], str]] = {
    "zcffi": (Zcffi, "zcffi"),
    "pyzmq": (Pyzmq, "zmq"),
    "pynng": (Pynng, "pynng"),
    "pyomq": (Pyzmq, "pyomq"),
}


def installed() -> dict[str, str]:
    """Name what is installed, with its version."""
    found = {}
    for name, (_, module) in LIBRARIES.items():
        if importlib.util.find_spec(module) is not None:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = "of unknown version"
    return found


def make(name: str, *, asynchronous: bool = False) -> Library:
    """Open a library in this process."""
    return LIBRARIES[name][0](name, asynchronous=asynchronous)
