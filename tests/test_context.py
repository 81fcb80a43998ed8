from __future__ import annotations

import gc
import threading
import warnings

import pytest

import zcffi
from zcffi import Context, ContextTerminated, SocketType


def test_defaults_are_those_of_the_zeromq_api(ctx):
    assert ctx.io_threads == 1
    assert ctx.max_sockets == 1023
    assert ctx.socket_limit == 65535
    assert ctx.ipv6 is False
    assert ctx.blocky is True
    assert ctx.msg_t_size == 64


def test_arguments_set_the_options():
    with Context(2, max_sockets=10) as context:
        assert context.io_threads == 2
        assert context.max_sockets == 10


def test_a_wrong_option_value_is_refused_and_changes_nothing(ctx):
    with pytest.raises(zcffi.InvalidArgument, match="io_threads to -1"):
        ctx.io_threads = -1
    assert ctx.io_threads == 1


def test_a_typo_in_an_option_is_an_attribute_error(ctx):
    with pytest.raises(AttributeError):
        ctx.io_treads = 3


def test_leaving_the_with_block_closes_the_sockets_and_the_context():
    with Context() as context:
        socket = context.socket(SocketType.PAIR)
    assert socket.closed
    assert context.closed


def test_close_may_be_called_twice():
    context = Context()
    context.close()
    context.close()
    context.term()


def test_a_closed_context_makes_no_sockets():
    context = Context()
    context.close()
    with pytest.raises(ContextTerminated):
        context.socket(SocketType.PAIR)
    with pytest.raises(ContextTerminated):
        _ = context.io_threads


def test_shutdown_ends_calls_with_context_terminated(ctx):
    socket = ctx.socket(SocketType.PULL)
    ctx.shutdown()
    with pytest.raises(ContextTerminated):
        socket.recv()


def test_shutdown_wakes_a_call_that_waits(ctx):
    socket = ctx.socket(SocketType.PULL)
    ended = []

    def wait() -> None:
        try:
            socket.recv()
        except ContextTerminated as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    ctx.shutdown()
    thread.join(10)
    assert len(ended) == 1


def test_term_waits_for_the_sockets(ctx):
    socket = ctx.socket(SocketType.PULL)
    thread = threading.Thread(target=ctx.term)
    thread.start()
    with pytest.raises(ContextTerminated):
        socket.recv()
    assert thread.is_alive()
    socket.close()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.zcffi_only  # libzmq hears of the end some calls later
def test_a_socket_that_the_contexts_end_interrupts_in_the_making_is_not_forgotten():
    class Ending(Context):
        def _adopt(self, socket):
            super()._adopt(socket)
            self.shutdown()

    with Ending() as context, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(ContextTerminated):
            context.socket(SocketType.PUSH)
        gc.collect()
    assert seen == []


def test_more_sockets_than_max_sockets_are_refused():
    with Context(max_sockets=2) as context:
        sockets = [context.socket(SocketType.PAIR) for _ in range(2)]
        with pytest.raises(zcffi.ZMQError, match="max_sockets"):
            context.socket(SocketType.PAIR)
        assert len(sockets) == 2


def test_an_unknown_socket_type_is_refused(ctx):
    with pytest.raises(zcffi.InvalidArgument, match="77"):
        ctx.socket(77)


def test_a_shadow_shares_the_context_but_not_its_life(ctx):
    shadow = Context.shadow(ctx.underlying)
    one, two = ctx.socket(SocketType.PAIR), shadow.socket(SocketType.PAIR)
    one.bind("inproc://shared")
    two.connect("inproc://shared")
    two.send(b"x")
    assert one.recv() == b"x"
    shadow.close()
    assert two.closed
    assert not ctx.closed


def test_a_forgotten_socket_warns_and_is_closed():
    context = Context()
    socket = context.socket(SocketType.PUSH)
    kept = [socket]
    del socket
    with pytest.warns(ResourceWarning, match="PUSH"):
        kept.clear()
    context.term()


def test_a_closed_socket_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        context = Context()
        socket = context.socket(SocketType.PUSH)
        socket.close()
        del socket
        gc.collect()
        context.term()


def test_a_forgotten_context_does_not_hold_up_the_collector():
    context = Context()
    socket = context.socket(SocketType.PUSH)
    socket.connect("tcp://127.0.0.1:9")
    socket.linger = -1
    socket.send(b"for nobody")
    socket.close()
    del socket, context
    gc.collect()


def test_io_threads_0_leaves_inproc():
    with Context(0) as context:
        one, two = context.socket(SocketType.PAIR), context.socket(SocketType.PAIR)
        one.bind("inproc://only")
        two.connect("inproc://only")
        two.send(b"x")
        assert one.recv() == b"x"
        with pytest.raises(zcffi.ZMQError) as caught:
            one.bind("tcp://127.0.0.1:*")
        assert caught.value.errno == zcffi.Errno.EMTHREAD


def test_blocky_off_makes_sockets_that_do_not_linger(ctx):
    ctx.blocky = False
    assert ctx.socket(SocketType.PUSH).linger == 0


def test_sockets_inherit_ipv6(ctx):
    ctx.ipv6 = True
    assert ctx.socket(SocketType.PUSH).ipv6 is True


def test_repr_tells_the_state():
    context = Context()
    assert "0 sockets" in repr(context)
    context.close()
    assert "closed" in repr(context)
