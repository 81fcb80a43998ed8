"""The other side: a program that runs pyzmq and does what it is told.

Reads one JSON object a line from stdin, {"do": verb, ...}, and answers each with one line on
stdout: {"ok": result} or {"error": text}. Bytes travel as Latin-1 text; a part that would be large
travels as [size, seed] and stands for `blob(size, seed)`; large received parts are told as
[size, digest]. Runs alone: it imports nothing of the project but itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys
import time

LARGE = 4096
"""Parts from this size on are told by size and digest."""

SECONDS = 30 if "ZCFFI_SANITIZED" in os.environ else 5


def blob(size: int, seed: int = 0) -> bytes:
    """So many bytes, without a short period, the same on both sides."""
    step = hashlib.sha256(b"%d" % seed).digest() * 8 + bytes([seed % 251])
    return (step * (size // len(step) + 1))[:size]


def told(part: bytes) -> object:
    """A part as it is told."""
    if len(part) < LARGE:
        return part.decode("latin-1")
    return [len(part), hashlib.sha256(part).hexdigest()]


def meant(part: object) -> bytes:
    """A part that was told: text, or size and seed."""
    if isinstance(part, str):
        return part.encode("latin-1")
    size, seed = part  # type: ignore[misc]
    return blob(size, seed)


def numbered(i: int, size: int) -> bytes:
    """The i-th message of a series."""
    return b"%08d" % i + blob(max(size - 8, 0), i % 7)


class Peer:
    """The verbs."""

    def __init__(self) -> None:
        import zmq
        from zmq.utils.monitor import parse_monitor_message

        self.zmq = zmq
        self.parse = parse_monitor_message
        self.context = zmq.Context()
        self.sockets: dict[str, zmq.Socket[bytes]] = {}
        self.monitors: dict[str, zmq.Socket[bytes]] = {}

    def socket(self, name: str, type: str, options: dict[str, object]) -> None:
        sock = self.context.socket(getattr(self.zmq, type))
        sock.linger = 0
        sock.rcvtimeo = sock.sndtimeo = SECONDS * 1000
        for option, value in options.items():
            sock.set(
                getattr(self.zmq, option.upper()),
                value.encode("latin-1") if isinstance(value, str) else value,
            )
        self.sockets[name] = sock
        self.monitors[name] = sock.get_monitor_socket()

    def bind(self, name: str, endpoint: str) -> str:
        self.sockets[name].bind(endpoint)
        return self.sockets[name].last_endpoint.decode()

    def connect(self, name: str, endpoint: str) -> None:
        self.sockets[name].connect(endpoint)

    def unbind(self, name: str, endpoint: str) -> None:
        self.sockets[name].unbind(endpoint)

    def disconnect(self, name: str, endpoint: str) -> None:
        self.sockets[name].disconnect(endpoint)

    def set(self, name: str, option: str, value: object) -> None:
        self.sockets[name].set(
            getattr(self.zmq, option.upper()),
            value.encode("latin-1") if isinstance(value, str) else value,
        )

    def send(self, name: str, parts: list[object]) -> None:
        """Send a message; to a ROUTER's peer that is not there yet: when it is."""
        message = [meant(part) for part in parts]
        end = time.monotonic() + SECONDS
        while True:
            try:
                self.sockets[name].send_multipart(message, copy=False)
                return
            except self.zmq.ZMQError as error:
                if error.errno != self.zmq.EHOSTUNREACH or time.monotonic() > end:
                    raise
                self.wait(name, 10)

    def recv(self, name: str) -> list[object]:
        return [told(part) for part in self.sockets[name].recv_multipart()]

    def poll(self, name: str, milliseconds: int) -> bool:
        return bool(self.sockets[name].poll(milliseconds))

    def send_series(self, name: str, count: int, size: int) -> None:
        for i in range(count):
            self.sockets[name].send(numbered(i, size))

    def recv_series(self, name: str, count: int, size: int) -> int:
        """Receive a series; how many of it came in order and unharmed."""
        for i in range(count):
            if self.sockets[name].recv() != numbered(i, size):
                return i
        return count

    def event(self, name: str, event: str, milliseconds: int) -> int | None:
        """Wait for an event; its value, None if it doesn't come."""
        wanted = getattr(self.zmq, f"EVENT_{event}")
        end = time.monotonic() + milliseconds / 1000
        while (left := end - time.monotonic()) > 0:
            if self.monitors[name].poll(int(left * 1000) + 1):
                found = self.parse(self.monitors[name].recv_multipart())
                if found["event"] == wanted:
                    return int(found["value"])
        return None

    def wait(self, name: str, milliseconds: int) -> None:
        """Wait for any event, a moment at most."""
        if self.monitors[name].poll(milliseconds):
            self.monitors[name].recv_multipart()

    def close(self, name: str, linger: int) -> None:
        sock = self.sockets.pop(name)
        sock.disable_monitor()
        self.monitors.pop(name).close(0)
        sock.close(linger)

    def clear(self) -> None:
        """Close all sockets."""
        for name in list(self.sockets):
            self.close(name, 0)

    def tend(self) -> None:
        """Have every socket notice what happened to it: libzmq does that in calls only."""
        for sock in self.sockets.values():
            sock.get(self.zmq.EVENTS)


def main() -> None:
    """Do what stdin says until it ends."""
    peer = Peer()
    stdin, rest = sys.stdin.fileno(), b""
    while True:
        if not select.select([stdin], [], [], 0.005 if peer.sockets else None)[0]:
            peer.tend()
            continue
        data = os.read(stdin, 1 << 20)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            try:
                answer = {"ok": getattr(peer, order.pop("do"))(**order)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
    peer.clear()
    peer.context.term()


if __name__ == "__main__":
    main()
