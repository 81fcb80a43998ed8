from __future__ import annotations

import queue
import threading

import pytest

import zcffi
from zcffi import SocketType

pytestmark = pytest.mark.any_thread


def in_threads(count, work):
    """Run `work(i)` in `count` threads; raises what one of them raised."""
    errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.put(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(25)
        assert not thread.is_alive(), "a thread hangs"
    if not errors.empty():
        raise errors.get()


def test_threads_send_on_one_socket(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    threads, each = 4, 500
    got = []

    def work(i):
        if i == threads:
            got.extend(pull.recv_multipart() for _ in range(threads * each))
        else:
            for k in range(each):
                push.send_multipart([b"%d" % i, b"%d" % k, b"%d" % i])

    in_threads(threads + 1, work)
    for i in range(threads):
        mine = [parts for parts in got if parts[0] == b"%d" % i]
        assert mine == [[b"%d" % i, b"%d" % k, b"%d" % i] for k in range(each)]


def test_threads_receive_on_one_socket(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    threads, each = 4, 500
    got = [[] for _ in range(threads)]

    def work(i):
        if i == threads:
            for k in range(threads * each):
                push.send_multipart([b"%d" % k, b"x", b"%d" % k])
        else:
            for _ in range(each):
                got[i].append(pull.recv_multipart())

    in_threads(threads + 1, work)
    everything = sorted((parts for mine in got for parts in mine), key=lambda parts: int(parts[0]))
    assert everything == [[b"%d" % k, b"x", b"%d" % k] for k in range(threads * each)]
    for mine in got:
        assert [int(parts[0]) for parts in mine] == sorted(int(parts[0]) for parts in mine)


def test_threads_use_both_directions_of_one_socket(pair, transport):
    one, two = pair(SocketType.DEALER, SocketType.DEALER, transport)
    count = 1000
    got = {}

    def work(i):
        socket = (one, two)[i % 2]
        if i < 2:
            for k in range(count):
                socket.send(b"%d" % k)
        else:
            got[i] = [socket.recv() for _ in range(count)]

    in_threads(4, work)
    assert got[2] == got[3] == [b"%d" % k for k in range(count)]


def test_batches_of_threads_stay_whole(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    threads, each = 3, 300
    got = []

    def work(i):
        if i == threads:
            while len(got) < threads * each:
                got.extend(pull.recv_many(multipart=True))
        else:
            push.send_many([[b"%d" % i, b"%d" % k] for k in range(each)])

    in_threads(threads + 1, work)
    for i in range(threads):
        assert [int(b) for a, b in got if int(a) == i] == list(range(each))


def test_parts_may_be_continued_in_another_thread(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"a", more=True)
    in_threads(1, lambda _: push.send(b"b"))
    assert pull.recv_multipart() == [b"a", b"b"]


def test_whole_messages_pass_beside_a_half_message(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"half", more=True)
    in_threads(1, lambda _: push.send_multipart([b"whole", b"message"]))
    push.send(b"message")
    got = [pull.recv_multipart() for _ in range(2)]
    assert sorted(got) == [[b"half", b"message"], [b"whole", b"message"]]


@pytest.mark.parametrize("type_", [SocketType.PULL, SocketType.DEALER, SocketType.SUB])
def test_closing_wakes_who_waits(ctx, type_):
    socket = ctx.socket(type_)
    socket.bind("inproc://nobody")
    started = threading.Event()
    ended = []

    def wait():
        started.set()
        with pytest.raises(zcffi.ZMQError) as caught:
            socket.recv()
        ended.append(caught.value.errno)

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    socket.close()
    thread.join(10)
    assert ended == [zcffi.Errno.ENOTSOCK]


def test_options_and_endpoints_change_beside_traffic(pair, address):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    done = threading.Event()

    def work(i):
        if i == 0:
            for k in range(2000):
                push.send(b"%d" % k)
        elif i == 1:
            assert [pull.recv() for _ in range(2000)] == [b"%d" % k for k in range(2000)]
            done.set()
        else:
            while not done.is_set():
                pull.rcvhwm = 1000
                where = pull.bind(address("tcp"))
                pull.unbind(where)
                assert pull.events is not None

    in_threads(3, work)


def test_a_terminated_context_ends_every_thread():
    context = zcffi.Context()
    sockets = [context.socket(SocketType.PULL) for _ in range(4)]
    started = threading.Barrier(5)

    def work(i):
        started.wait()
        if i == 4:
            context.term()
            return
        with pytest.raises(zcffi.ContextTerminated):
            sockets[i].recv()
        sockets[i].close()

    in_threads(5, work)


def test_several_threads_poll_one_socket(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)

    def work(i):
        if i == 3:
            push.send(b"x")
        else:
            assert pull.poll(10_000)

    in_threads(4, work)
    assert pull.recv() == b"x"
