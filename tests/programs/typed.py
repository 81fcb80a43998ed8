"""A program that uses all of the API; `tox -e types` checks it with mypy --strict.

Every `assert_type` states what an editor shows a user. `tests/test_types.py` runs it, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import assert_type

import zcffi
import zcffi.asyncio
from zcffi import JSON, Event, Flag, Frame, MonitorEvent, PollEvent, SocketType


def sockets() -> None:
    with zcffi.Context(io_threads=1, max_sockets=100) as context:
        assert_type(context, zcffi.Context)
        with context.socket(SocketType.PULL) as pull, context.socket(SocketType.PUSH) as push:
            assert_type(pull, zcffi.Socket)
            push.sndhwm = 10
            push.linger = 0
            push.routing_id = b"me"
            assert_type(push.sndhwm, int)
            assert_type(push.routing_id, bytes)
            assert_type(push.immediate, bool)
            assert_type(push.last_endpoint, str)
            assert_type(push.type, SocketType)
            address = assert_type(pull.bind("inproc://typed"), str)
            push.connect(address)
            exchange(pull, push)
            wait(pull)
            watch(pull)
            assert_type(pull.closed, bool)
            assert_type(zcffi.Socket.shadow(pull.underlying), zcffi.Socket)


def exchange(pull: zcffi.Socket, push: zcffi.Socket) -> None:
    push.send(b"x")
    push.send(bytearray(b"x"), Flag.DONTWAIT, copy=False)
    push.send(memoryview(b"x"), more=True)
    push.send(Frame(b"x"))
    assert_type(pull.recv(), bytes)
    assert_type(pull.recv(copy=False), Frame)
    assert_type(pull.recv_multipart(Flag.DONTWAIT), list[bytes])
    push.send_multipart([b"a", bytearray(b"b"), Frame(b"c")])
    frames = pull.recv_multipart(copy=False)
    assert_type(frames, list[Frame])
    assert_type(frames[0].bytes, bytes)
    assert_type(frames[0].buffer, memoryview)
    assert_type(frames[0].more, bool)
    assert_type(push.send_many([b"a", [b"b", b"c"]]), int)
    assert_type(pull.recv_many(1), list[bytes])
    assert_type(pull.recv_many(multipart=True), list[list[bytes]])
    push.send_string("ü", encoding="latin-1")
    assert_type(pull.recv_string(encoding="latin-1"), str)
    push.send_json({"a": [1, None]})
    value = pull.recv_json()
    assert_type(value, JSON)
    push.send(b"x")
    assert_type(pull.recv_into(bytearray(5), nbytes=3), int)


def wait(pull: zcffi.Socket) -> None:
    assert_type(pull.poll(0), PollEvent)
    assert_type(pull.events, PollEvent)
    mixed: zcffi.Poller[zcffi.Socket | int] = zcffi.Poller()
    mixed.register(pull, PollEvent.POLLIN)
    assert_type(mixed.poll(0), list[tuple[zcffi.Socket | int, PollEvent]])
    only: zcffi.Poller[zcffi.Socket] = zcffi.Poller()
    only.register(pull)
    for item, events in only.poll(0):
        assert_type(item, zcffi.Socket)
        assert_type(events, PollEvent)


def watch(pull: zcffi.Socket) -> None:
    with pull.monitor(Event.LISTENING | Event.ACCEPTED) as monitor:
        assert_type(monitor, zcffi.Monitor)
        assert_type(iter(monitor), Iterator[MonitorEvent])
        pull.bind("tcp://127.0.0.1:*")
        event = monitor.recv(timeout=10_000)
        assert_type(event.event, Event)
        assert_type(event.endpoint, str)


def errors() -> None:
    try:
        with zcffi.Context() as context, context.socket(SocketType.PULL) as pull:
            pull.recv(Flag.DONTWAIT)
    except zcffi.Again as error:
        assert_type(error.errno, int | None)
        blocking: BlockingIOError = error
        assert blocking.errno == zcffi.Errno.EAGAIN


def helpers() -> None:
    assert_type(zcffi.has("ipc"), bool)
    assert_type(zcffi.zmq_version(), str)
    assert_type(zcffi.zmq_version_info(), tuple[int, int, int])
    assert_type(zcffi.zcffi_version_info(), tuple[int, int, int] | None)
    assert_type(zcffi.z85_encode(b"1234"), bytes)
    assert_type(zcffi.get_include(), str)
    assert_type(zcffi.get_library_dirs(), list[str])
    assert_type(zcffi.strerror(zcffi.Errno.EFSM), str)


async def coroutines() -> None:
    async with zcffi.asyncio.Context() as context:
        with context.socket(SocketType.PULL) as pull, context.socket(SocketType.PUSH) as push:
            assert_type(pull, zcffi.asyncio.Socket)
            push.connect(pull.bind("inproc://awaited"))
            await push.send(b"x")
            assert_type(await pull.recv(), bytes)
            await push.send_multipart([b"x", b"y"])
            assert_type(await pull.recv_multipart(copy=False), list[Frame])
            assert_type(await push.send_many([b"x"]), int)
            assert_type(await pull.recv_many(), list[bytes])
            await push.send_string("x")
            assert_type(await pull.poll(10_000), PollEvent)
            assert_type(await pull.recv_string(), str)
            poller: zcffi.asyncio.Poller[zcffi.asyncio.Socket] = zcffi.asyncio.Poller()
            poller.register(pull, PollEvent.POLLIN)
            assert_type(await poller.poll(0), list[tuple[zcffi.asyncio.Socket, PollEvent]])
            with pull.monitor() as monitor:
                assert_type(monitor, zcffi.asyncio.Monitor)


sockets()
errors()
helpers()
asyncio.run(coroutines())
print("ok")
