"""PUSH, PULL, PAIR, STREAM."""

from __future__ import annotations

import contextlib
import socket

import pytest
from conftest import eventually

import zcffi
from zcffi import Event, Flag, SocketType


def test_push_spreads_messages_over_its_peers(ctx, address):
    push = ctx.socket(SocketType.PUSH)
    pulls = [ctx.socket(SocketType.PULL) for _ in range(3)]
    for pull in pulls:
        push.connect(pull.bind(address("inproc")))
    push.send_many([b"%d" % i for i in range(9)])
    for k, pull in enumerate(pulls):
        assert pull.recv_many() == [b"%d" % i for i in range(k, 9, 3)]


def test_pull_takes_from_all_in_turn(ctx, address):
    pull = ctx.socket(SocketType.PULL)
    where = pull.bind(address("inproc"))
    for k in range(3):
        push = ctx.socket(SocketType.PUSH)
        push.connect(where)
        push.send_many([b"%d" % k] * 5)
    got = [pull.recv() for _ in range(15)]
    assert sorted(got) == [b"0"] * 5 + [b"1"] * 5 + [b"2"] * 5
    assert set(got[:3]) == {b"0", b"1", b"2"}


def test_a_full_push_says_again(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, sndhwm=1, rcvhwm=1)
    push.send(b"1")
    push.send(b"2")
    with pytest.raises(zcffi.Again):
        push.send(b"3", Flag.DONTWAIT)
    assert pull.recv() == b"1"
    assert pull.recv() == b"2"
    push.send(b"3")
    assert pull.recv() == b"3"


def test_no_limit_with_a_high_water_mark_of_0(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, sndhwm=0, rcvhwm=0)
    assert push.send_many([b"x"] * 20_000, Flag.DONTWAIT) == 20_000
    assert len(pull.recv_many(20_000)) == 20_000


def test_immediate_sends_only_to_peers_that_are_there(ctx, address):
    push, pull = ctx.socket(SocketType.PUSH), ctx.socket(SocketType.PULL)
    push.immediate = True
    push.connect("tcp://127.0.0.1:9")
    with pytest.raises(zcffi.Again):
        push.send(b"x", Flag.DONTWAIT)
    push.connect(pull.bind(address("tcp")))
    for _ in range(10):
        push.send(b"x")
    for _ in range(10):
        assert pull.recv() == b"x"


def test_pair_talks_both_ways(pair, transport):
    one, two = pair(SocketType.PAIR, SocketType.PAIR, transport)
    for i in range(10):
        one.send(b"a%d" % i)
        two.send(b"b%d" % i)
    assert [one.recv() for _ in range(10)] == [b"b%d" % i for i in range(10)]
    assert [two.recv() for _ in range(10)] == [b"a%d" % i for i in range(10)]


def test_stream_speaks_plain_tcp(ctx):
    stream = ctx.socket(SocketType.STREAM)
    port = int(stream.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        name, notice = stream.recv_multipart()
        assert len(name) == 5
        assert notice == b""
        peer.sendall(b"hello")
        assert stream.recv_multipart() == [name, b"hello"]
        stream.send_multipart([name, b"world"])
        assert peer.recv(100) == b"world"
        stream.send_multipart([name, b""])
        peer.setblocking(False)

        def closed() -> bool:
            assert not stream.poll(2)
            with contextlib.suppress(BlockingIOError):
                return peer.recv(100) == b""
            return False

        eventually(closed, "the end of the connection")


def test_stream_tells_that_a_peer_left(ctx):
    stream = ctx.socket(SocketType.STREAM)
    port = int(stream.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 10):
        name, _ = stream.recv_multipart()
    assert stream.recv_multipart() == [name, b""]


def test_garbage_closes_only_the_peer_that_sent_it(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    where = pull.bind(address("tcp"))
    with pull.monitor(Event.DISCONNECTED | Event.HANDSHAKE_SUCCEEDED) as monitor:
        push.connect(where)
        monitor.recv(10_000)
        with socket.create_connection(("127.0.0.1", int(where.rsplit(":", 1)[1])), 10) as peer:
            peer.sendall(b"\xff\0\0\0\0\0\0\0\1\x7f\3" + b"\xee" * 200)
            peer.settimeout(10)
            try:
                while peer.recv(1000):
                    pass
            except ConnectionError:
                pass
    push.send(b"x")
    assert pull.recv() == b"x"


def test_types_that_do_not_fit_never_talk(ctx, address):
    pull, pub = ctx.socket(SocketType.PULL), ctx.socket(SocketType.DEALER)
    with pull.monitor(Event.DISCONNECTED | Event.HANDSHAKE_FAILED_PROTOCOL) as monitor:
        pub.connect(pull.bind(address("tcp")))
        assert monitor.recv(10_000).event in (Event.DISCONNECTED, Event.HANDSHAKE_FAILED_PROTOCOL)
    assert not pull.poll(0)


@pytest.mark.ipc_paths
def test_a_live_ipc_path_is_not_stolen(ctx, address):
    one, two = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PULL)
    where = one.bind(address("ipc"))
    with pytest.raises(zcffi.AddressInUse):
        two.bind(where)


@pytest.mark.ipc_paths
def test_our_ipc_path_goes_away_at_close(ctx, folder):
    pull = ctx.socket(SocketType.PULL)
    pull.bind(f"ipc://{folder}/path")
    assert (folder / "path").exists()
    pull.close()
    eventually(lambda: not (folder / "path").exists(), "the end of the path")


@pytest.mark.ipc_paths
def test_a_stale_ipc_path_is_taken_over(ctx, folder):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(f"{folder}/path")
    pull = ctx.socket(SocketType.PULL)
    pull.bind(f"ipc://{folder}/path")


@pytest.mark.ipc_paths
def test_what_is_no_socket_is_never_deleted(ctx, folder):
    (folder / "path").write_text("precious")
    with pytest.raises(zcffi.AddressInUse):
        ctx.socket(SocketType.PULL).bind(f"ipc://{folder}/path")
    assert (folder / "path").read_text() == "precious"


def test_ipc_wildcard_makes_a_path(ctx):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.connect(pull.bind("ipc://*"))
    push.send(b"x")
    assert pull.recv() == b"x"


def test_abstract_ipc_names_work(ctx):
    import os

    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.connect(pull.bind(f"ipc://@zcffi.test.{os.getpid()}"))
    push.send(b"x")
    assert pull.recv() == b"x"
