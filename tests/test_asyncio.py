"""`zcffi.asyncio`: every call of a socket is awaited, and other tasks run meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
from conftest import eventually

import zcffi
import zcffi.asyncio
from zcffi import Event, Flag, PollEvent, SocketType, _door


def test_request_and_reply(play, transport):
    async def test(pair):
        rep, req = pair(SocketType.REP, SocketType.REQ, transport)

        async def serve():
            for _ in range(50):
                await rep.send(b"re " + await rep.recv())

        server = asyncio.create_task(serve())
        for i in range(50):
            await req.send(b"%d" % i)
            assert await req.recv() == b"re %d" % i
        await server

    play(test)


def test_every_call_is_awaited(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        await push.send_multipart([b"a", b"b"])
        assert await pull.recv_multipart() == [b"a", b"b"]
        await push.send_string("grüß")
        assert await pull.recv_string() == "grüß"
        await push.send_json([1, {"a": None}])
        assert await pull.recv_json() == [1, {"a": None}]
        assert await push.send_many([b"a", [b"b", b"c"]]) == 2
        got = []
        while len(got) < 2:
            got += await pull.recv_many(multipart=True)
        assert got == [[b"a"], [b"b", b"c"]]
        await push.send(b"x" * 100_000)
        assert (await pull.recv(copy=False)).bytes == b"x" * 100_000
        buffer = bytearray(4)
        await push.send(b"abc")
        assert await pull.recv_into(buffer) == 3
        assert buffer == b"abc\0"

    play(test)


def test_recv_waits_while_other_tasks_run(play, transport):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, transport)
        waiting = asyncio.create_task(pull.recv())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await push.send(b"x")
        assert await waiting == b"x"

    play(test)


def test_several_receivers_are_served_in_turn(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        tasks = [asyncio.create_task(pull.recv()) for _ in range(5)]
        await asyncio.sleep(0)
        for i in range(5):
            await push.send(b"%d" % i)
        assert await asyncio.gather(*tasks) == [b"%d" % i for i in range(5)]

    play(test)


def test_a_full_send_waits_for_room(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, "inproc", sndhwm=2, rcvhwm=2)

        async def send():
            for i in range(100):
                await push.send(b"%d" % i)

        sender = asyncio.create_task(send())
        assert [await pull.recv() for _ in range(100)] == [b"%d" % i for i in range(100)]
        await sender

    play(test)


async def waiting_senders(context, count):
    """A PUSH without a peer, and so many tasks that want to send through it."""
    push = context.socket(SocketType.PUSH)
    push.linger = 0
    tasks = [asyncio.create_task(push.send(b"%d" % number)) for number in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(push._watch.writers) == count
    return push, tasks


def test_many_who_wait_to_send_are_not_served_one_a_round(address):
    """Else senders that come back before the line ends never leave it."""

    async def main():
        async with zcffi.asyncio.Context() as context, asyncio.timeout(20):
            push, tasks = await waiting_senders(context, 100)
            pull = context.socket(SocketType.PULL)
            push.connect(pull.bind(address("tcp")))
            await tasks[0]
            rounds = 0
            while not all(task.done() for task in tasks):
                await asyncio.sleep(0)
                rounds += 1
            assert rounds < 20
            assert [await pull.recv() for _ in tasks] == [b"%d" % i for i in range(100)]
            pull.close(0)
            push.close(0)

    asyncio.run(main())


def test_who_comes_while_the_first_is_woken_waits_its_turn(address):
    async def main():
        async with zcffi.asyncio.Context() as context, asyncio.timeout(20):
            push, (first,) = await waiting_senders(context, 1)
            pull = context.socket(SocketType.PULL)
            push.connect(pull.bind(address("tcp")))
            push._watch.writers.window = 4  # as after some successes
            eventually(lambda: _door.events(push) & PollEvent.POLLOUT)
            push._watch.wake()
            assert not first.done()
            await push.send(b"second")
            assert first.done()
            assert [await pull.recv() for _ in range(2)] == [b"0", b"second"]
            pull.close(0)
            push.close(0)

    asyncio.run(main())


def test_send_many_waits_until_all_are_sent(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH, "inproc", sndhwm=2, rcvhwm=2)
        messages = [b"%d" % i for i in range(200)]
        sender = asyncio.create_task(push.send_many(messages))
        got = []
        while len(got) < len(messages):
            got += await pull.recv_many()
        assert got == messages
        assert await sender == len(messages)

    play(test)


def test_poll_waits_without_taking(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        assert not await pull.poll(5)
        waiting = asyncio.create_task(pull.poll())
        await asyncio.sleep(0)
        await push.send(b"x")
        assert await waiting == PollEvent.POLLIN
        assert await pull.recv() == b"x"
        assert await push.poll(1000, PollEvent.POLLOUT) == PollEvent.POLLOUT

    play(test)


def test_a_poller_watches_sockets_and_descriptors(play):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        reading, writing = os.pipe()
        poller = zcffi.asyncio.Poller()
        poller.register(pull, PollEvent.POLLIN)
        poller.register(reading, PollEvent.POLLIN)
        assert await poller.poll(5) == []
        waiting = asyncio.create_task(poller.poll())
        await asyncio.sleep(0)
        os.write(writing, b"x")
        assert await waiting == [(reading, PollEvent.POLLIN)]
        os.read(reading, 1)
        waiting = asyncio.create_task(poller.poll())
        await asyncio.sleep(0)
        await push.send(b"x")
        assert await waiting == [(pull, PollEvent.POLLIN)]
        os.close(reading)
        os.close(writing)

    play(test)


def test_waiting_to_send_does_not_spin_beside_unread_messages(play):
    async def test(pair):
        one, two = pair(SocketType.DEALER, SocketType.DEALER, "inproc", sndhwm=1, rcvhwm=1)
        await two.send(b"unread")
        await one.send(b"1")
        await one.send(b"2")
        turns = 0

        async def count():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        waiting = asyncio.create_task(one.send(b"3"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        assert await two.recv() == b"1"
        assert await two.recv() == b"2"
        await waiting
        assert await two.recv() == b"3"

    play(test)


def test_events_are_awaited(play, address):
    async def test(pair):
        pull, push = pair(SocketType.PULL, SocketType.PUSH)
        with pull.monitor(Event.ACCEPTED | Event.DISCONNECTED) as monitor:
            push.close()
            seen = await monitor.recv(10_000)
            assert seen.event in (Event.ACCEPTED, Event.DISCONNECTED)

    play(test)


def test_a_socket_may_move_to_another_loop(ctx):
    context = zcffi.asyncio.Context()
    pull, push = context.socket(SocketType.PULL), context.socket(SocketType.PUSH)
    push.connect(pull.bind("inproc://moving"))

    async def once(data: bytes) -> bytes:
        task = asyncio.create_task(pull.recv())
        await asyncio.sleep(0)
        await push.send(data)
        return await task

    for i in range(3):
        assert asyncio.run(once(b"%d" % i)) == b"%d" % i
    pull.close()
    push.close()
    context.close()


def test_pubsub_over_asyncio(play, transport):
    async def test(pair):
        pub, sub = pair(SocketType.XPUB, SocketType.SUB, transport)
        sub.subscribe("a")
        assert await pub.recv() == b"\x01a"
        await pub.send(b"b")
        await pub.send(b"a")
        assert await sub.recv() == b"a"

    play(test)


def test_a_conversation_leaves_others_in_the_loop_their_turn(ctx):
    """A reply that comes at once is taken without a round of the loop, but not for ever."""
    rounds = 2000
    rep = ctx.socket(SocketType.REP)
    address = rep.bind("tcp://127.0.0.1:*")

    def answer():
        for _ in range(rounds):
            rep.send(rep.recv())

    async def main():
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with zcffi.asyncio.Context() as context:
            req = context.socket(SocketType.REQ)
            req.connect(address)
            task = asyncio.create_task(other())
            for number in range(rounds):
                await req.send(b"%d" % number)
                assert await req.recv() == b"%d" % number
            task.cancel()
            return turns

    thread = threading.Thread(target=answer)
    thread.start()
    turns = asyncio.run(main())
    thread.join()
    assert turns >= rounds // 20


@pytest.mark.skipif(not _door.LOOK, reason="libzmq has no such flag")
def test_looking_ends_by_itself_and_finds_what_comes(pair):
    pull, push = pair(SocketType.PULL, SocketType.PUSH)
    flags = Flag.DONTWAIT | _door.QUIET
    for look in (_door.LOOK, _door.LOOK_LONG):
        assert _door.recv(pull, flags | look) is None
        assert _door.recv_multipart(pull, flags | look) is None
        push.send(b"x")
        eventually(lambda look=look: _door.recv(pull, flags | look) == b"x")
