"""A request and its reply.

Start both halves, in any order:

    python hello.py server
    python hello.py client

Either half also talks to hello_server.c and hello_client.c.
"""

import sys

import zcffi

ADDRESS = "tcp://127.0.0.1:5555"


def serve(address: str) -> None:
    """Answer three requests."""
    with zcffi.Context() as context, context.socket(zcffi.SocketType.REP) as socket:
        print("listening at", socket.bind(address), flush=True)
        for _ in range(3):
            print("asked:", socket.recv_string(), flush=True)
            socket.send(b"world")


def ask(address: str) -> None:
    """Ask three times."""
    with zcffi.Context() as context, context.socket(zcffi.SocketType.REQ) as socket:
        socket.connect(address)
        for _ in range(3):
            socket.send(b"hello")
            print("answer:", socket.recv_string())


if __name__ == "__main__":
    half, address = (*sys.argv[1:], ADDRESS)[:2] if len(sys.argv) > 1 else ("client", ADDRESS)
    {"server": serve, "client": ask}[half](address)
