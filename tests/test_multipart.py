from __future__ import annotations

import pytest

import zcffi
from zcffi import Flag, Frame, SocketType


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"one"],
        [b"", b"", b""],
        [b"a", b"", b"c" * 300],
        [b"x" * 70_000, b"y", b"z" * 70_000],
        [b"%d" % i for i in range(100)],
    ],
    ids=len,
)
def test_parts_arrive_as_they_were_sent(pair, transport, parts):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    push.send_multipart(parts)
    assert pull.recv_multipart() == parts


def test_more_parts_than_any_buffer_expects_arrive(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    parts = [b"%d" % i for i in range(5000)]
    push.send_multipart(parts)
    assert pull.recv_multipart() == parts


def test_any_iterable_of_buffers_is_a_message(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send_multipart(part for part in (b"a", bytearray(b"b"), memoryview(b"c"), Frame(b"d")))
    assert pull.recv_multipart() == [b"a", b"b", b"c", b"d"]


def test_frames_are_received_on_request(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    push.send_multipart([b"a", b"b" * 100_000])
    frames = pull.recv_multipart(copy=False)
    assert [type(frame) for frame in frames] == [Frame, Frame]
    assert [frame.bytes for frame in frames] == [b"a", b"b" * 100_000]
    assert [frame.more for frame in frames] == [True, False]


@pytest.mark.parametrize("parts", [b"bytes", "text", bytearray(b"x")])
def test_a_single_buffer_is_no_sequence_of_parts(pair, parts):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(TypeError, match="use send"):
        push.send_multipart(parts)


def test_no_parts_are_no_message(pair):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(ValueError, match="one part or more"):
        push.send_multipart([])


def test_a_wrong_part_sends_nothing(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(TypeError):
        push.send_multipart([b"a", "b"])
    push.send(b"next")
    assert pull.recv_multipart() == [b"next"]


def test_send_many_sends_messages_of_one_and_of_several_parts(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    assert push.send_many([b"a", [b"b", b"c"], (b"d",), bytearray(b"e")]) == 4
    assert [pull.recv_multipart() for _ in range(4)] == [[b"a"], [b"b", b"c"], [b"d"], [b"e"]]


def test_send_many_and_recv_many_move_more_than_the_high_water_mark(pair, transport):
    import threading

    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport, sndhwm=10, rcvhwm=10)
    messages = [b"%d" % i for i in range(3000)]
    sender = threading.Thread(target=push.send_many, args=(messages,))
    sender.start()
    got: list[bytes] = []
    while len(got) < len(messages):
        got += pull.recv_many()
    sender.join()
    assert got == messages


def test_send_many_with_dontwait_tells_how_many_were_sent(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, sndhwm=5, rcvhwm=5)
    sent = push.send_many([b"x"] * 1000, Flag.DONTWAIT)
    assert sent == 10
    with pytest.raises(zcffi.Again):
        push.send_many([b"x"], Flag.DONTWAIT)
    assert len(pull.recv_many()) == sent


def test_send_many_of_nothing_sends_nothing(pair):
    _, push = pair(SocketType.PULL, SocketType.PUSH)
    assert push.send_many([]) == 0


def test_send_many_refuses_a_wrong_message_before_it_sends(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    for wrong in ([b"a", "b"], [b"a", [b"b", 1]], [b"a", []]):
        with pytest.raises((TypeError, ValueError)):
            push.send_many(wrong)
    assert not pull.poll(0)
    with pytest.raises(TypeError, match="use send"):
        push.send_many(b"abc")


def test_recv_many_takes_what_is_there_up_to_the_limit(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send_many([b"%d" % i for i in range(10)])
    assert pull.recv_many(3) == [b"0", b"1", b"2"]
    assert pull.recv_many() == [b"%d" % i for i in range(3, 10)]
    with pytest.raises(zcffi.Again):
        pull.recv_many(10, Flag.DONTWAIT)


def test_recv_many_gives_whole_messages(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    messages = [[b"a", b"b"], [b"c"], [b"d", b"e", b"f"]]
    push.send_many(messages)
    assert pull.recv_many(multipart=True) == messages
    push.send_many(messages)
    assert pull.recv_many(2) == [b"a", b"b", b"c"]
    assert pull.recv_many(2, multipart=True) == [[b"d", b"e", b"f"]]


def test_recv_many_takes_large_messages_too(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    messages = [[b"x" * 100_000, b"y"], [b"z" * 300_000]]
    push.send_many(messages)
    got = []
    while len(got) < 2:
        got += pull.recv_many(multipart=True)
    assert got == messages


@pytest.mark.parametrize("limit", [0, -1])
def test_recv_many_needs_a_limit_of_one_or_more(pair, limit):
    pull, _ = pair(SocketType.PULL, SocketType.PUSH)
    with pytest.raises(ValueError, match="limit"):
        pull.recv_many(limit)
