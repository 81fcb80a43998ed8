"""The target of each test, and friends around an attack."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import pytest
from conftest import eventually
from rfc.wire import shaken

from hostile.target import MIB, Friend, Target, eventually_steady
from zcffi import Context

Attack = Callable[..., contextlib.AbstractContextManager[str]]


@pytest.fixture
def target() -> Iterator[Target]:
    if not sys.platform.startswith("linux"):
        pytest.skip("looks at the process through /proc")
    process = Target()
    yield process
    process.end()


@pytest.fixture
def unharmed(ctx: Context, target: Target) -> Attack:
    """Around an attack on a ROUTER, or on other sockets beside it: friends before and during get
    everything; afterwards the target has the memory and the descriptors that it had before."""

    @contextlib.contextmanager
    def around(slack: int = 3 * MIB, **options: int) -> Iterator[str]:
        endpoint = target.make("router", "ROUTER", **options)
        before = Friend(ctx, endpoint)
        before.exchange(1000)
        for _ in range(50):
            with shaken(endpoint, "DEALER") as wire:
                wire.ping()
        descriptors = eventually_steady(lambda: target.descriptors)
        resident = target.resident
        yield endpoint
        during = Friend(ctx, endpoint)
        during.exchange()
        before.exchange()
        during.sock.close(0)
        before.exchange()
        target.do("close_all_but", "router")
        target.told("router")
        eventually(lambda: target.descriptors <= descriptors, "the descriptors", 5)
        eventually(
            lambda: target.resident <= resident * 1.05 + slack,
            lambda: f"the memory: {resident:,} were used, and now {target.resident:,}",
            5,
        )

    return around
