from __future__ import annotations

import pytest

import zcffi
from zcffi import SecurityMechanism, SocketType
from zcffi._options import SocketOptions

NUMBERS = [
    ("sndhwm", 1000, 5),
    ("rcvhwm", 1000, 0),
    ("sndtimeo", -1, 10),
    ("rcvtimeo", -1, 0),
    ("reconnect_ivl", 100, 5),
    ("reconnect_ivl_max", 0, 100),
    ("backlog", 100, 1),
    ("maxmsgsize", -1, 10**12),
    ("affinity", 0, 1),
    ("sndbuf", -1, 16384),
    ("rcvbuf", -1, 16384),
    ("tcp_keepalive", -1, 1),
    ("tos", 0, 0x28),
    ("handshake_ivl", 30000, 100),
    ("heartbeat_ivl", 0, 100),
    ("heartbeat_ttl", 0, 1000),
    ("connect_timeout", 0, 10),
    ("tcp_maxrt", 0, 10),
]


@pytest.mark.parametrize(("name", "default", "other"), NUMBERS)
def test_numbers_have_their_default_and_keep_what_is_set(ctx, name, default, other):
    socket = ctx.socket(SocketType.DEALER)
    assert getattr(socket, name) == default
    setattr(socket, name, other)
    assert getattr(socket, name) == other


@pytest.mark.parametrize("name", ["ipv6", "immediate", "conflate", "invert_matching"])
def test_switches_are_bools(ctx, name):
    socket = ctx.socket(SocketType.PUB)
    assert getattr(socket, name) is False
    setattr(socket, name, True)
    assert getattr(socket, name) is True


@pytest.mark.parametrize(
    ("name", "value"),
    [("sndhwm", -1), ("rcvhwm", -5), ("linger", -2), ("backlog", -1), ("sndhwm", 2**40)],
)
def test_a_value_out_of_range_is_told_and_changes_nothing(ctx, name, value):
    socket = ctx.socket(SocketType.PUSH)
    before = getattr(socket, name)
    with pytest.raises(zcffi.InvalidArgument) as caught:
        setattr(socket, name, value)
    assert name in str(caught.value)
    assert str(value) in str(caught.value)
    assert getattr(socket, name) == before


@pytest.mark.parametrize("value", [1.5, 2.0, "5", "four", b"four", None, [1]])
def test_what_is_no_whole_number_is_refused_not_cut_off(ctx, value):
    socket = ctx.socket(SocketType.DEALER)
    for target, name in ((socket, "linger"), (socket, "sndhwm"), (ctx, "io_threads")):
        before = getattr(target, name)
        with pytest.raises(TypeError, match=f"{name} needs an int, not"):
            setattr(target, name, value)
        assert getattr(target, name) == before


def test_a_number_is_no_text(ctx):
    socket = ctx.socket(SocketType.DEALER)
    for name in ("routing_id", "bindtodevice"):
        with pytest.raises(TypeError, match=f"{name} needs bytes or str, not int"):
            setattr(socket, name, 5)


def test_a_number_is_no_topic(ctx):
    sub = ctx.socket(SocketType.SUB)
    for call in (sub.subscribe, sub.unsubscribe):
        with pytest.raises(TypeError):
            call(5)


def test_linger_may_be_set(ctx):
    socket = ctx.socket(SocketType.PUSH)
    socket.linger = 5
    assert socket.linger == 5


def test_the_routing_id_is_bytes(ctx):
    socket = ctx.socket(SocketType.DEALER)
    assert socket.routing_id == b""
    socket.routing_id = b"me\0too"
    assert socket.routing_id == b"me\0too"
    with pytest.raises(zcffi.InvalidArgument):
        socket.routing_id = b""
    with pytest.raises(zcffi.InvalidArgument):
        socket.routing_id = b"x" * 256


def test_texts_are_str(ctx):
    socket = ctx.socket(SocketType.PULL)
    assert socket.last_endpoint == ""
    assert socket.bind("inproc://here") == "inproc://here"
    assert socket.last_endpoint == "inproc://here"


def test_the_type_is_an_enum(ctx):
    for type_ in SocketType:
        assert ctx.socket(type_).type is type_


def test_the_mechanism_is_an_enum(ctx):
    assert ctx.socket(SocketType.PUSH).mechanism is SecurityMechanism.NULL


def test_an_option_of_another_type_is_refused(ctx):
    with pytest.raises(zcffi.InvalidArgument, match="PUSH"):
        ctx.socket(SocketType.PUSH).subscribe("x")


def test_read_only_options_can_not_be_set(ctx):
    with pytest.raises(AttributeError):
        ctx.socket(SocketType.PUSH).rcvmore = 1


def test_every_option_is_documented():
    for name, each in vars(SocketOptions).items():
        if isinstance(each, property):
            assert each.__doc__, name


def test_every_readable_option_reads_or_says_that_it_is_not_there(ctx):
    socket = ctx.socket(SocketType.DEALER)
    for name, each in vars(SocketOptions).items():
        if isinstance(each, property) and each.fget is not None:
            try:
                getattr(socket, name)
            except (zcffi.InvalidArgument, AttributeError):
                continue


def test_conflate_keeps_the_last_message(ctx):
    push, pull = ctx.socket(SocketType.PUSH), ctx.socket(SocketType.PULL)
    pull.conflate = True
    push.conflate = True
    push.connect(pull.bind("inproc://last"))
    for i in range(20):
        push.send(b"%d" % i)
    assert pull.recv() == b"19"
    assert not pull.poll(0)


def test_the_high_water_marks_of_both_ends_add_up_over_inproc(pair):
    _, push = pair(SocketType.PULL, SocketType.PUSH, sndhwm=2, rcvhwm=3)
    assert push.send_many([b"x"] * 100, zcffi.Flag.DONTWAIT) == 5


@pytest.mark.zcffi_only
def test_zcffi_options_have_their_defaults(ctx):
    socket = ctx.socket(SocketType.PULL)
    assert socket.zmtp_min == 1
    assert socket.max_parts == 1_000_000
    assert socket.max_subscriptions == 1_000_000
    assert socket.max_subscription_bytes == 64 * 1024 * 1024
    assert socket.dropped == 0
