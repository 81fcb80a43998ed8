"""How a wait in asyncio ends without its message: cancelled, timed out, closed."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

import zcffi
import zcffi.asyncio
from zcffi import Event, Flag, PollEvent, SocketType


def test_cancelling_a_recv_loses_no_message(play, transport):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
        got = []
        for i in range(200):
            task = asyncio.create_task(pull.recv())
            await asyncio.sleep(0)
            await push.send(b"%d" % i)
            if i % 3:
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                got.append(await task)
        while len(got) < 200:
            got.append(await pull.recv())
        assert got == [b"%d" % i for i in range(200)]

    play(test)


def test_a_cancelled_waiter_passes_the_wake_on(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, "inproc")
        first, second = (asyncio.create_task(pull.recv()) for _ in range(2))
        await asyncio.sleep(0.005)
        await push.send(b"x")
        first.cancel()
        assert await second == b"x"

    play(test)


@pytest.mark.parametrize("call", ["recv", "recv_multipart", "recv_many"])
def test_cancelling_under_load_loses_no_message(play, transport, call):
    """A sender that never rests, and receivers that are cancelled in every state they can be in."""
    total = 3000

    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
        calls = {
            "recv": pull.recv,
            "recv_multipart": pull.recv_multipart,
            "recv_many": lambda: pull.recv_many(3),
        }

        async def send():
            for i in range(total):
                await push.send(b"%d" % i)
                if i % 7 == 0:
                    await asyncio.sleep(0)

        sender = asyncio.create_task(send())
        got = []
        cancelled = 0
        while len(got) < total:
            task = asyncio.create_task(calls[call]())
            for _ in range((len(got) + cancelled) % 4):
                await asyncio.sleep(0)
            task.cancel()
            try:
                taken = await task
            except asyncio.CancelledError:
                cancelled += 1
            else:
                got += [taken] if call == "recv" else taken
        await sender
        assert got == [b"%d" % i for i in range(total)]
        assert cancelled > 100

    play(test)


def test_timeouts_under_load_lose_no_message(play, transport):
    total = 1000

    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)

        async def send():
            for i in range(total):
                await push.send(b"%d" % i)
                await asyncio.sleep(0.0001 * (i % 3))

        sender = asyncio.create_task(send())
        got = []
        while len(got) < total:
            pull.rcvtimeo = len(got) % 2
            with contextlib.suppress(zcffi.Again, TimeoutError):
                got.append(await asyncio.wait_for(pull.recv(), 0.0005))
            await asyncio.sleep(0)
        await sender
        assert got == [b"%d" % i for i in range(total)]

    play(test)


def test_a_send_that_is_cancelled_has_sent_nothing(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, "inproc", sndhwm=1, rcvhwm=1)
        sent, got = [], []
        for i in range(300):
            task = asyncio.create_task(push.send(b"%d" % i))
            for _ in range(i % 3):
                await asyncio.sleep(0)
            if i % 5 == 0:
                with contextlib.suppress(zcffi.Again):
                    got.append(await pull.recv(Flag.DONTWAIT))
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
                sent.append(b"%d" % i)
        with contextlib.suppress(zcffi.Again):
            while True:
                got.append(await pull.recv(Flag.DONTWAIT))
        assert got == sent
        assert 0 < len(sent) < 300

    play(test)


def test_wait_for_ends_a_wait(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pull.recv(), 0.01)
        await push.send(b"x")
        assert await pull.recv() == b"x"

    play(test)


def test_timeouts_of_the_socket_end_a_wait(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, "inproc", sndhwm=1, rcvhwm=1)
        pull.rcvtimeo = push.sndtimeo = 10
        with pytest.raises(zcffi.Again):
            await pull.recv()
        await push.send(b"1")
        await push.send(b"2")
        with pytest.raises(zcffi.Again):
            await push.send(b"3")

    play(test)


def test_dontwait_does_not_wait(play):
    async def test(pair):
        pull, _ = pair(SocketType.PULL, SocketType.PUSH)
        with pytest.raises(zcffi.Again):
            await pull.recv(Flag.DONTWAIT)

    play(test)


def test_errors_come_out_of_the_await(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        with pytest.raises(TypeError, match="needs bytes"):
            await push.send("text")
        with pytest.raises(zcffi.NotSupported):
            await pull.send(b"x")

    play(test)


def test_closing_ends_a_wait(play):
    async def test(pair):
        pull, _ = pair(SocketType.PULL, SocketType.PUSH)
        waiting = asyncio.create_task(pull.recv())
        await asyncio.sleep(0.005)
        pull.close()
        with pytest.raises(zcffi.ZMQError) as caught:
            await waiting
        assert caught.value.errno == zcffi.Errno.ENOTSOCK

    play(test)


def test_closing_ends_every_kind_of_wait(play):
    async def test(pair):
        pull, _ = pair(SocketType.PULL, SocketType.PUSH)
        poller = zcffi.asyncio.Poller()
        poller.register(pull, PollEvent.POLLIN)
        monitor = pull.monitor(Event.MONITOR_STOPPED)
        waits = [pull.recv(), pull.recv(), pull.recv_many(), pull.poll(), poller.poll()]
        tasks = [asyncio.create_task(each) for each in waits]
        events = asyncio.create_task(anext(aiter(monitor), None))
        await asyncio.sleep(0.005)
        pull.close()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [each.errno for each in ends] == [zcffi.Errno.ENOTSOCK] * len(tasks)
        assert await events is None
        monitor.close()

    play(test)


def test_closing_in_the_moment_of_waking_is_told_as_closing(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, "inproc")
        tasks = [asyncio.create_task(pull.recv()) for _ in range(2)]
        await asyncio.sleep(0)
        await push.send(b"x")
        pull._watch.wake()  # as the loop does when the descriptor is readable
        pull.close()
        for task in tasks:
            with pytest.raises(zcffi.ZMQError) as caught:
                await task
            assert caught.value.errno == zcffi.Errno.ENOTSOCK

    play(test)


def test_a_socket_outlives_a_loop_that_was_closed_under_a_waiter():
    context = zcffi.asyncio.Context()
    pull = context.socket(SocketType.PULL)
    loop = asyncio.new_event_loop()
    task = loop.create_task(pull.recv())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    pull.close()
    context.close()
    assert context.closed
    with contextlib.suppress(RuntimeError):
        task.get_coro().close()
    task._log_destroy_pending = False


def test_leaving_a_context_may_be_cancelled_while_messages_are_left():
    """What `asyncio.run()` does at Ctrl-C; the thread that ends the context keeps nobody."""

    async def leave(entered):
        async with zcffi.asyncio.Context() as context:
            push = context.socket(SocketType.PUSH)
            push.linger = 60_000
            push.connect("tcp://127.0.0.1:9")
            await push.send(b"for nobody")
            entered.set()

    async def main():
        entered = asyncio.Event()
        task = asyncio.create_task(leave(entered))
        await entered.wait()
        await asyncio.sleep(0.02)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 30
