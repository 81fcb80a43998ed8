"""Soon: a call as a future, as pyzmq's awaited sockets give one.

What is awaited at once runs in the task that awaits it, and there takes a message in the very step
that returns it. What is used as a future (in `asyncio.wait()`, with a callback, not at all) runs in
a task of its own, from the loop's next round on.

Why it is fast: nothing but the future itself is made for a call that is awaited at once, and no
round of the loop is asked for: one callback begins all that nobody has awaited by the next round,
whenever that is. So a call that is awaited may look again for its message (see `Watch`) without
having given the loop something to do before.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any

__all__ = ["Queue", "Soon", "ended", "failed"]

_T = TypeVar("_T")
_R = TypeVar("_R")


class Queue:
    """The calls on one side of a socket in one loop: they begin in the order they were made in."""

    __slots__ = ("is_to_begin", "loop", "open", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self.waiting: list[Soon[Any]] = []
        """Made, and not yet begun."""
        self.open = 0
        """How many were made and have not ended."""
        self.is_to_begin = False
        """Whether the loop's next round begins what waits."""

    def add(self, call: Soon[Any]) -> None:
        """Take in a call; the loop's next round begins it, unless it is awaited before."""
        assert self.loop is not None, "only an empty queue has no loop"
        self.waiting.append(call)
        self.open += 1
        if not self.is_to_begin:
            self.is_to_begin = True
            self.loop.call_soon(self._begin)

    def _begin(self) -> None:
        self.is_to_begin = False
        self.reach(None)

    def reach(self, call: Soon[Any] | None) -> None:
        """Have every call that was made before `call` begin, in tasks of their own; take it out."""
        waiting = self.waiting
        while waiting and waiting[0] is not call:
            waiting.pop(0).begin()
        if waiting:
            del waiting[0]


class Soon(asyncio.Future[_T]):
    """What a coroutine will give, or what `give` makes of that."""

    __slots__ = ("_call", "_give", "_queue", "_task")

    def __init__(
        self,
        queue: Queue,
        call: Callable[[], Coroutine[Any, Any, Any]],
        give: Callable[[Any], _T] | None = None,
    ) -> None:
        asyncio.Future.__init__(self, loop=queue.loop)
        self._call: Callable[[], Coroutine[Any, Any, Any]] | None = call
        self._give = give
        self._task: asyncio.Task[None] | None = None
        self._queue = queue
        queue.add(self)

    def begin(self) -> None:
        """Run the call in a task of its own, unless somebody awaits it."""
        call, self._call = self._call, None
        if call is None:
            return
        if self.done():  # cancelled before it began
            self._queue.open -= 1
            return

        def end(task: asyncio.Task[None]) -> None:
            self._queue.open -= 1
            if not self.done():  # cancelled, perhaps before its first step
                super(Soon, self).cancel()

        self._task = self.get_loop().create_task(self._play(call))
        self._task.add_done_callback(end)

    async def _play(self, call: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Hand over what the call gives in the very step in which it gives it."""
        try:
            result = await call()
            if self._give is not None:
                result = self._give(result)
        except Exception as error:
            self.set_exception(error)
        else:
            self.set_result(result)

    def __await__(self) -> Generator[Any, None, _T]:
        call = self._call
        if call is None or self.done():
            return (yield from super().__await__())
        self._queue.reach(self)
        self._call = None
        try:
            if self._queue.open > 1:
                yield  # a round of the loop, in which those before begin
            result: _T = yield from call().__await__()
            if self._give is not None:
                result = self._give(result)
        except asyncio.CancelledError:
            super().cancel()
            raise
        except Exception as error:
            if not self.done():
                self.set_exception(error)
                self.exception()  # it is raised here: nobody need ask for it
            raise
        finally:
            self._queue.open -= 1
        if not self.done():
            self.set_result(result)
        return result

    __iter__ = __await__

    def cancel(self, msg: object = None) -> bool:
        """End the call; a message it has not taken stays for others."""
        if self._task is not None and not self._task.done():
            return self._task.cancel(msg)
        return super().cancel(msg)


def ended(
    loop: asyncio.AbstractEventLoop, result: _T, give: Callable[[_T], _R] | None
) -> asyncio.Future[_R]:
    """A future that has ended with a result, or with what `give` makes of it or raises."""
    future: asyncio.Future[Any] = loop.create_future()
    try:
        future.set_result(result if give is None else give(result))
    except Exception as error:
        future.set_exception(error)
    return future


def failed(loop: asyncio.AbstractEventLoop, error: Exception) -> asyncio.Future[Any]:
    """A future that has ended with an error."""
    future: asyncio.Future[Any] = loop.create_future()
    future.set_exception(error)
    return future
