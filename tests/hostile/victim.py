"""The process under attack: sockets made and served by orders, each a line of JSON."""

from __future__ import annotations

import ctypes
import json
import sys

from zcffi import Context, Event, Flag, Poller, PollEvent, Socket, SocketType

context, poller = Context(), Poller()
sockets, got, events = {}, {}, {}


def make(name: str, type: str, endpoint: str, options: dict[str, int]) -> str:
    sock = sockets[name] = context.socket(SocketType[type])
    sock.linger = 0
    for option, value in options.items():
        setattr(sock, option, value)
    events[name] = sock.monitor(Event.ALL | Event.PEER_REFUSED)
    got[name] = []
    if SocketType[type] not in (SocketType.PUB, SocketType.PUSH):
        poller.register(sock, PollEvent.POLLIN)
    return sock.bind(endpoint)


def serve(sock: Socket) -> None:
    name = next(each for each, one in sockets.items() if one is sock)
    for parts in sock.recv_many(1000, Flag.DONTWAIT, multipart=True):
        if sock.type == SocketType.ROUTER:
            sock.send_multipart(parts)
        elif sock.type == SocketType.PULL:
            got[name].append([part.decode("latin-1") for part in parts])
        else:
            got[name] = [len(parts[0])]


def take(name: str) -> list[object]:
    """What has come since the last time."""
    found, got[name] = got[name], []
    return found


def told(name: str) -> list[tuple[str, str, str]]:
    """The events since the last time: what, why, who."""
    found = []
    while events[name].poll(0):
        event = events[name].recv()
        found.append((event.event.name, event.text or "", event.peer or ""))
    return found


def send(name: str, *parts: str) -> None:
    sockets[name].send_multipart([part.encode("latin-1") for part in parts])


def close(name: str) -> None:
    if sockets[name] in poller:
        poller.unregister(sockets[name])
    events.pop(name).close()
    sockets.pop(name).close(0)


def close_all_but(kept: str) -> None:
    for name in [each for each in sockets if each != kept]:
        close(name)


def trim() -> None:
    """Give back what the C library's allocator keeps for later: what is left is in use."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


ORDERS = {each.__name__: each for each in (make, take, told, send, close, close_all_but, trim)}


def main() -> None:
    poller.register(0, PollEvent.POLLIN)
    while True:
        for what, _ in poller.poll():
            if what != 0:
                serve(what)
                continue
            line = sys.stdin.buffer.raw.readline()
            if not line:
                context.close(0)
                return
            verb, *arguments = json.loads(line)
            print(json.dumps(ORDERS[verb](*arguments)), flush=True)


main()
