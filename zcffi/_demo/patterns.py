"""The patterns: both halves of each, the server's and the client's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zcffi._demo.play import (
    CLIENTS,
    PACED,
    PATIENCE_MS,
    TOPIC,
    WINDOW,
    Clock,
    Half,
    Mismatch,
    Sock,
    body,
    check,
    now,
    since,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# Each server binds, tells where, and serves.


def serve_pull(half: Half) -> None:
    (pull,) = half.bound("PULL")
    seen = [0] * CLIENTS
    clock = Clock(CLIENTS * PACED)
    for _ in range(half.total()):
        client, stamp, content = pull.recv_multipart()
        clock.tick()
        number = seen[int(client)]
        check(content, int(client), number)
        seen[int(client)] += 1
        if number < PACED:
            half.outcome.latencies.append(since(stamp))
    half.outcome.messages = half.total()
    half.outcome.rate = clock.rate()


def send_push(half: Half) -> None:
    push = half.connected("PUSH")
    client = b"%d" % half.task.client
    for number in range(half.task.messages):
        if number < PACED:
            time.sleep(0.001)
        push.send_multipart([client, now(), body(half.task.client, number)])


def publish(half: Half, pub: Sock) -> None:
    """Send each client what it subscribed to, and something it did not."""
    clock = Clock(PACED)
    for number in range(half.task.messages):
        if number < PACED:
            time.sleep(0.001)
        pub.send_multipart([TOPIC + b"all", now(), body(0, number)])
        pub.send_multipart([b"other", now(), b"for nobody"])
        clock.tick(CLIENTS)
    half.outcome.messages = half.total()
    half.pipe.recv()  # the clients are done
    half.outcome.rate = clock.rate()


def serve_pub(half: Half) -> None:
    (pub,) = half.bound("PUB")
    # A PUB can't know who has subscribed: it calls until every client has heard it.
    while not half.pipe.poll(0.001):
        pub.send(TOPIC + b"hello")
    half.pipe.recv()
    publish(half, pub)


def serve_xpub(half: Half) -> None:
    (pub,) = half.bound("XPUB")
    for _ in range(CLIENTS):
        if pub.recv() != b"\x01" + TOPIC:
            raise Mismatch("a subscription says something else")
    publish(half, pub)


def receive_news(half: Half, sub: Sock) -> None:
    """Receive what the server publishes."""
    number = 0
    while number < half.task.messages:
        topic, *rest = sub.recv_multipart()
        if topic == TOPIC + b"hello":
            if half.outcome.messages == 0:
                half.outcome.messages = 1
                half.pipe.send("heard")
            continue
        if topic != TOPIC + b"all":
            raise Mismatch(f"not subscribed to {topic!r}")
        check(rest[1], 0, number)
        if number < PACED:
            half.outcome.latencies.append(since(rest[0]))
        number += 1
    half.outcome.messages = 0  # the server counts


def receive_sub(half: Half) -> None:
    sub = half.connected("SUB")
    sub.setsockopt(half.zmq.SUBSCRIBE, TOPIC)
    receive_news(half, sub)


def receive_xsub(half: Half) -> None:
    sub = half.connected("XSUB")
    sub.send(b"\x01" + TOPIC)
    receive_news(half, sub)


def serve_echo(half: Half, *kinds: str) -> None:
    """Send everything back to where it came from."""
    sockets = half.bound(*kinds)
    clock = Clock(half.total() // 2)
    if len(sockets) == 1:
        for _ in range(half.total()):
            sockets[0].send_multipart(sockets[0].recv_multipart())
            clock.tick(2)
    else:
        poller = half.zmq.Poller()
        for made in sockets:
            poller.register(made, half.zmq.POLLIN)
        left = half.total()
        while left:
            ready = poller.poll(PATIENCE_MS)
            if not ready:
                raise Mismatch("nothing comes any more")
            for made, _ in ready:
                made.send_multipart(made.recv_multipart())
                clock.tick(2)
                left -= 1
    half.outcome.messages = 2 * half.total()
    half.outcome.rate = clock.rate()


def ask(half: Half, made: Sock, window: int, prefix: list[bytes]) -> None:
    """Send requests, check that each comes back; the first ones one by one, then `window` at a
    time.
    """
    client, messages = half.task.client, half.task.messages
    sent = 0
    for number in range(messages):
        ahead = 1 if number < messages // 2 else window
        started = time.perf_counter()
        while sent < min(messages, number + ahead):
            made.send_multipart([*prefix, body(client, sent)])
            sent += 1
        *envelope, content = made.recv_multipart()
        if envelope != prefix:
            raise Mismatch(f"wanted the envelope {prefix!r}, got {envelope!r}")
        check(content, client, number)
        if ahead == 1 and number:
            half.outcome.latencies.append((time.perf_counter() - started) / 2 * 1e6)


def ask_req(half: Half) -> None:
    ask(half, half.connected("REQ"), 1, [])


def ask_dealer(half: Half) -> None:
    ask(half, half.connected("DEALER"), WINDOW, [])


def ask_dealer_of_rep(half: Half) -> None:
    ask(half, half.connected("DEALER"), WINDOW, [b""])


def ask_pair(half: Half) -> None:
    ask(half, half.connected("PAIR"), WINDOW, [])


def ask_router(half: Half) -> None:
    zmq = half.zmq
    addresses = half.pipe.recv()
    made = half.socket("ROUTER")
    made.setsockopt(zmq.ROUTING_ID, b"client %d" % half.task.client)
    made.setsockopt(zmq.CONNECT_ROUTING_ID, b"server")
    made.connect(addresses[0])
    ask(half, made, WINDOW, [b"server"])


def serve_dealer(half: Half) -> None:
    """Answers go round to all clients in turn, whoever asked."""
    (dealer,) = half.bound("DEALER")
    clock = Clock(0)
    seen = [0] * CLIENTS
    hellos = asked = answered = 0
    while answered < half.total():
        if asked < half.total() or hellos < CLIENTS:
            parts = dealer.recv_multipart()
            if parts == [b"hello"]:
                hellos += 1
            else:
                client = int(parts[0])
                check(parts[1], client, seen[client])
                seen[client] += 1
                asked += 1
        while hellos == CLIENTS and answered < asked:
            dealer.send_multipart([b"%d" % answered, now(), body(0, answered)])
            answered += 1
            clock.tick(2)
    half.outcome.messages = 2 * half.total()
    half.outcome.rate = clock.rate()


def ask_dealers(half: Half) -> None:
    dealer = half.connected("DEALER")
    dealer.send(b"hello")
    client, last = half.task.client, -1
    for number in range(half.task.messages):
        dealer.send_multipart([b"%d" % client, body(client, number)])
    for _ in range(half.task.messages):
        number_text, _, content = dealer.recv_multipart()
        number = int(number_text)
        check(content, 0, number)
        if number <= last:
            raise Mismatch(f"answer {number} after {last}")
        last = number


@dataclass(frozen=True)
class Pattern:
    """A pattern: its name and its halves."""

    name: str
    server: Callable[[Half], None]
    client: Callable[[Half], None]


PATTERNS = (
    Pattern("PUSH-PULL", serve_pull, send_push),
    Pattern("PUB-SUB", serve_pub, receive_sub),
    Pattern("XPUB-XSUB", serve_xpub, receive_xsub),
    Pattern("REQ-REP", lambda half: serve_echo(half, "REP"), ask_req),
    Pattern("REQ-ROUTER", lambda half: serve_echo(half, "ROUTER"), ask_req),
    Pattern("DEALER-REP", lambda half: serve_echo(half, "REP"), ask_dealer_of_rep),
    Pattern("DEALER-ROUTER", lambda half: serve_echo(half, "ROUTER"), ask_dealer),
    Pattern("DEALER-DEALER", serve_dealer, ask_dealers),
    Pattern("ROUTER-ROUTER", lambda half: serve_echo(half, "ROUTER"), ask_router),
    Pattern("PAIR-PAIR", lambda half: serve_echo(half, *["PAIR"] * CLIENTS), ask_pair),
)
