from __future__ import annotations

import pickle

import pytest

import zcffi
from zcffi import Errno, SocketType


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (zcffi.ZMQError, OSError),
        (zcffi.Again, BlockingIOError),
        (zcffi.InterruptedSystemCall, InterruptedError),
        (zcffi.InvalidArgument, ValueError),
        (zcffi.NotSupported, NotImplementedError),
        (zcffi.WrongState, RuntimeError),
        (zcffi.Unroutable, ConnectionError),
        (zcffi.AddressInUse, OSError),
    ],
)
def test_errors_are_also_the_fitting_builtin(error, builtin):
    assert issubclass(error, zcffi.ZMQError)
    assert issubclass(error, builtin)


def test_errors_carry_number_and_text():
    error = zcffi.ZMQError(Errno.EFSM)
    assert error.errno == Errno.EFSM
    assert str(error) == "Operation cannot be accomplished in current state"
    assert str(zcffi.ZMQError(Errno.EINVAL, "own text")) == "own text"


def test_errors_without_a_number_have_that_of_their_class():
    assert zcffi.Again().errno == Errno.EAGAIN
    assert zcffi.ContextTerminated().errno == Errno.ETERM


@pytest.mark.parametrize("error", [zcffi.Again(), zcffi.ZMQError(Errno.EFSM, "text")])
def test_errors_pickle(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert copy.errno == error.errno
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("", zcffi.InvalidArgument),
        ("nothing", zcffi.InvalidArgument),
        ("tcp://", zcffi.InvalidArgument),
        ("tcp://127.0.0.1", zcffi.InvalidArgument),
        ("ftp://127.0.0.1:1", zcffi.ZMQError),
        ("tcp://127.0.0.1:1\0", zcffi.InvalidArgument),
    ],
)
def test_a_wrong_endpoint_is_named_in_the_error(ctx, endpoint, error):
    socket = ctx.socket(SocketType.PULL)
    for call in (socket.bind, socket.connect):
        with pytest.raises(error) as caught:
            call(endpoint)
        assert repr(endpoint) in str(caught.value)


def test_an_endpoint_that_is_no_text_is_a_type_error(ctx):
    with pytest.raises(TypeError, match="bytes"):
        ctx.socket(SocketType.PULL).bind(b"tcp://127.0.0.1:1")


def test_an_address_in_use_is_told_with_the_cure(ctx):
    one, two = ctx.socket(SocketType.PULL), ctx.socket(SocketType.PULL)
    for address in ("tcp://127.0.0.1:*", "inproc://taken"):
        where = one.bind(address)
        with pytest.raises(zcffi.AddressInUse, match="choose another") as caught:
            two.bind(where)
        assert where in str(caught.value)


def test_an_unknown_transport_is_told(ctx):
    with pytest.raises(zcffi.ZMQError, match="transport is unknown") as caught:
        ctx.socket(SocketType.PULL).connect("ftp://127.0.0.1:1")
    assert caught.value.errno == Errno.EPROTONOSUPPORT


def test_a_foreign_address_can_not_be_bound(ctx):
    with pytest.raises(zcffi.AddressError):
        ctx.socket(SocketType.PULL).bind("tcp://192.0.2.1:5555")


@pytest.mark.parametrize("type_", [SocketType.PULL, SocketType.SUB])
def test_types_that_only_receive_refuse_to_send(ctx, type_):
    with pytest.raises(zcffi.NotSupported, match="only receives"):
        ctx.socket(type_).send(b"x")


@pytest.mark.parametrize("type_", [SocketType.PUSH, SocketType.PUB])
def test_types_that_only_send_refuse_to_receive(ctx, type_):
    with pytest.raises(zcffi.NotSupported, match="only sends"):
        ctx.socket(type_).recv()


def test_a_missing_folder_is_told(ctx):
    with pytest.raises(FileNotFoundError, match="folder"):
        ctx.socket(SocketType.PULL).bind("ipc:///nowhere/at/all")


def test_z85_round_trips_and_refuses_what_is_none():
    data = bytes.fromhex("864FD26FB559F75B")
    assert zcffi.z85_encode(data) == b"HelloWorld"
    assert zcffi.z85_decode("HelloWorld") == data
    for wrong in ("abcd", "#####", "     "):
        with pytest.raises(ValueError, match="Z85"):
            zcffi.z85_decode(wrong)
    with pytest.raises(ValueError, match="multiple of 4"):
        zcffi.z85_encode(b"abc")


def test_has_tells_the_truth_about_ipc():
    assert zcffi.has("ipc")
    assert not zcffi.has("nonsense")


def test_include_folder_holds_the_headers():
    from pathlib import Path

    folder = Path(zcffi.get_include())
    assert (folder / "zmq.h").is_file()
    assert (folder / "zcffi.h").is_file()


def test_library_dirs_hold_the_bundled_core():
    from pathlib import Path

    for folder in zcffi.get_library_dirs():
        assert list(Path(folder).glob("*zcffi*"))
