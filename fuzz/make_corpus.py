#!/usr/bin/env python3
"""Write fuzz/corpus/: small seeds for each target, from recorded greetings and hand-made malice.

Run from anywhere; the same files come out every time. Choices sit at the end of an input, see
the head of each target.
"""

import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
TYPES = ["PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"]
MATES = dict(
    zip(
        TYPES,
        ["PAIR", "SUB", "PUB", "REP", "REQ", "ROUTER", "DEALER", "PUSH", "PULL", "SUB", "PUB"],
        strict=True,
    )
)
SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
TRAFFIC = b"\1\0\1\5hello\2" + struct.pack(">Q", 256) + b"x" * 256


def greeting(major: int = 3, minor: int = 1, mechanism: bytes = b"NULL", server: int = 0) -> bytes:
    return (
        SIGNATURE + bytes([major, minor]) + mechanism.ljust(20, b"\0") + bytes([server]) + bytes(31)
    )


def prop(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def body(name: bytes, data: bytes = b"") -> bytes:
    return bytes([len(name)]) + name + data


def command(name: bytes, data: bytes = b"") -> bytes:
    whole = body(name, data)
    if len(whole) < 256:
        return bytes([4, len(whole)]) + whole
    return b"\6" + struct.pack(">Q", len(whole)) + whole


def ready(socktype: bytes, *more: bytes) -> bytes:
    return command(b"READY", prop(b"Socket-Type", socktype) + b"".join(more))


def choose(socktype: str, form: int = 4 * 4, cut: int = 7) -> bytes:
    """The last bytes of fuzz_greeting's input.

    form: zmtp_min - 1, and the routing id's length in fours.
    """
    return bytes([TYPES.index(socktype), form, cut])


def greetings() -> dict[str, bytes]:
    seeds = {
        f"3.1-{name.lower()}": greeting()
        + ready(mate.encode(), prop(b"Identity", b"worker-7"))
        + TRAFFIC
        + choose(name)
        for name, mate in MATES.items()
    }
    dealer = ready(b"DEALER")
    router = {
        "3.0": greeting(3, 0) + dealer,
        "4.0": greeting(4, 0) + dealer,
        "plain": greeting(mechanism=b"PLAIN", server=1) + command(b"HELLO", b"\5admin\6secret"),
        "null-x": greeting(mechanism=b"NULL\0X") + dealer,
        "error": greeting() + command(b"ERROR", b"\x03400"),
        "long-ready": greeting() + ready(b"DEALER", prop(b"X-Note", b"n" * 3000)),
        "properties": greeting() + ready(b"REQ", *[prop(b"X-%d" % i, b"v" * i) for i in range(20)]),
        "twice": greeting() + ready(b"REQ", prop(b"Socket-Type", b"REQ")),
        "cut": greeting() + ready(b"REQ", b"\1a\x7f\xff\xff\xff"),
        "huge": greeting() + b"\6" + b"\xff" * 8,
        "ping": greeting() + command(b"PING", b"\0\0"),
        "2.0": SIGNATURE + b"\1\5\0\3abc" + TRAFFIC,
        "2.0-rev2": SIGNATURE + b"\2\5\0\0" + TRAFFIC,
        "1.0": b"\4\0abc\6\0hello",
        "1.0-anonymous": b"\1\0\6\0hello",
        "1.0-long": b"\xff" + struct.pack(">Q", 4) + b"\0abc\6\0hello",
        "1.0-versioned": SIGNATURE + b"\0\5\4\0abc\6\0hello",
        "1.0-huge": b"\xff" + b"\xff" * 8 + b"\0",
        "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "ff": b"\xff" * 64,
    }
    seeds |= {f"router-{name}": seed + choose("ROUTER") for name, seed in router.items()}
    for oldest in (2, 3):
        form = next(f for f in range(256) if f % 3 == oldest - 1 and f >> 2 == 20)
        seeds |= {
            f"min{oldest}-{n}": router[n] + choose("ROUTER", form) for n in ("1.0", "2.0", "3.0")
        }
    return seeds


def frames() -> dict[str, bytes]:
    old = (
        b"\1\1\6\0hello\xfe\1" + b"x" * 253 + b"\xff" + struct.pack(">Q", 255) + b"\0" + b"y" * 254
    )
    beats = command(b"PING", b"\0\x0fLOL") + command(b"PONG", b"LOL")
    subscriptions = command(b"SUBSCRIBE", b"weather.") + command(b"CANCEL", b"weather.")
    long = b"\2" + struct.pack(">Q", 5) + b"hello"
    v1, v2, v3 = 0, 1, 2
    xpub, pull = 3 * TYPES.index("XPUB"), 3 * TYPES.index("PULL")
    return {
        "1.0": old + bytes([pull + v1, 0]),
        "1.0-limit": old + bytes([pull + v1, 4]),
        "1.0-zero": b"\1\0\0" + bytes([pull + v1, 0]),
        "2.0": TRAFFIC + long + bytes([pull + v2, 0]),
        "3.1": TRAFFIC + beats + long + bytes([pull + v3, 0]),
        "3.1-limit": TRAFFIC + bytes([pull + v3, 5]),
        "3.1-subscriptions": subscriptions
        + command(b"SUBSCRIBE", b"A" * 300)
        + bytes([xpub + v3, 0]),
        "3.1-beat-inside": b"\1\1a" + beats + b"\0\1b" + subscriptions + bytes([xpub + v3, 0]),
        "3.1-huge": b"\2" + b"\xff" * 8 + bytes([pull + v3, 0]),
        "3.1-sign": b"\2\x80" + bytes(7) + bytes([pull + v3, 0]),
        "3.1-most": b"\2\x7f" + b"\xff" * 7 + bytes([pull + v3, 9]),
        "3.1-reserved": b"\x08\5hello" + bytes([pull + v3, 0]),
        "3.1-command-more": b"\5\x07\4PING\0\0" + bytes([pull + v3, 0]),
    }


def commands() -> dict[str, bytes]:
    def inputs(socktype: str, *bodies: bytes, flags: int = 0) -> bytes:
        return b"".join(bytes([len(b)]) + b for b in bodies) + bytes(
            [TYPES.index(socktype) + flags]
        )

    ping, pong = body(b"PING", b"\0\1context"), body(b"PONG", b"context")
    return {
        "beats": inputs(
            "DEALER", ping, pong, body(b"PING", b"\xff\xff"), body(b"PING", b"\0\1" + b"c" * 40)
        ),
        "subscriptions": inputs(
            "XPUB", body(b"SUBSCRIBE", b"weather."), body(b"CANCEL", b"weather."), body(b"CANCEL")
        ),
        "to-router": inputs("ROUTER", body(b"SUBSCRIBE", b"a")),
        "error": inputs("PUB", body(b"ERROR", b"\2no"), body(b"ERROR", b"\x09no")),
        "ready": inputs("PUB", body(b"READY")),
        "unknown": inputs("PUB", body(b"JOIN", b"group"), body(b"X"), b"\0", b"\x09a"),
        "short-ping": inputs("PUB", body(b"PING"), body(b"PING", b"\0")),
    }


def endpoints() -> dict[str, bytes]:
    texts = """
        tcp://127.0.0.1:5555|tcp://*:*|tcp://*:0|tcp://localhost:80|tcp://[::1]:5555|tcp://[fe80::1%eth0]:5555
        tcp://192.168.1.17:5555;127.0.0.1:5556|tcp://:5555|tcp://eth0:5555|tcp://host|tcp://host:|tcp://host:65536
        tcp://host:70000|tcp://host:12ab|tcp://host:-1|tcp://[::1:5|tcp://[]:5|tcp://;:5|tcp://a;b;c:1
        ipc:///tmp/socket|ipc://@abstract|ipc://*|ipc://@|ipc://|inproc://name|inproc://|://|tcp:|udp://*:1|ftp://x
    """.replace("\n", "|").split("|")
    named = [text.strip() for text in texts if text.strip()]
    seeds = {f"{i:02}": text.encode() for i, text in enumerate(named)}
    return seeds | {"long-ipc": b"ipc://" + b"x" * 200, "long-host": b"tcp://" + b"h" * 300 + b":1"}


def main() -> None:
    targets = {
        "greeting": greetings(),
        "frames": frames(),
        "commands": commands(),
        "endpoint": endpoints(),
    }
    for target, seeds in targets.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, seed in seeds.items():
            (folder / name).write_bytes(seed)


if __name__ == "__main__":
    main()
