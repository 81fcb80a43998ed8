from __future__ import annotations

import contextlib

import pytest
from conftest import eventually, readable, run_python

import zcffi
from zcffi import Event, Flag, PollEvent, Socket, SocketType


def test_bind_returns_the_address_that_was_taken(ctx):
    address = ctx.socket(SocketType.PULL).bind("tcp://127.0.0.1:*")
    assert address.startswith("tcp://127.0.0.1:")
    assert int(address.rsplit(":", 1)[1]) > 0


def test_a_message_arrives_over_every_transport(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    push.send(b"hello")
    assert pull.recv() == b"hello"


@pytest.mark.parametrize("size", [0, 1, 33, 34, 255, 256, 8192, 65535, 65536, 1_000_000])
def test_every_size_arrives_whole(pair, transport, size):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    data = bytes(range(256)) * (size // 256 + 1)
    push.send(data[:size])
    assert pull.recv() == data[:size]


def test_messages_keep_their_order(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    for i in range(500):
        push.send(b"%d" % i)
    assert [pull.recv() for _ in range(500)] == [b"%d" % i for i in range(500)]


def test_connect_before_bind_works(ctx, address, reserved_port, transport):
    push, pull = ctx.socket(SocketType.PUSH), ctx.socket(SocketType.PULL)
    where = f"tcp://127.0.0.1:{reserved_port}" if transport == "tcp" else address(transport)
    push.connect(where)
    push.send(b"early")
    pull.bind(where)
    assert pull.recv() == b"early"


@pytest.mark.parametrize("data", [bytearray(b"abc"), memoryview(b"abc"), memoryview(b"xabcx")[1:4]])
def test_any_contiguous_buffer_is_sent(pair, data):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(data)
    assert pull.recv() == b"abc"


@pytest.mark.parametrize("data", ["text", 1, None, [b"x"], object()])
def test_what_is_no_buffer_is_refused_with_the_cure(pair, data):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(TypeError, match="needs bytes"):
        push.send(data)


def test_a_buffer_with_gaps_is_refused(pair):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(BufferError):
        push.send(memoryview(b"abcdef")[::2])


def test_a_large_mutable_buffer_may_be_changed_after_send(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    data = bytearray(b"a" * 200_000)
    push.send(data)
    data[:] = b"b" * 200_000
    assert pull.recv() == b"a" * 200_000


def test_a_large_buffer_may_be_lent(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    data = bytearray(b"a" * 200_000)
    push.send(data, copy=False)
    assert pull.recv() == data


def test_a_lent_buffer_comes_back(pair, transport):
    from zcffi import _door

    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    data = bytearray(b"a" * 200_000)
    push.send(data, copy=False)
    pull.recv()

    def free() -> bool:
        _door.settle()
        try:
            data.append(0)  # a bytearray that is lent can't be resized
        except BufferError:
            return False
        return True

    eventually(free, "the buffer")


def test_more_marks_parts_of_one_message(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"a", more=True)
    push.send(b"b", Flag.SNDMORE)
    push.send(b"c")
    assert pull.recv() == b"a"
    assert pull.rcvmore
    assert pull.recv_multipart() == [b"b", b"c"]
    assert not pull.rcvmore


def test_dontwait_raises_again_when_nothing_is_there(pair):
    pull, _ = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(zcffi.Again) as caught:
        pull.recv(Flag.DONTWAIT)
    assert isinstance(caught.value, BlockingIOError)
    assert "rcvtimeo" in str(caught.value)


def test_dontwait_raises_again_when_no_peer_is_there(ctx):
    with pytest.raises(zcffi.Again, match="sndtimeo"):
        ctx.socket(SocketType.PUSH).send(b"x", Flag.DONTWAIT)


def test_rcvtimeo_ends_a_wait(pair):
    pull, _ = pair(SocketType.PULL, SocketType.PUSH)
    pull.rcvtimeo = 20
    for call in (pull.recv, pull.recv_multipart, pull.recv_many, lambda: pull.recv(copy=False)):
        with pytest.raises(zcffi.Again):
            call()


def test_sndtimeo_ends_a_wait(ctx):
    push = ctx.socket(SocketType.PUSH)
    push.sndtimeo = 20
    for call in (push.send, lambda x: push.send_multipart([x]), lambda x: push.send_many([x])):
        with pytest.raises(zcffi.Again):
            call(b"x")


def test_recv_into_fills_a_buffer(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    buffer = bytearray(8)
    push.send(b"abc")
    assert pull.recv_into(buffer) == 3
    assert buffer == b"abc\0\0\0\0\0"


def test_recv_into_tells_the_whole_size_of_what_was_cut(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    buffer = bytearray(8)
    push.send(b"0123456789")
    assert pull.recv_into(buffer) == 10
    push.send(b"abc")
    assert pull.recv_into(buffer, nbytes=2) == 3
    assert buffer == b"ab234567"


@pytest.mark.parametrize("nbytes", [-1, 9])
def test_recv_into_takes_no_more_bytes_than_the_buffer_has(pair, nbytes):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"abc")
    with pytest.raises(ValueError, match=f"{nbytes} of the buffer's 8 bytes"):
        pull.recv_into(bytearray(8), nbytes=nbytes)
    assert pull.recv() == b"abc"


def test_recv_into_needs_a_writable_buffer(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"x")
    with pytest.raises(BufferError):
        pull.recv_into(b"constant")


def test_strings_and_json_travel(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send_string("grüß")
    assert pull.recv_string() == "grüß"
    push.send_string("grüß", encoding="latin-1")
    assert pull.recv() == "grüß".encode("latin-1")
    push.send_json({"a": [1, 2.5, None, "ü"]})
    assert pull.recv_json() == {"a": [1, 2.5, None, "ü"]}


def test_events_tell_what_can_be_done(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    assert push.events == PollEvent.POLLOUT
    assert pull.events == PollEvent(0)
    push.send(b"x")
    assert readable(pull)
    assert pull.events == PollEvent.POLLIN


def test_poll_of_one_socket_gives_what_is_ready(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    assert not pull.poll(0)
    assert not pull.poll(5)
    assert push.poll(0, PollEvent.POLLOUT) == PollEvent.POLLOUT
    push.send(b"x")
    assert pull.poll() == PollEvent.POLLIN
    assert pull.poll(1000) == PollEvent.POLLIN


def test_a_closed_socket_refuses_everything_but_close(ctx):
    socket = ctx.socket(SocketType.PAIR)
    socket.close()
    socket.close()
    assert socket.closed
    calls = [
        lambda: socket.send(b"x"),
        lambda: socket.send_multipart([b"x"]),
        lambda: socket.send_many([b"x"]),
        socket.recv,
        socket.recv_multipart,
        socket.recv_many,
        lambda: socket.recv(copy=False),
        lambda: socket.recv_into(bytearray(1)),
        lambda: socket.bind("inproc://x"),
        lambda: socket.connect("inproc://x"),
        lambda: socket.linger,
        lambda: socket.events,
        lambda: socket.poll(0),
        lambda: socket.poll(5),
        socket.monitor,
    ]
    for call in calls:
        with pytest.raises(zcffi.ZMQError) as caught:
            call()
        assert caught.value.errno == zcffi.Errno.ENOTSOCK


def test_close_with_linger_delivers_what_was_sent(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.connect(pull.bind(address("tcp")))
    for i in range(100):
        push.send(b"%d" % i)
    push.close(linger=5000)
    assert [pull.recv() for _ in range(100)] == [b"%d" % i for i in range(100)]


def test_sockets_linger_for_one_second_by_default(ctx):
    for type_ in (SocketType.PUSH, SocketType.SUB):
        assert ctx.socket(type_).linger == 1000


def test_close_linger_0_ends_at_once():
    context = zcffi.Context()
    push = context.socket(SocketType.PUSH)
    push.connect("tcp://127.0.0.1:9")
    push.linger = -1
    push.send(b"for nobody")
    push.close(linger=0)
    context.term()  # would wait for ever


def test_a_shadow_socket_shares_the_handle(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    shadow = Socket.shadow(push.underlying)
    assert shadow.type == SocketType.PUSH
    shadow.send(b"x")
    shadow.close()
    push.send(b"y")
    assert [pull.recv(), pull.recv()] == [b"x", b"y"]


def test_unbind_and_disconnect_take_back_an_endpoint(ctx, address, transport):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    where = pull.bind(address(transport))
    push.connect(where)
    push.send(b"x")
    assert pull.recv() == b"x"
    push.disconnect(where)
    pull.unbind(where)
    with pytest.raises(FileNotFoundError, match="not bound there"):
        pull.unbind(where)
    with pytest.raises(FileNotFoundError, match="not connected there"):
        push.disconnect(where)


def test_several_endpoints_serve_one_socket(ctx, address):
    pull = ctx.socket(SocketType.PULL)
    for transport in ("tcp", "ipc", "inproc"):
        push = ctx.socket(SocketType.PUSH)
        push.connect(pull.bind(address(transport)))
        push.send_string(transport)
    assert {pull.recv_string() for _ in range(3)} == {"tcp", "ipc", "inproc"}


@pytest.mark.parametrize(
    ("bound", "connecting", "connections"),
    [
        (SocketType.ROUTER, SocketType.DEALER, 1),
        (SocketType.ROUTER, SocketType.REQ, 1),
        (SocketType.XPUB, SocketType.SUB, 1),
        (SocketType.XSUB, SocketType.PUB, 1),
        (SocketType.PULL, SocketType.PUSH, 2),
        (SocketType.ROUTER, SocketType.ROUTER, 2),
    ],
)
def test_some_types_connect_to_an_endpoint_once(ctx, address, bound, connecting, connections):
    server, client, last = ctx.socket(bound), ctx.socket(connecting), ctx.socket(connecting)
    with server.monitor(Event.HANDSHAKE_SUCCEEDED) as monitor:
        where = server.bind(address("tcp"))
        client.connect(where)
        client.connect(where)
        for _ in range(connections):
            monitor.recv(10_000)
        last.connect(where)
        monitor.recv(10_000)
        client.disconnect(where)  # ends all of them
        assert not monitor.poll(0)
    with pytest.raises(zcffi.ZMQError):
        client.disconnect(where)


def test_ipv6_connects(ctx):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    pull.ipv6 = push.ipv6 = True
    try:
        where = pull.bind("tcp://[::1]:*")
    except zcffi.ZMQError:
        pytest.skip("no IPv6 here")
    push.connect(where)
    push.send(b"x")
    assert pull.recv() == b"x"


def test_localhost_is_resolved(ctx):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    port = pull.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1]
    push.connect(f"tcp://localhost:{port}")
    push.send(b"x")
    assert pull.recv() == b"x"


def test_a_typo_in_an_option_is_an_attribute_error(ctx):
    with pytest.raises(AttributeError):
        ctx.socket(SocketType.PUSH).sndhmw = 1


def test_repr_tells_type_and_state(ctx):
    socket = ctx.socket(SocketType.PUSH)
    assert repr(socket) == "<zcffi.Socket PUSH>"
    socket.close()
    assert repr(socket) == "<zcffi.Socket PUSH closed>"


def test_fileno_becomes_readable_when_a_message_comes(pair):
    import select

    pull, push = pair(SocketType.PULL, SocketType.PUSH, "tcp")
    assert not pull.events & PollEvent.POLLIN
    push.send(b"x")
    while not pull.events & PollEvent.POLLIN:
        assert select.select([pull], [], [], 10)[0]
    assert pull.recv() == b"x"


def test_the_peer_that_comes_back_is_connected_again(ctx, reserved_port):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = 10
    where = pull.bind(f"tcp://127.0.0.1:{reserved_port}")
    push.connect(where)
    push.send(b"one")
    assert pull.recv() == b"one"
    pull.unbind(where)
    pull.close(0)
    again = ctx.socket(SocketType.PULL)

    def bound() -> bool:  # libzmq gives the port back some time after the unbind
        with contextlib.suppress(zcffi.AddressInUse):
            again.bind(where)
            return True
        return False

    eventually(bound, "the port")

    def arrived() -> bool:
        push.send(b"two", Flag.DONTWAIT)
        return again.poll(20) == PollEvent.POLLIN

    eventually(arrived, "a message after the reconnection")
    assert again.recv() == b"two"


BIND_AGAIN = """
import os, sys, zcffi
where, forks = sys.argv[1], sys.argv[2] == "child"
with zcffi.Context() as context, context.socket(zcffi.SocketType.PULL) as pull:
    for i in range(50):
        pull.bind(where)
        with context.socket(zcffi.SocketType.PUSH) as push:
            push.connect(where)
            push.send(b"x")
            assert pull.recv() == b"x"
        if forks and i == 0:
            hold, let_go = os.pipe()
            if os.fork() == 0:
                os.close(let_go)
                os.read(hold, 1)
                os._exit(0)
        pull.unbind(where)
"""


@pytest.mark.zcffi_only
@pytest.mark.parametrize("poller", ["epoll", "poll", "select"])
@pytest.mark.parametrize("where", ["tcp", "ipc", "abstract"])
def test_what_was_bound_is_free_when_unbind_returns(reserved_port, folder, where, poller):
    """Even while the I/O thread waits on the listener: poll() keeps what it waits on."""
    address = {
        "tcp": f"tcp://127.0.0.1:{reserved_port}",
        "ipc": f"ipc://{folder}/again",
        "abstract": f"ipc://@{folder}/again",
    }[where]
    done = run_python(BIND_AGAIN, address, "alone", ZCFFI_POLLER=poller)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.after_fork
@pytest.mark.parametrize("where", ["tcp", "ipc"])
def test_a_child_does_not_keep_what_its_parent_unbinds(reserved_port, folder, where):
    address = f"tcp://127.0.0.1:{reserved_port}" if where == "tcp" else f"ipc://{folder}/again"
    done = run_python(BIND_AGAIN, address, "child", PYTHONWARNINGS="ignore::DeprecationWarning")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("bound", "connected"),
    [
        (SocketType.PAIR, SocketType.PAIR),
        (SocketType.PULL, SocketType.PUSH),
        (SocketType.DEALER, SocketType.DEALER),
        (SocketType.DEALER, SocketType.REP),
    ],
    ids=lambda kind: kind.name,
)
def test_what_was_sent_inside_the_process_is_there_at_once(pair, bound, connected):
    one, two = pair(bound, connected, "inproc")
    for number in range(5):
        message = [b"", b"%d" % number]
        if connected == SocketType.REP:
            one.send_multipart([b"", *message])
            assert two.recv_multipart() == message
        two.send_multipart(message)
        if number % 2:
            assert one.poll(0)
        got = one.recv_multipart(Flag.DONTWAIT)
        assert got[-2:] == message
        assert not one.poll(0)


def test_a_reply_sent_inside_the_process_is_there_at_once(pair):
    rep, req = pair(SocketType.REP, SocketType.REQ, "inproc")
    for number in range(5):
        req.send(b"?")
        assert rep.poll(0)
        assert rep.recv(Flag.DONTWAIT) == b"?"
        rep.send(b"!")
        if number % 2:
            assert req.poll(0)
        assert req.recv(Flag.DONTWAIT) == b"!"
