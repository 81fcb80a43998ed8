from __future__ import annotations

import os
import socket
import threading

import pytest

import zcffi
from zcffi import Poller, PollEvent, SocketType


def test_poll_gives_the_sockets_that_are_ready(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    poller = Poller()
    poller.register(pull, PollEvent.POLLIN)
    poller.register(push)
    assert poller.poll(0) == [(push, PollEvent.POLLOUT)]
    push.send(b"x")
    assert dict(poller.poll(1000)) == {pull: PollEvent.POLLIN, push: PollEvent.POLLOUT}


def test_poll_waits_for_a_message(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    poller = Poller()
    poller.register(pull, PollEvent.POLLIN)
    threading.Timer(0.02, push.send, [b"x"]).start()
    assert poller.poll(10_000) == [(pull, PollEvent.POLLIN)]
    assert pull.recv() == b"x"


def test_poll_gives_nothing_when_the_time_is_over(pair):
    pull, _ = pair(SocketType.PULL, SocketType.PUSH)
    poller = Poller()
    poller.register(pull, PollEvent.POLLIN)
    assert poller.poll(0) == []
    assert poller.poll(10) == []
    assert poller.poll(0.5) == []


def test_nothing_watched_waits_and_gives_nothing():
    assert Poller().poll(0) == []
    assert Poller().poll(5) == []


def test_sockets_descriptors_and_files_mix(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    reading, writing = os.pipe()
    one, two = socket.socketpair()
    with one, two, os.fdopen(reading) as file:
        poller = Poller()
        poller.register(pull, PollEvent.POLLIN)
        poller.register(file, PollEvent.POLLIN)
        poller.register(one, PollEvent.POLLIN)
        poller.register(writing, PollEvent.POLLOUT)
        assert poller.poll(0) == [(writing, PollEvent.POLLOUT)]
        os.write(writing, b"x")
        two.send(b"x")
        push.send(b"x")
        assert {item for item, _ in poller.poll(1000)} == {pull, file, one, writing}
    os.close(writing)


def test_register_again_changes_the_flags(pair):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    poller = Poller()
    poller.register(push, PollEvent.POLLOUT)
    poller.register(push, PollEvent.POLLIN)
    assert poller.poll(0) == []
    poller.modify(push, PollEvent.POLLOUT)
    assert poller.poll(0) == [(push, PollEvent.POLLOUT)]
    poller.register(push, 0)
    assert push not in poller


def test_unregister_ends_watching(pair):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    poller = Poller()
    poller.register(push)
    assert push in poller
    assert len(poller) == 1
    poller.unregister(push)
    assert push not in poller
    assert poller.poll(0) == []
    with pytest.raises(KeyError):
        poller.unregister(push)


@pytest.mark.parametrize("when", ["before it was waited for", "later"])
def test_a_closed_socket_is_an_error_that_names_it(pair, when):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    poller = Poller()
    poller.register(push, PollEvent.POLLIN)
    poller.register(pull)
    if when == "later":
        assert poller.poll(0) == []
    pull.close()
    for _ in range(2):
        with pytest.raises(zcffi.ZMQError, match="PULL") as caught:
            poller.poll(0)
        assert caught.value.errno == zcffi.Errno.ENOTSOCK


def test_what_has_no_descriptor_is_refused():
    with pytest.raises(TypeError, match="str"):
        Poller().register("socket")
    with pytest.raises(ValueError, match="descriptor"):
        Poller().register(-1)


def test_shutdown_wakes_a_poll(ctx):
    pull = ctx.socket(SocketType.PULL)
    poller = Poller()
    poller.register(pull, PollEvent.POLLIN)
    threading.Timer(0.02, ctx.shutdown).start()
    with pytest.raises(zcffi.ContextTerminated):
        poller.poll(10_000)


def test_many_sockets_are_polled_at_once(ctx, address):
    poller = Poller()
    pulls = [ctx.socket(SocketType.PULL) for _ in range(40)]
    for pull in pulls:
        where = pull.bind(address("inproc"))
        poller.register(pull, PollEvent.POLLIN)
        push = ctx.socket(SocketType.PUSH)
        push.connect(where)
        push.send(b"x")
    assert {item for item, _ in poller.poll(1000)} == set(pulls)
