from __future__ import annotations

import errno
import threading

import pytest

import zcffi
from zcffi import Event, SocketType


def events_until(monitor, last, seconds=10):
    """The events up to and with `last`."""
    found = []
    while not found or found[-1].event != last:
        found.append(monitor.recv(seconds * 1000))
    return found


def test_the_server_sees_a_client_come_and_go(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    with pull.monitor() as monitor:
        where = pull.bind(address("tcp"))
        push.connect(where)
        seen = events_until(monitor, Event.HANDSHAKE_SUCCEEDED)
        assert [event.event for event in seen] == [
            Event.LISTENING,
            Event.ACCEPTED,
            Event.HANDSHAKE_SUCCEEDED,
        ]
        assert seen[0].endpoint == where
        push.close()
        assert events_until(monitor, Event.DISCONNECTED)[-1].event == Event.DISCONNECTED


def test_the_client_sees_its_connection(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    with push.monitor() as monitor:
        where = pull.bind(address("tcp"))
        push.connect(where)
        seen = events_until(monitor, Event.HANDSHAKE_SUCCEEDED)
        kinds = [event.event for event in seen]
        assert kinds[-2:] == [Event.CONNECTED, Event.HANDSHAKE_SUCCEEDED]
        assert seen[-1].endpoint == where


def test_a_refused_connection_is_tried_again(ctx, reserved_port):
    push = ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = 10
    with push.monitor(Event.CONNECT_RETRIED) as monitor:
        push.connect(f"tcp://127.0.0.1:{reserved_port}")
        assert monitor.recv(10_000).event == Event.CONNECT_RETRIED
        assert 0 < monitor.recv(10_000).value < 100


def test_a_bind_that_fails_is_told(ctx, address):
    one, two = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PULL)
    where = one.bind(address("tcp"))
    with two.monitor(Event.BIND_FAILED) as monitor:
        with pytest.raises(zcffi.ZMQError):
            two.bind(where)
        assert monitor.recv(10_000).value == errno.EADDRINUSE


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_the_end_of_a_listener_is_told(ctx, address, transport):
    pull = ctx.socket(SocketType.PULL)
    with pull.monitor() as monitor:
        where = pull.bind(address(transport))
        began = monitor.recv(10_000)
        pull.unbind(where)
        ended = monitor.recv(10_000)
    assert (began.event, ended.event) == (Event.LISTENING, Event.CLOSED)
    assert (began.value, began.endpoint) == (ended.value, ended.endpoint)


@pytest.mark.zcffi_only
def test_a_name_that_is_not_found_is_told_in_words(ctx):
    push = ctx.socket(SocketType.PUSH)
    with push.monitor(Event.CONNECT_FAILED | Event.CONNECT_RETRIED) as monitor:
        push.connect("tcp://no-such-host.invalid:5555")
        found = events_until(monitor, Event.CONNECT_RETRIED)
    assert [event.event for event in found] == [Event.CONNECT_FAILED, Event.CONNECT_RETRIED]
    assert found[0].text == "the host name could not be resolved"


def test_only_the_events_asked_for_come(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    with pull.monitor(Event.ACCEPTED) as monitor:
        push.connect(pull.bind(address("tcp")))
        assert monitor.recv(10_000).event == Event.ACCEPTED
        push.send(b"x")
        assert pull.recv() == b"x"
        assert not monitor.poll(0)


def test_recv_raises_again_when_no_event_comes(ctx):
    with ctx.socket(SocketType.PULL).monitor() as monitor, pytest.raises(zcffi.Again):
        monitor.recv(5)


def test_the_iteration_ends_with_the_socket(ctx, address):
    pull = ctx.socket(SocketType.PULL)
    seen = []
    monitor = pull.monitor()
    thread = threading.Thread(target=lambda: seen.extend(monitor))
    thread.start()
    pull.bind(address("tcp"))
    pull.close()
    thread.join(10)
    assert not thread.is_alive()
    assert seen[0].event == Event.LISTENING
    monitor.close()


def test_close_may_be_called_twice_and_a_new_monitor_follows(ctx, address):
    pull = ctx.socket(SocketType.PULL)
    for _ in range(2):
        monitor = pull.monitor()
        pull.bind(address("tcp"))
        assert monitor.recv(10_000).event == Event.LISTENING
        monitor.close()
        monitor.close()


@pytest.mark.zcffi_only
def test_a_peer_that_breaks_the_protocol_is_told_in_words(ctx, address):
    import socket

    pull = ctx.socket(SocketType.PULL)
    where = pull.bind(address("tcp"))
    with (
        pull.monitor(Event.HANDSHAKE_FAILED_PROTOCOL | Event(1 << 32)) as monitor,
        socket.create_connection(("127.0.0.1", int(where.rsplit(":", 1)[1])), 10) as peer,
    ):
        peer.sendall(b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + b"\0" * 48 + b"\xff" * 64)
        event = monitor.recv(10_000)
    assert event.peer.startswith("tcp://127.0.0.1") or event.text
