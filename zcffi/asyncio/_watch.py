"""Watch: who waits for a socket in an event loop, and for what."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from zcffi import _door
from zcffi._constants import PollEvent
from zcffi._door import LOOK, LOOK_LONG
from zcffi.errors import ZMQError

if TYPE_CHECKING:
    from zcffi._socket import BaseSocket

__all__ = ["IN", "OUT", "Line", "Watch"]

IN, OUT = int(PollEvent.POLLIN), int(PollEvent.POLLOUT)

_LOOK_EVERY = 0.005
"""Seconds.

A descriptor that stays readable for something nobody waits for is not watched but looked at.
"""

_IN_A_ROW = 16
"""So many calls in a row may look again; then others in the loop have their turn."""

_SELDOM = 64
"""A long look that does not pay is tried once in so many calls."""

_WINDOW = 256
"""So many of those who wait for one thing are woken together, at most."""


class Line(deque[asyncio.Future[None]]):
    """Who waits for one thing, in turn.

    Only the first in the line may attempt what it waits for. The loop runs who was woken a round
    later: if it were one at a time, a line of senders would go on at a message a round, and never
    end when each of them soon comes back. So with each success twice as many are woken, and after
    one in vain a single one.
    """

    window = 1
    """So many from the front are woken."""

    def wake(self) -> None:
        """Wake the first ones; whoever leaves the line wakes on."""
        for future in islice(self, self.window):
            if not future.done():
                future.set_result(None)

    def is_turn_of(self, future: asyncio.Future[None]) -> bool:
        """Whether it is the first; a line that was ended has no turns: what it waits for tells."""
        return not self or self[0] is future

    def attempted(self, came: bool) -> None:
        """Learn from the attempt of the first."""
        self.window = min(2 * self.window, _WINDOW) if came else 1


class Watch:
    """Who waits for a socket in an event loop, and for what."""

    __slots__ = (
        "fd",
        "looks",
        "loop",
        "pause",
        "pays",
        "pollers",
        "readers",
        "skip",
        "socket",
        "timer",
        "watching",
        "writers",
    )

    def __init__(self, socket: BaseSocket, loop: asyncio.AbstractEventLoop) -> None:
        self.socket = socket
        self.loop = loop
        self.fd = socket.fd
        self.readers = Line()
        self.writers = Line()
        self.pollers: dict[asyncio.Future[None], int] = {}
        self.watching = False
        self.looks = 0
        self.pays = False
        self.pause = 1
        self.skip = 0
        self.timer: asyncio.TimerHandle | None = None

    def how_to_look(self, own: int) -> int:
        """The flag with which a call may look again for some microseconds; 0: not now.

        `own`: how many callbacks in the loop may be of this socket alone.

        A reply that is on its way arrives sooner than the loop is back from its selector. So as
        long as looking pays, a call looks first, but not while something else in the loop is ready
        to run. When it did not pay a longer look is tried now and then, ever more seldom: two ends
        in two loops only meet so, for waking up takes either longer than the other looks.
        """
        if len(getattr(self.loop, "_ready", ())) > own:
            return 0
        if self.pays:
            self.looks += 1
            return LOOK
        if self.skip > 0:
            self.skip -= 1
            return 0
        return LOOK_LONG

    def looked(self, came: bool) -> None:
        """Learn from a look."""
        if not came:
            self.pause = min(2 * self.pause, _SELDOM)
            self.skip = self.pause
        elif self.pays:
            self.pause = 1
        self.pays = came

    async def give_turn(self) -> None:
        """Let others in the loop run, after so many calls that did without it."""
        self.looks = 0
        await asyncio.sleep(0)

    def has_had_its_turn(self) -> bool:
        """Whether `give_turn()` is due."""
        return self.looks >= _IN_A_ROW

    def wanted(self) -> int:
        """What somebody waits for."""
        wanted = (IN if self.readers else 0) | (OUT if self.writers else 0)
        for flags in self.pollers.values():
            wanted |= flags
        return wanted

    def wake(self) -> None:
        """Look what the socket is ready for, wake who waits for it; watch on while somebody does.

        Called when the descriptor is readable, before each wait and after each call, since a call
        may take away what made the descriptor readable.
        """
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        try:
            events = _door.events(self.socket)
        except ZMQError as error:
            self.fail(error)
            return
        if events & IN:
            self.readers.wake()
        if events & OUT:
            self.writers.wake()
        for future, flags in self.pollers.items():
            if events & flags and not future.done():
                future.set_result(None)
        wanted = self.wanted()
        if events & IN and not wanted & IN:
            # It may stay readable: watching it would spin.
            self.unwatch()
            if wanted:
                self.timer = self.loop.call_later(_LOOK_EVERY, self.wake)
        elif wanted and not self.watching:
            self.loop.add_reader(self.fd, self.wake)
            self.watching = True

    def unwatch(self) -> None:
        """Watch the descriptor no more."""
        if self.watching and not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        self.watching = False

    def fail(self, error: BaseException) -> None:
        """End every wait with an error; nobody waits in a loop that was closed."""
        self.unwatch()
        if not self.loop.is_closed():
            for future in (*self.readers, *self.writers, *self.pollers):
                if not future.done():
                    future.set_exception(error)
        self.readers.clear()
        self.writers.clear()
        self.pollers.clear()
