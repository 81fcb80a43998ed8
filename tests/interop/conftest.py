"""The peer's process, and pairs of one socket of ours and one of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from interop.sides import HAS_PYZMQ, Ours, Process, Side, Theirs
from zcffi import Context


@pytest.fixture(scope="session")
def one_peer() -> Iterator[Callable[[], Process]]:
    """Gives one process to all tests, a new one after a test that left it in disorder."""
    if not HAS_PYZMQ:
        pytest.skip("pyzmq is not installed: pip install pyzmq")
    process = Process()

    def give() -> Process:
        nonlocal process
        if not process.is_fit:
            process.kill()
            process = Process()
        return process

    yield give
    process.end()


@pytest.fixture
def peer(one_peer: Callable[[], Process]) -> Iterator[Process]:
    """The peer, without sockets of earlier tests."""
    process = one_peer()
    yield process
    if process.is_fit:
        process.do("clear")


@pytest.fixture
def new_peer() -> Iterator[Callable[[], Process]]:
    """Makes processes that a test may kill."""
    if not HAS_PYZMQ:
        pytest.skip("pyzmq is not installed: pip install pyzmq")
    processes: list[Process] = []

    def make() -> Process:
        processes.append(Process())
        return processes[-1]

    yield make
    for process in processes:
        if process.process.poll() is None:
            process.go_on()
            process.kill()


@pytest.fixture(params=["tcp", "ipc"])
def transport(request: pytest.FixtureRequest) -> str:
    """The transports between processes."""
    return str(request.param)


@pytest.fixture(params=["we bind", "peer binds"])
def we_bind(request: pytest.FixtureRequest) -> bool:
    """Who binds."""
    return bool(request.param == "we bind")


Meet = Callable[..., tuple[Ours, Theirs]]


@pytest.fixture
def meet(
    ctx: Context, peer: Process, address: Callable[[str], str], transport: str, we_bind: bool
) -> Meet:
    """Makes a socket of ours and one of theirs, connected; options for ours, and as a dict for
    theirs."""

    def make(
        ours: str, theirs: str, their_options: dict[str, int | str] | None = None, **options: int
    ) -> tuple[Ours, Theirs]:
        one, two = Ours(ctx, ours, **options), peer.socket(theirs, **(their_options or {}))
        sides: tuple[Side, Side] = (one, two) if we_bind else (two, one)
        sides[1].connect(sides[0].bind(address(transport)))
        return one, two

    return make
