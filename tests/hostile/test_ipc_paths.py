"""Paths of ipc: taken over when they are stale, and no other: C-13."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import eventually, run_python

import zcffi
from zcffi import SocketType

pytestmark = pytest.mark.zcffi_only


def listens(path: Path) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0


def speaks(ctx, sock: zcffi.Socket, path: Path) -> None:
    """The PULL bound there gets what is sent there."""
    with ctx.socket(SocketType.PUSH) as push:
        push.connect(f"ipc://{path}")
        push.send(b"hello")
        sock.rcvtimeo = 5000
        assert sock.recv() == b"hello"


def left_by_a_killed_process(path: Path) -> None:
    """Have a process bind there and die without cleaning up."""
    code = """
import os, signal, sys, zcffi
pull = zcffi.Context().socket(zcffi.SocketType.PULL)
pull.bind("ipc://" + sys.argv[1])
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, str(path)).returncode == -9
    assert stat.S_ISSOCK(path.lstat().st_mode)
    assert not listens(path)


@pytest.mark.ipc_paths
def test_a_live_path_is_not_stolen(ctx, folder):
    """C-13: also not one of another process, or of a program that is no ZeroMQ."""
    path = folder / "live"
    first, second = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PULL)
    first.bind(f"ipc://{path}")
    for _ in range(3):
        with pytest.raises(zcffi.AddressInUse):
            second.bind(f"ipc://{path}")
    speaks(ctx, first, path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "other"))
        other.listen()
        with pytest.raises(zcffi.AddressInUse):
            second.bind(f"ipc://{folder}/other")
        assert listens(folder / "other")


@pytest.mark.ipc_paths
def test_a_path_of_a_listener_with_a_full_backlog_is_not_stolen(ctx, folder):
    """C-13: a listener that is slow to accept is alive."""
    path = folder / "busy"
    with socket.socket(socket.AF_UNIX) as busy, contextlib.ExitStack() as stack:
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(str(path))
        with pytest.raises(zcffi.AddressInUse):
            ctx.socket(SocketType.PULL).bind(f"ipc://{path}")
        assert path.exists()


@pytest.mark.ipc_paths
def test_a_stale_path_is_taken_over(ctx, folder):
    """C-13: kill -9, then bind again, several times."""
    path = folder / "stale"
    for _ in range(3):
        left_by_a_killed_process(path)
        with ctx.socket(SocketType.PULL) as pull:
            pull.bind(f"ipc://{path}")
            speaks(ctx, pull, path)
            pull.unbind(f"ipc://{path}")
        assert not path.exists()


@pytest.mark.ipc_paths
@pytest.mark.parametrize("kind", ["file", "folder", "fifo", "link to file", "link to nowhere"])
def test_what_is_no_socket_is_never_deleted(ctx, folder, kind):
    """C-13: a regular file, a folder, a fifo, a link: bind fails and leaves it alone."""
    path, aim = folder / "thing", folder / "aim"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        if kind == "link to file":
            aim.write_text("precious")
        path.symlink_to(aim)
    before = path.lstat()
    with pytest.raises(zcffi.ZMQError) as caught:
        ctx.socket(SocketType.PULL).bind(f"ipc://{path}")
    assert caught.value.errno in (errno.EADDRINUSE, errno.EEXIST, errno.ENOTSOCK)
    after = path.lstat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    if kind.endswith("file"):
        assert path.read_text() == "precious"
    assert kind != "link to nowhere" or not aim.exists()


@pytest.mark.ipc_paths
def test_a_link_to_a_socket_is_not_followed(ctx, folder):
    """C-13: neither a link to a live path nor one to a stale path is replaced or unlinked."""
    live, stale = folder / "live", folder / "stale"
    pull = ctx.socket(SocketType.PULL)
    pull.bind(f"ipc://{live}")
    left_by_a_killed_process(stale)
    for aim in (live, stale):
        link = folder / f"link to {aim.name}"
        link.symlink_to(aim)
        with pytest.raises(zcffi.ZMQError):
            ctx.socket(SocketType.PULL).bind(f"ipc://{link}")
        assert link.is_symlink()
        assert aim.exists()
    speaks(ctx, pull, live)


@pytest.mark.ipc_paths
@pytest.mark.parametrize("end", ["unbind", "close", "term"])
def test_our_path_goes_away_with_us(folder, end):
    """C-13: the file is removed when the endpoint, the socket or the context ends."""
    path = folder / "ours"
    with zcffi.Context() as context:
        pull = context.socket(SocketType.PULL)
        pull.bind(f"ipc://{path}")
        assert listens(path)
        if end == "unbind":
            pull.unbind(f"ipc://{path}")
        elif end == "close":
            pull.close()
        else:
            context.close()
        eventually(lambda: not path.exists(), "the path to go")


@pytest.mark.ipc_paths
def test_only_our_own_path_goes_away(ctx, folder):
    """C-13: what another has put in its place stays."""
    path = folder / "ours"
    with ctx.socket(SocketType.PULL) as pull:
        pull.bind(f"ipc://{path}")
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            pull.unbind(f"ipc://{path}")
            assert listens(path)


@pytest.mark.ipc_paths
def test_of_many_binders_one_wins(folder):
    """C-13: however many take over a stale path at a time, one gets it and the others are told."""
    path = folder / "contested"
    code = """
import sys, zcffi
with zcffi.Context() as context, context.socket(zcffi.SocketType.PULL) as pull:
    sys.stdin.readline()
    try:
        pull.bind("ipc://" + sys.argv[1])
        print("got it", flush=True)
    except zcffi.AddressInUse:
        print("in use", flush=True)
    sys.stdin.readline()
"""
    for _ in range(3):
        left_by_a_killed_process(path)
        racers = [
            subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            for _ in range(4)
        ]
        for verb in ("go", "end"):
            for racer in racers:
                racer.stdin.write(verb + "\n")  # type: ignore[union-attr]
            if verb == "go":
                said = [racer.stdout.readline().strip() for racer in racers]  # type: ignore[union-attr]
        for racer in racers:
            racer.communicate(timeout=10)
            assert racer.returncode == 0
        assert sorted(said) == ["got it", "in use", "in use", "in use"]


@pytest.mark.ipc_paths
def test_a_path_that_is_too_long(ctx, folder):
    """C-13: an errno, not a path cut short."""
    path = f"{folder}/{'p' * 200}"
    with pytest.raises(zcffi.ZMQError) as caught:
        ctx.socket(SocketType.PULL).bind(f"ipc://{path}")
    assert caught.value.errno == errno.ENAMETOOLONG
    assert not list(folder.iterdir())
