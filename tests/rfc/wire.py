"""ZMTP by hand: builds greetings, commands and frames, and speaks them over a plain socket."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import NamedTuple, Self

import pytest

SECONDS = 5
"""How long a peer may take for anything it owes us."""

MORE, LONG, COMMAND = 1, 2, 4

SIGNATURE = b"\xff" + bytes(8) + b"\x7f"


# ---- Bytes ----


def greeting(
    minor: int = 1,
    *,
    major: int = 3,
    mechanism: bytes = b"NULL",
    as_server: int = 0,
    padding: bytes = bytes(8),
) -> bytes:
    """The 64 octets of ZMTP 3."""
    head = b"\xff" + padding + b"\x7f" + bytes([major, minor])
    return head + mechanism.ljust(20, b"\0") + bytes([as_server]) + bytes(31)


def raw_frame(flags: int, body: bytes) -> bytes:
    """A frame with just these flags; LONG decides how the size is written."""
    size = struct.pack(">Q", len(body)) if flags & LONG else bytes([len(body)])
    return bytes([flags]) + size + body


def frame(body: bytes, *, more: bool = False) -> bytes:
    """A message frame, in the shortest form."""
    return raw_frame((MORE if more else 0) | (LONG if len(body) > 255 else 0), body)


def message(*parts: bytes) -> bytes:
    """A whole message."""
    last = len(parts) - 1
    return b"".join(frame(part, more=i < last) for i, part in enumerate(parts))


def command(name: bytes, data: bytes = b"") -> bytes:
    """A command frame, in the shortest form."""
    body = bytes([len(name)]) + name + data
    return raw_frame(COMMAND | (LONG if len(body) > 255 else 0), body)


def prop(name: bytes, value: bytes) -> bytes:
    """One property of the metadata."""
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def ready(socket_type: str, *more: tuple[bytes, bytes]) -> bytes:
    """A READY command with a Socket-Type and other properties."""
    properties = [(b"Socket-Type", socket_type.encode()), *more]
    return command(b"READY", b"".join(prop(*each) for each in properties))


def subscribe(topic: bytes) -> bytes:
    return command(b"SUBSCRIBE", topic)


def cancel(topic: bytes) -> bytes:
    return command(b"CANCEL", topic)


def old_frame(body: bytes, *, more: bool = False) -> bytes:
    """A frame of ZMTP 1.0: the size counts the flags and comes before them."""
    size = len(body) + 1
    head = bytes([size]) if size < 255 else b"\xff" + struct.pack(">Q", size)
    return head + bytes([MORE if more else 0]) + body


# ---- What was read ----


class Frame(NamedTuple):
    """A frame of ZMTP 3 or 2."""

    flags: int
    body: bytes

    @property
    def is_command(self) -> bool:
        return bool(self.flags & COMMAND)

    @property
    def name(self) -> bytes:
        """The name of a command."""
        assert self.is_command, f"a command was expected, not {self}"
        return self.body[1 : 1 + self.body[0]]

    @property
    def data(self) -> bytes:
        """What follows the name of a command."""
        return self.body[1 + self.body[0] :]


def metadata(data: bytes) -> dict[bytes, bytes]:
    """The properties in a READY command's data."""
    found = {}
    while data:
        name, data = data[1 : 1 + data[0]], data[1 + data[0] :]
        (size,) = struct.unpack(">I", data[:4])
        found[name], data = data[4 : 4 + size], data[4 + size :]
    return found


# ---- Connections ----


class Wire:
    """A connection that says just what it is told to."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(SECONDS)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *data: bytes) -> None:
        self.sock.sendall(b"".join(data))

    def read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            assert more, f"closed by the other side after {data!r}"
            data += more
        return data

    def read_frame(self) -> Frame:
        """A frame of ZMTP 3 or 2."""
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & LONG else self.read(1)[0]
        return Frame(flags, self.read(size))

    def read_message(self) -> list[bytes]:
        """A whole message of ZMTP 3 or 2."""
        parts = []
        while True:
            got = self.read_frame()
            assert not got.is_command, f"a message was expected, not {got}"
            parts.append(got.body)
            if not got.flags & MORE:
                return parts

    def read_old_frame(self) -> tuple[int, bytes]:
        """A frame of ZMTP 1.0: flags and body."""
        size = self.read(1)[0]
        if size == 255:
            (size,) = struct.unpack(">Q", self.read(8))
        return self.read(1)[0], self.read(size - 1)

    def until_closed(self, seconds: float = SECONDS) -> bytes:
        """Read until the other side closes; what came before."""
        self.sock.settimeout(seconds)
        data = b""
        try:
            while more := self.sock.recv(65536):
                data += more
        except ConnectionError:
            pass
        except TimeoutError:
            pytest.fail(f"not closed by the other side, which sent {data[:200]!r}")
        return data

    def is_silent(self, seconds: float = 0.05) -> bool:
        """Whether nothing comes, and the connection stays, for a moment."""
        self.sock.settimeout(seconds)
        try:
            return not self.sock.recv(1, socket.MSG_PEEK) and False
        except TimeoutError:
            return True
        except ConnectionError:
            return False
        finally:
            self.sock.settimeout(SECONDS)

    def shake(
        self, socket_type: str, *properties: tuple[bytes, bytes], minor: int = 1
    ) -> dict[bytes, bytes]:
        """Do the whole handshake; the other side's metadata."""
        self.send(greeting(minor), ready(socket_type, *properties))
        self.read(64)
        answer = self.read_frame()
        assert answer.name == b"READY", f"the handshake was refused: {answer}"
        return metadata(answer.data)

    def ping(self, context: bytes = b"") -> None:
        """Have all that was sent before be read by the other side: wait for its PONG."""
        self.send(command(b"PING", b"\0\0" + context))
        answer = self.read_frame()
        assert (answer.name, answer.data) == (b"PONG", context)

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def connect(endpoint: str) -> Wire:
    """A plain connection to an endpoint (tcp or ipc)."""
    transport, where = endpoint.split("://")
    if transport == "ipc":
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(SECONDS)
        sock.connect(where)
        return Wire(sock)
    host, port = where.rsplit(":", 1)
    return Wire(socket.create_connection((host.strip("[]"), int(port)), SECONDS))


def shaken(endpoint: str, socket_type: str, *properties: tuple[bytes, bytes]) -> Wire:
    """A connection whose handshake is done."""
    wire = connect(endpoint)
    wire.shake(socket_type, *properties)
    return wire


class Listener:
    """A plain listening socket, for our sockets to connect to."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(SECONDS)
        self.endpoint = f"tcp://127.0.0.1:{self.sock.getsockname()[1]}"

    def accept(self) -> Wire:
        return Wire(self.sock.accept()[0])

    def is_idle(self, seconds: float) -> bool:
        """Whether nobody connects in that time."""
        self.sock.settimeout(seconds)
        try:
            self.sock.accept()[0].close()
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(SECONDS)
        return False

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
