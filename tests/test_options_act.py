"""Each option acts: seen in the system's own socket, in the peer, or in what comes next.

The options whose effect is a pattern's own (subscriptions, routing, requests) are tested with it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import time
from pathlib import Path

import pytest
from conftest import KeepingContext, eventually, readable

import zcffi
from zcffi import Event, SocketType

LOOPBACK = "lo"
TCP_USER_TIMEOUT = 18
SO_BINDTODEVICE = 25

# The option, what it is set to, and what the system's socket then says.
REACHES_THE_SYSTEM = {
    "sndbuf": (40_000, socket.SOL_SOCKET, socket.SO_SNDBUF, 80_000),  # Linux doubles it
    "rcvbuf": (50_000, socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000),
    "tos": (0x28, socket.IPPROTO_IP, socket.IP_TOS, 0x28),
    "tcp_keepalive": (1, socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    "tcp_keepalive_cnt": (3, socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    "tcp_keepalive_idle": (77, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77),
    "tcp_keepalive_intvl": (33, socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 33),
    "tcp_maxrt": (4_321, socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 4_321),
}


def next_value(monitor, event, seconds=10):
    """The value of the next event of this kind."""
    while True:
        found = monitor.recv(seconds * 1000)
        if found.event == event:
            return found.value


@contextlib.contextmanager
def borrowed(descriptor):
    """The system's socket behind a descriptor that an event told."""
    copy = socket.socket(fileno=os.dup(descriptor))
    try:
        yield copy
    finally:
        copy.close()


def ends(ctx, where="tcp://127.0.0.1:*", **options):
    """Descriptors of a connection: the connecting end, the accepted one."""
    pair = ctx.socket(SocketType.PAIR), ctx.socket(SocketType.PAIR)
    for end in pair:
        for name, value in options.items():
            setattr(end, name, value)
    with pair[0].monitor() as bound, pair[1].monitor() as connected:
        pair[1].connect(pair[0].bind(where))
        found = next_value(connected, Event.CONNECTED), next_value(bound, Event.ACCEPTED)
        next_value(connected, Event.HANDSHAKE_SUCCEEDED)
        next_value(bound, Event.HANDSHAKE_SUCCEEDED)
    return found


@pytest.mark.parametrize("name", REACHES_THE_SYSTEM)
def test_an_option_of_tcp_reaches_both_ends(ctx, name):
    value, level, option, told = REACHES_THE_SYSTEM[name]
    needed = {"tcp_keepalive": 1} if name.startswith("tcp_keepalive_") else {}
    for descriptor in ends(ctx, **needed, **{name: value}):
        with borrowed(descriptor) as end:
            assert end.getsockopt(level, option) == told


def test_nothing_waits_for_more_to_send_at_either_end(ctx):
    for descriptor in ends(ctx):
        with borrowed(descriptor) as end:
            assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_tos_is_told_to_peers_of_ipv6_too(ctx):
    for descriptor in ends(ctx, "tcp://[::1]:*", ipv6=True, tos=0x28):
        with borrowed(descriptor) as end:
            assert end.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS) == 0x28


@pytest.mark.zcffi_only
@pytest.mark.parametrize(
    ("name", "option"), [("sndbuf", socket.SO_SNDBUF), ("rcvbuf", socket.SO_RCVBUF)]
)
def test_buffers_reach_ipc_too(ctx, name, option):
    connecting, _ = ends(ctx, "ipc://*", **{name: 40_000})
    with borrowed(connecting) as end:
        assert end.getsockopt(socket.SOL_SOCKET, option) == 80_000


def test_bindtodevice_ties_both_ends_to_the_interface(ctx):
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, LOOPBACK.encode())
        except PermissionError:
            pytest.skip("tying a socket to an interface needs a privilege here")
    for descriptor in ends(ctx, bindtodevice=LOOPBACK):
        with borrowed(descriptor) as end:
            device = end.getsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, 16)
            assert device.rstrip(b"\0") == LOOPBACK.encode()


def test_backlog_is_the_listeners(ctx):
    pull = ctx.socket(SocketType.PULL)
    pull.backlog = 7
    with pull.monitor(Event.LISTENING) as monitor:
        pull.bind("tcp://127.0.0.1:*")
        with borrowed(next_value(monitor, Event.LISTENING)) as listener:
            info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    assert struct.unpack_from("=I", info, 28) == (7,)  # tcpi_sacked: the room of the queue


@pytest.mark.parametrize("family", ["tcp", "ipc"])
def test_use_fd_adopts_a_listener(ctx, folder, family):
    if family == "tcp":
        listener = socket.create_server(("127.0.0.1", 0))
        where = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX)
        where = f"ipc://{folder}/adopted"
        listener.bind(f"{folder}/adopted")
        listener.listen()
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    with pull.monitor(Event.LISTENING) as monitor:
        pull.use_fd = listener.fileno()
        pull.bind(where)
        assert next_value(monitor, Event.LISTENING) == listener.detach()
    push.connect(where)
    push.send(b"adopted")
    assert readable(pull)
    assert pull.recv() == b"adopted"


def test_connect_timeout_ends_an_attempt(ctx):
    """A listener whose queue is full answers nobody."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            peer = waiting.enter_context(socket.socket())
            peer.setblocking(False)
            peer.connect_ex(listener.getsockname())
        push = ctx.socket(SocketType.PUSH)
        push.connect_timeout = 50
        with push.monitor() as monitor:
            began = time.monotonic()
            push.connect(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
            kinds = [monitor.recv(10_000).event for _ in range(3)]
            took = time.monotonic() - began
    assert kinds == [Event.CONNECT_DELAYED, Event.CLOSED, Event.CONNECT_RETRIED]
    assert 0.05 <= took < 1  # the system alone goes on for minutes


def test_handshake_ivl_ends_a_peer_that_says_nothing(ctx):
    pull = ctx.socket(SocketType.PULL)
    pull.handshake_ivl = 50
    port = int(pull.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1])
    with pull.monitor() as monitor, socket.create_connection(("127.0.0.1", port), 10) as peer:
        kinds = [monitor.recv(10_000).event for _ in range(3)]
        while peer.recv(100):
            pass
    assert kinds == [Event.ACCEPTED, Event.HANDSHAKE_FAILED_NO_DETAIL, Event.DISCONNECTED]


def retries(ctx, port, count, **options):
    """The waits before a connection that is always refused is tried again."""
    push = ctx.socket(SocketType.PUSH)
    for name, value in options.items():
        setattr(push, name, value)
    with push.monitor(Event.CONNECT_RETRIED) as monitor:
        push.connect(f"tcp://127.0.0.1:{port}")
        return [next_value(monitor, Event.CONNECT_RETRIED) for _ in range(count)]


def test_reconnect_ivl_has_a_random_part(ctx, reserved_port):
    assert all(20 <= wait < 40 for wait in retries(ctx, reserved_port, 5, reconnect_ivl=20))


def test_a_maximum_below_the_interval_is_ignored(ctx, reserved_port):
    waits = retries(ctx, reserved_port, 3, reconnect_ivl=20, reconnect_ivl_max=10)
    assert all(20 <= wait < 40 for wait in waits)


@pytest.mark.zcffi_only
def test_the_longest_interval_has_no_room_for_a_random_part(ctx, reserved_port):
    assert retries(ctx, reserved_port, 1, reconnect_ivl=2**31 - 1) == [2**31 - 1]


@pytest.mark.zcffi_only
def test_reconnect_ivl_max_doubles_up_to_it(ctx, reserved_port):
    waits = retries(ctx, reserved_port, 5, reconnect_ivl=10, reconnect_ivl_max=40)
    assert waits == [10, 20, 40, 40, 40]


@pytest.mark.zcffi_only
@pytest.mark.parametrize("never", [-1, 0])
def test_reconnect_ivl_of_nothing_gives_up(ctx, reserved_port, never):
    push = ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = never
    where = f"tcp://127.0.0.1:{reserved_port}"
    with push.monitor(Event.CLOSED | Event.CONNECT_RETRIED) as monitor:
        push.connect(where)
        assert monitor.recv(10_000).event == Event.CLOSED

        def is_over():
            with contextlib.suppress(zcffi.Again):
                push.send(b"", flags=zcffi.Flag.DONTWAIT)
                return False
            return True

        eventually(is_over, "the end of the endpoint")
        assert not monitor.poll(0)
    with pytest.raises(zcffi.ZMQError):
        push.disconnect(where)


def test_maxmsgsize_closes_who_sends_more(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    pull.maxmsgsize = 100
    where = pull.bind(address("tcp"))
    with pull.monitor(Event.DISCONNECTED) as monitor:
        push.connect(where)
        push.send(b"x" * 100)
        assert pull.recv() == b"x" * 100
        push.send(b"x" * 101)
        next_value(monitor, Event.DISCONNECTED)
    assert not pull.poll(0)


@pytest.mark.parametrize(
    ("network", "admitted"), [("127.0.0.0/8", True), ("10.0.0.0/8", False), ("127.0.0.1", True)]
)
def test_an_accept_filter_admits_its_network_alone(ctx, network, admitted):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    pull.tcp_accept_filter = network
    with pull.monitor(Event.ACCEPTED | Event.ACCEPT_FAILED) as monitor:
        push.connect(pull.bind("tcp://127.0.0.1:*"))
        wanted = Event.ACCEPTED if admitted else Event.ACCEPT_FAILED
        assert monitor.recv(10_000).event == wanted


@pytest.mark.parametrize("admitted", [True, False])
@pytest.mark.parametrize(
    ("name", "own"),
    [("ipc_filter_pid", os.getpid), ("ipc_filter_uid", os.getuid), ("ipc_filter_gid", os.getgid)],
)
def test_an_ipc_filter_admits_its_ids_alone(ctx, address, name, own, admitted):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    setattr(pull, name, own() if admitted else own() + 12_345)
    where = pull.bind(address("ipc"))
    with pull.monitor(Event.ACCEPTED | Event.ACCEPT_FAILED) as monitor:
        push.connect(where)
        wanted = Event.ACCEPTED if admitted else Event.ACCEPT_FAILED
        assert monitor.recv(10_000).event == wanted


@pytest.mark.zcffi_only
def test_dropped_counts_what_has_no_peer(ctx):
    router = ctx.socket(SocketType.ROUTER)
    router.bind("inproc://dropped")
    for _ in range(3):
        router.send_multipart([b"nobody", b"lost"])
    assert router.dropped == 3


@pytest.mark.zcffi_only
def test_max_parts_closes_who_sends_more(ctx, address):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    pull.max_parts = 3
    where = pull.bind(address("tcp"))
    with pull.monitor(Event.DISCONNECTED) as monitor:
        push.connect(where)
        push.send_multipart([b"1", b"2", b"3"])
        assert pull.recv_multipart() == [b"1", b"2", b"3"]
        push.send_multipart([b"1", b"2", b"3", b"4"])
        next_value(monitor, Event.DISCONNECTED)
    assert not pull.poll(0)


@pytest.mark.zcffi_only
@pytest.mark.parametrize(
    ("limit", "topics"),
    [({"max_subscriptions": 2}, b"abc"), ({"max_subscription_bytes": 2}, b"abc")],
)
def test_max_subscriptions_close_who_makes_more(ctx, address, limit, topics):
    pub, sub = ctx.socket(SocketType.PUB), ctx.socket(SocketType.SUB)
    for name, value in limit.items():
        setattr(pub, name, value)
    where = pub.bind(address("tcp"))
    with pub.monitor(Event.HANDSHAKE_SUCCEEDED | Event.DISCONNECTED) as monitor:
        sub.connect(where)
        next_value(monitor, Event.HANDSHAKE_SUCCEEDED)
        for topic in topics:
            sub.subscribe(bytes([topic]))
        next_value(monitor, Event.DISCONNECTED)


def test_stream_notify_off_tells_of_no_connections(ctx):
    stream = ctx.socket(SocketType.STREAM)
    stream.stream_notify = False
    port = int(stream.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(b"first")
        assert readable(stream)
        assert stream.recv_multipart()[1] == b"first"
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(b"second")
        assert stream.recv_multipart()[1] == b"second"


def test_router_raw_speaks_plain_tcp(ctx):
    router = ctx.socket(SocketType.ROUTER)
    router.router_raw = True
    port = int(router.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(b"plain")
        parts = router.recv_multipart()
        if not parts[1]:  # a connection was made
            parts = router.recv_multipart()
        assert parts[1:] == [b"plain"]
        router.send_multipart([parts[0], b"text"])
        assert peer.recv(100) == b"text"


# ---- the source address of a connection ----


@pytest.mark.parametrize(
    "source",
    [
        "127.0.0.1",
        "127.0.0.9",
        LOOPBACK,
        pytest.param("localhost", marks=pytest.mark.zcffi_only),  # and newer versions of libzmq
    ],
)
def test_a_connection_comes_from_the_source_address(ctx, source):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    port = pull.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1]
    push.connect(f"tcp://{source}:0;127.0.0.1:{port}")
    push.send(b"")
    frame = pull.recv(copy=False)
    assert frame["Peer-Address"] == (source if source[0] == "1" else "127.0.0.1")


def test_the_source_port_may_be_given(ctx, reserved_port):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    port = pull.bind("tcp://127.0.0.1:*").rsplit(":", 1)[1]
    own = reserved_port
    with pull.monitor(Event.ACCEPTED) as monitor:
        push.connect(f"tcp://127.0.0.1:{own};127.0.0.1:{port}")
        with borrowed(next_value(monitor, Event.ACCEPTED)) as end:
            assert end.getpeername() == ("127.0.0.1", own)


@pytest.mark.zcffi_only
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_an_interface_is_the_source_for_both_families(ctx, host):
    pull, push = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PUSH)
    pull.ipv6 = push.ipv6 = True
    port = pull.bind(f"tcp://{host}:*").rsplit(":", 1)[1]
    push.connect(f"tcp://{LOOPBACK}:0;{host}:{port}")
    push.send(b"arrived")
    assert readable(pull)


def test_an_interface_that_is_not_there_is_waited_for(ctx, reserved_port):
    push = ctx.socket(SocketType.PUSH)
    push.reconnect_ivl = 10
    with push.monitor(Event.CONNECT_RETRIED) as monitor:
        push.connect(f"tcp://nosuchif:0;127.0.0.1:{reserved_port}")
        for _ in range(2):
            assert monitor.recv(10_000).event == Event.CONNECT_RETRIED


# ---- I/O threads ----


def tasks():
    """The threads of this process."""
    return {int(task.name) for task in Path("/proc/self/task").iterdir()}


def name_of(task):
    return Path(f"/proc/self/task/{task}/comm").read_text().strip()


def becomes(wanted, look):
    """Wait for what a thread does to itself when it starts."""
    eventually(lambda: look() == wanted, f"{wanted}, now {look()}")


@pytest.fixture
def own():
    """A context of its own, to be set up before its first socket."""
    context = KeepingContext()
    context.kept = []
    yield context
    context.close(linger=0)


def start(context, **options):
    """Bind a socket: the threads that were started for it."""
    before = tasks()
    pull = context.socket(SocketType.PULL)
    for name, value in options.items():
        setattr(pull, name, value)
    pull.bind("tcp://127.0.0.1:*")
    return tasks() - before


@pytest.mark.zcffi_only
def test_max_msgsz_limits_what_is_sent(own):
    own.max_msgsz = 10
    pull, push = own.socket(SocketType.PULL), own.socket(SocketType.PUSH)
    push.connect(pull.bind("inproc://max-msgsz"))
    with pytest.raises(zcffi.ZMQError) as caught:
        push.send(b"0123456789a")
    assert caught.value.errno == errno.EMSGSIZE
    with pytest.raises(zcffi.ZMQError):
        push.send_multipart([b"a", b"0123456789a"])
    assert push.send_many([b"0123456789", b"0123456789a", b"b"]) == 1
    assert pull.recv_many(3) == [b"0123456789"]


@pytest.mark.zcffi_only
def test_affinity_chooses_the_io_thread(own):
    own.io_threads = 4
    for mask, name in ((4, "zcffi/io/2"), (1, "zcffi/io/0")):
        (thread,) = start(own, affinity=mask)
        becomes(name, lambda: name_of(thread))  # noqa: B023
    assert start(own, affinity=4) == set()


def test_affinity_to_no_io_thread_is_an_error(ctx):
    pull = ctx.socket(SocketType.PULL)
    pull.affinity = 2
    with pytest.raises(zcffi.ZMQError) as caught:
        pull.bind("tcp://127.0.0.1:*")
    assert caught.value.errno == zcffi.Errno.EMTHREAD


@pytest.mark.zcffi_only
def test_io_threads_share_the_endpoints(own):
    own.io_threads = 3
    assert [len(start(own)) for _ in range(5)] == [1, 1, 1, 0, 0]


@pytest.mark.zcffi_only
def test_the_prefix_begins_the_names_of_the_io_threads(own):
    own.thread_name_prefix = 42
    (thread,) = start(own)
    becomes("42/zcffi/io/0", lambda: name_of(thread))


@pytest.mark.zcffi_only
def test_cpus_that_were_added_are_those_of_the_io_threads(own):
    allowed = sorted(os.sched_getaffinity(0))
    own.thread_affinity_cpu_add = allowed[0]
    own.thread_affinity_cpu_add = allowed[-1]
    if len(allowed) > 1:
        own.thread_affinity_cpu_remove = allowed[-1]
    (thread,) = start(own)
    becomes({allowed[0]}, lambda: os.sched_getaffinity(thread))


@pytest.mark.zcffi_only
def test_the_policy_is_that_of_the_io_threads(own):
    own.thread_sched_policy = os.SCHED_BATCH
    (thread,) = start(own)
    becomes(os.SCHED_BATCH, lambda: os.sched_getscheduler(thread))


@pytest.mark.zcffi_only
def test_the_priority_is_that_of_the_io_threads(own):
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    except PermissionError:
        pytest.skip("real-time policies need a privilege")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    own.thread_sched_policy = os.SCHED_FIFO
    own.thread_priority = 7
    (thread,) = start(own)
    becomes(7, lambda: os.sched_getparam(thread).sched_priority)
    assert os.sched_getscheduler(thread) == os.SCHED_FIFO
