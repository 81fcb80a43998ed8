"""zcffi.zmq.asyncio: calls give futures, as pyzmq's do."""

from __future__ import annotations

import asyncio

import pytest

import zcffi.zmq as zmq
import zcffi.zmq.asyncio  # noqa: F401 (used as zmq.asyncio)
from zcffi import _door
from zcffi.asyncio import _watch
from zcffi.asyncio._watch import Watch


def awaited(test):
    """Run a coroutine function with a connected PULL and PUSH of zmq.asyncio."""

    async def main():
        context = zmq.asyncio.Context()
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        push.connect(f"tcp://127.0.0.1:{pull.bind_to_random_port('tcp://127.0.0.1')}")
        try:
            async with asyncio.timeout(20):
                await test(pull, push)
        finally:
            context.destroy(linger=0)

    asyncio.run(main())


def test_awaited_calls_take_pyzmqs_arguments():
    async def test(pull, push):
        await push.send(b"a", 0, True, False)
        assert await pull.recv(0, True, False) == b"a"
        await push.send_multipart([b"a", b"b"], 0, True, False)
        assert [frame.bytes for frame in await pull.recv_multipart(0, False)] == [b"a", b"b"]
        await push.send_string(u="grüß", encoding="utf-16")
        assert await pull.recv_string(encoding="utf-16") == "grüß"
        await push.send_unicode("ü")
        assert await pull.recv_unicode() == "ü"
        await push.send_json(obj=[2, 1], separators=",:")
        assert await pull.recv_json(parse_int=str) == ["2", "1"]
        await push.send(b"abc")
        buffer = bytearray(4)
        assert await pull.recv_into(buffer, nbytes=2, flags=0) == 3
        assert buffer == b"ab\0\0"
        await push.send_serialized("a b", lambda text: text.encode().split())
        assert await pull.recv_serialized(b" ".join) == b"a b"

    awaited(test)


def test_an_awaited_send_tells_when_its_buffer_is_free():
    async def test(pull, push):
        data = bytearray(b"x" * 100_000)
        tracker = await push.send(data, copy=False, track=True)
        assert await pull.recv() == data
        await asyncio.to_thread(tracker.wait, 10)
        assert (await push.send(b"small", copy=False)).done

    awaited(test)


def test_an_awaited_call_gives_a_future():
    async def test(pull, push):
        receiving = pull.recv()
        assert asyncio.isfuture(receiving)
        assert not receiving.done()
        assert push.send(b"x").done()  # what need not wait is done at once, awaited or not
        done, waiting = await asyncio.wait([receiving, push.send(b"y")])
        assert {each.result() for each in done} == {b"x", None}
        assert not waiting
        heard = asyncio.get_running_loop().create_future()
        pull.recv().add_done_callback(lambda future: heard.set_result(future.result()))
        assert await heard == b"y"

    awaited(test)


def test_futures_are_served_in_the_order_of_their_calls():
    async def test(pull, push):
        first, second, third = pull.recv(), pull.recv_string(), pull.recv()
        for data in (b"1", b"2", b"3"):
            push.send(data)
        assert await third == b"3"
        assert await first == b"1"
        assert await second == "2"

    awaited(test)


def test_errors_come_out_of_the_future():
    async def test(pull, push):
        with pytest.raises(zmq.Again):
            await pull.recv(zmq.DONTWAIT)
        assert isinstance(pull.recv(zmq.DONTWAIT).exception(), zmq.Again)
        assert isinstance(push.send("text").exception(), TypeError)
        push.send(b"{")
        with pytest.raises(ValueError):
            await pull.recv_json()

    awaited(test)


@pytest.mark.parametrize("how", ["cancel", "wait_for", "gather"])
def test_a_future_that_is_cancelled_takes_no_message(how):
    async def test(pull, push):
        got = []
        for number in range(300):
            future = pull.recv()
            if how == "wait_for":
                waiting = asyncio.ensure_future(asyncio.wait_for(future, 20))
            else:
                waiting = asyncio.gather(future) if how == "gather" else future
            for _ in range(number % 4):
                await asyncio.sleep(0)
            push.send(b"%d" % number)
            for _ in range(number % 3):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            if not future.cancelled():
                got.append(await future)
        while len(got) < 300:
            got.append(await pull.recv())
        assert got == [b"%d" % number for number in range(300)]

    awaited(test)


def test_what_a_task_waits_for_goes_to_futures_in_order_though_it_looks():
    async def test(pull, push):
        for data in (b"1", b"2", b"3", b"4"):
            first, second = pull.recv(), pull.recv()
            push.send(data)
            push.send(data + b"b")
            assert await second == data + b"b"
            assert first.result() == data

    awaited(test)


@pytest.mark.parametrize("late", [False, True])
def test_what_is_made_of_a_message_may_fail(late):
    async def test(pull, push):
        if not late:
            push.send(b"{")
            await pull.poll()
        future = pull.recv_json()
        assert future.done() is not late
        if late:
            push.send(b"{")
        with pytest.raises(ValueError):
            await future
        push.send(b"\xff")
        with pytest.raises(UnicodeDecodeError):
            await asyncio.wait_for(pull.recv_string(), 20)
        push.send(b"next")
        assert await pull.recv() == b"next"

    awaited(test)


# ---- Looking again for what is on its way ----


@pytest.fixture
def looks(monkeypatch):
    """Every answer to how a call may look, in turn."""
    told = []
    ask = Watch.how_to_look

    def how_to_look(watch, own):
        told.append(ask(watch, own))
        return told[-1]

    monkeypatch.setattr(Watch, "how_to_look", how_to_look)
    return told


async def watched(pull, push):
    """Have the socket been waited for: only then somebody learns whether looking pays."""
    waiting = asyncio.ensure_future(asyncio.wait_for(pull.recv(), 20))
    for _ in range(10):
        await asyncio.sleep(0)
    assert pull._watch.readers
    push.send(b"first")
    assert await waiting == b"first"
    await asyncio.sleep(0)  # what the loop had to do is done


@pytest.mark.skipif(not _door.LOOK, reason="libzmq has no such flag")
def test_a_future_looks_when_it_is_awaited_and_nothing_else_can_run(looks):
    async def test(pull, push):
        loop = asyncio.get_running_loop()
        await watched(pull, push)
        looks.clear()
        pull._watch.skip = 0
        future = pull.recv()
        assert looks == []  # who makes many futures does not wait for each
        loop.call_soon(pull._watch.wake)  # as when the descriptor is readable
        loop.call_later(0.01, push.send, b"x")
        assert await future == b"x"  # nothing ready in the loop is another's
        assert looks == [_door.LOOK_LONG]

        looks.clear()
        pull._watch.skip = 0
        future = pull.recv()
        for data in (b"y", b"z"):
            loop.call_soon(push.send, data)
        assert await future == b"y"
        assert looks == [0]

    awaited(test)


async def converse(pull, push, number):
    """Await a future whose message comes between its call and the look for it."""
    data = b"%d" % number
    future = pull.recv()
    assert not future.done()
    _door.send(push, data)
    while not _door.events(pull) & zmq.POLLIN:
        pass
    assert await future == data


def test_futures_awaited_one_by_one_give_the_loop_one_thing_to_do():
    async def test(pull, push):
        await watched(pull, push)
        loop = asyncio.get_running_loop()
        asked = []
        call_soon = loop.call_soon
        loop.call_soon = lambda call, *more, **named: (
            asked.append(call) or call_soon(call, *more, **named)
        )
        try:
            for number in range(_watch._IN_A_ROW):
                await converse(pull, push, number)
        finally:
            del loop.call_soon
        assert len(asked) == 1

    awaited(test)


@pytest.mark.skipif(not _door.LOOK, reason="libzmq has no such flag")
def test_a_conversation_of_futures_leaves_others_in_the_loop_their_turn():
    async def test(pull, push):
        await watched(pull, push)
        loop = asyncio.get_running_loop()
        turns = 0

        def turn():
            nonlocal turns
            turns += 1
            loop.call_soon(turn)

        turn()
        pull._watch.unwatch()  # nothing is ready in the loop but `turn` and the beginning
        pull._watch.pays = True  # it goes on to: each look finds its message
        for number in range(10 * _watch._IN_A_ROW):
            await converse(pull, push, number)
        assert turns == 10

    awaited(test)


def test_a_future_cancelled_while_others_have_their_turn_takes_no_message():
    async def test(pull, push):
        await watched(pull, push)
        for number in range(3):
            pull._watch.looks = _watch._IN_A_ROW  # so that the next call gives a turn first
            task = asyncio.create_task(asyncio.wait_for(pull.recv(), 20))
            inner = pull.recv()

            async def wait(inner=inner):
                return await inner

            other = asyncio.create_task(wait())
            await asyncio.sleep(0)
            other.cancel()
            task.cancel()
            push.send(b"%d" % number)
            done, _ = await asyncio.wait([task, other, inner])
            assert all(each.cancelled() for each in done)
            assert await pull.recv() == b"%d" % number
        assert pull.recv().done() is False  # the calls before have ended, and there is no more

    awaited(test)


def test_a_future_left_in_a_loop_that_was_closed_holds_up_no_other():
    context = zmq.asyncio.Context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    push.connect(f"tcp://127.0.0.1:{pull.bind_to_random_port('tcp://127.0.0.1')}")
    loop = asyncio.new_event_loop()

    async def leave():
        return pull.recv()

    left = loop.run_until_complete(leave())
    loop.close()
    assert not left.done()

    async def main():
        push.send(b"x")
        assert await pull.poll(10_000)
        future = pull.recv()
        assert future.done()
        assert await future == b"x"

    asyncio.run(main())
    left._task._log_destroy_pending = False
    left._task.get_coro().close()
    context.destroy(linger=0)
