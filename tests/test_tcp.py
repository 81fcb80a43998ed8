"""What the kernel is told about a TCP connection, whichever end made it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from conftest import eventually

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


MIB = 1 << 20
STATM = Path("/proc/self/statm")


def resident() -> int:
    """Memory of this process that is in use, in bytes."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not STATM.exists(), reason="counts pages as Linux does")
@pytest.mark.skipif("ZCFFI_SANITIZED" in os.environ, reason="a sanitizer keeps what was freed")
def test_memory_of_huge_messages_comes_back_while_the_sockets_stay(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.connect(pull.bind(address("tcp")))
    push.send(b"first")
    pull.recv()
    before = resident()
    body = bytes(64 * MIB)
    for _ in range(3):
        push.send(body)
        assert len(pull.recv()) == len(body)
    del body
    eventually(lambda: resident() < before + 16 * MIB, "the memory came back")
