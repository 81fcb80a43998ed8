from __future__ import annotations

import gc
import sys

import pytest

import zcffi
from zcffi import Frame, MessageOption, SocketType, _door

BUFFER_PROTOCOL = _door.DOOR == "fast" or sys.version_info >= (3, 12)


@pytest.mark.parametrize(
    "data", [b"", b"abc", bytearray(b"abc"), memoryview(b"abc"), b"x" * 100_000]
)
def test_a_frame_holds_a_copy_of_a_buffer(data):
    frame = Frame(data)
    assert frame.bytes == bytes(data)
    assert bytes(frame) == bytes(data)
    assert len(frame) == len(data)
    assert frame == data


def test_a_frame_without_data_is_empty():
    assert Frame().bytes == b""


@pytest.mark.parametrize("data", ["text", 1, [b"x"]])
def test_what_is_no_buffer_makes_no_frame(data):
    with pytest.raises(TypeError, match="needs bytes"):
        Frame(data)


def test_the_buffer_is_read_only():
    view = Frame(b"abc").buffer
    assert view.readonly
    with pytest.raises(TypeError):
        view[0] = 1


def test_a_view_keeps_the_message_alive(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"x" * 100_000)
    view = pull.recv(copy=False).buffer
    gc.collect()
    assert view == b"x" * 100_000


@pytest.mark.skipif(not BUFFER_PROTOCOL, reason="needs the fast door or Python 3.12")
def test_a_frame_is_a_buffer():
    assert memoryview(Frame(b"abc")) == b"abc"
    assert b"".join([Frame(b"a"), b"b"]) == b"ab"


def test_a_frame_may_be_sent_again_and_again(pair, transport):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
    for size in (3, 100_000):
        frame = Frame(b"x" * size)
        for _ in range(3):
            push.send(frame)
        assert [pull.recv() for _ in range(3)] == [b"x" * size] * 3
        assert len(frame) == size


def test_a_received_frame_may_be_passed_on(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    pull2, push2 = pair(SocketType.PULL, SocketType.PUSH)
    push.send(b"x" * 100_000)
    push2.send(pull.recv(copy=False))
    assert pull2.recv() == b"x" * 100_000


def test_more_tells_whether_parts_follow(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    push.send_multipart([b"a", b"b"])
    assert pull.recv(copy=False).more
    assert not pull.recv(copy=False).more


def test_properties_are_read_by_number(pair):
    frame = Frame(b"x")
    assert frame.get(MessageOption.MORE) == 0
    with pytest.raises(zcffi.InvalidArgument):
        frame.get(77)


def test_metadata_tells_who_sent(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH, "tcp")
    push.send(b"x")
    frame = pull.recv(copy=False)
    assert frame["Socket-Type"] == "PUSH"
    assert frame["Peer-Address"] == "127.0.0.1"
    with pytest.raises(KeyError):
        frame["Nothing"]


def test_frames_compare_by_content():
    assert Frame(b"a") == Frame(b"a")
    assert Frame(b"a") != Frame(b"b")
    assert Frame(b"a") == b"a"
    assert Frame(b"a") != "a"


def test_repr_shows_the_start():
    assert repr(Frame(b"abc")) == "<zcffi.Frame b'abc' 3 bytes>"
    assert "..." in repr(Frame(b"x" * 100))


def test_a_large_frame_may_borrow_its_buffer():
    data = bytearray(b"x" * 100_000)
    frame = Frame(data, copy=False)
    assert frame == data
    del frame
    gc.collect()
    _door.settle()
    data.append(1)
