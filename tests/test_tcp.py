"""What the kernel is told about a TCP connection, whichever end made it."""

from __future__ import annotations

import os
import socket

import pytest

from zcffi import Event, SocketType


def kernel_option(descriptor: int, level: int, name: int) -> int:
    """An option of a descriptor that belongs to somebody else."""
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return copy.getsockopt(level, name)


@pytest.fixture
def ends(ctx, address):
    """Connects a PUSH to a PULL; gives the descriptors of the accepted and the connected end."""

    def make(**options: int) -> list[int]:
        pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
        for each in (pull, push):
            for name, value in options.items():
                setattr(each, name, value)
        with pull.monitor(Event.ACCEPTED) as one, push.monitor(Event.CONNECTED) as two:
            push.connect(pull.bind(address("tcp")))
            return [monitor.recv(10_000).value for monitor in (one, two)]

    return make


@pytest.mark.parametrize("end", [0, 1], ids=["accepted", "connected"])
def test_a_small_message_never_waits_for_an_acknowledgement(ends, end):
    """Nagle's algorithm would hold it back until the peer's delayed ACK, 40 ms later."""
    assert kernel_option(ends()[end], socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


@pytest.mark.parametrize("end", [0, 1], ids=["accepted", "connected"])
def test_keepalive_is_set_at_both_ends(ends, end):
    descriptor = ends(tcp_keepalive=1, tcp_keepalive_idle=77)[end]
    assert kernel_option(descriptor, socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert kernel_option(descriptor, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77
