"""Soon: a call as a future, as pyzmq's awaited sockets give one.

What is awaited at once runs in the task that awaits it, and there takes a message in the very step
that returns it. What is used as a future (in `asyncio.wait()`, with a callback, not at all) runs in
a task of its own, from the loop's next round on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any

__all__ = ["Queue", "Soon", "done"]

_T = TypeVar("_T")


class Queue:
    """The calls on one side of a socket: they begin in the order in which they were made."""

    __slots__ = ("open", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Soon[Any]] = []
        """Made, and not yet begun."""
        self.open = 0
        """How many were made and have not ended."""

    def reach(self, call: Soon[Any]) -> None:
        """Have every call that was made before `call` begin, in tasks of their own; take it out."""
        while self.waiting and self.waiting[0] is not call:
            self.waiting.pop(0).begin()
        if self.waiting:
            del self.waiting[0]


class Soon(asyncio.Future[_T]):
    """What a coroutine will give."""

    def __init__(self, call: Coroutine[Any, Any, _T], queue: Queue) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop)
        self._call: Coroutine[Any, Any, _T] | None = call
        self._task: asyncio.Task[None] | None = None
        self._queue = queue
        queue.waiting.append(self)
        queue.open += 1
        loop.call_soon(self._begin_in_turn)

    def _begin_in_turn(self) -> None:
        if self._call is not None:
            self._queue.reach(self)
            self.begin()

    def begin(self) -> None:
        """Run the call in a task of its own, unless somebody awaits it."""
        call, self._call = self._call, None
        if call is None:
            return
        if self.done():  # cancelled before it began
            call.close()
            self._queue.open -= 1
            return

        def end(task: asyncio.Task[None]) -> None:
            call.close()
            self._queue.open -= 1
            if not self.done():  # cancelled, perhaps before its first step
                super(Soon, self).cancel()

        self._task = self.get_loop().create_task(self._play(call))
        self._task.add_done_callback(end)

    async def _play(self, call: Coroutine[Any, Any, _T]) -> None:
        """Hand over what the call gives in the very step in which it gives it."""
        try:
            result = await call
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
            result = yield from call.__await__()
        except asyncio.CancelledError:
            super().cancel()
            raise
        except Exception as error:
            if not self.done():
                self.set_exception(error)
                self.exception()  # it is raised here: nobody need ask for it
            raise
        finally:
            call.close()
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


def done(give: Callable[[], _T]) -> asyncio.Future[_T]:
    """A future that has ended with what `give` gives or raises."""
    future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
    try:
        future.set_result(give())
    except Exception as error:
        future.set_exception(error)
    return future
