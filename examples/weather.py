"""Publish and subscribe: one station, two readers who each want one town.

PUB drops what nobody has asked for. XPUB does the same, and tells who asks: so the station can wait
until both readers listen.
"""

import sys
import threading

import zcffi
from zcffi import SocketType


def read(context: zcffi.Context, address: str, town: str) -> None:
    """Print the three reports on a town."""
    with context.socket(SocketType.SUB) as socket:
        socket.connect(address)
        socket.subscribe(town)
        for _ in range(3):
            name, degrees = socket.recv_multipart()
            sys.stdout.write(f"{name.decode()}: {int(degrees)} degrees\n")


def main() -> None:
    """Report on three towns, to readers of two."""
    with zcffi.Context() as context, context.socket(SocketType.XPUB) as station:
        address = station.bind("tcp://127.0.0.1:*")
        readers = [
            threading.Thread(target=read, args=(context, address, town))
            for town in ("Lagos", "Turku")
        ]
        for reader in readers:
            reader.start()
        for _ in readers:
            print("reader of", station.recv()[1:].decode())
        for hour in range(3):
            for town, degrees in (("Lagos", 29), ("Lima", 19), ("Turku", -2)):
                station.send_multipart([town.encode(), b"%d" % (degrees + hour)])
        for reader in readers:
            reader.join()


if __name__ == "__main__":
    main()
