"""MessageTracker: whether buffers that were sent without a copy are back."""

from __future__ import annotations

import threading
import time

from zcffi import _door
from zcffi.zmq.error import NotDone

__all__ = ["FINISHED", "MessageTracker"]

_LOOK_EVERY = 0.001  # seconds


class MessageTracker:
    """Tells when the core needs the buffers of a message no more.

    `send(copy=False, track=True)` gives one.
    """

    def __init__(self, *towatch: MessageTracker) -> None:
        self._left = 0
        self._lock = threading.Lock()
        self._parts = towatch

    def _expect(self, buffers: int) -> None:
        """So many buffers were lent; some may be back already."""
        with self._lock:
            self._left += buffers

    def _released(self) -> None:
        with self._lock:
            self._left -= 1

    @property
    def done(self) -> bool:
        """Whether all buffers are back."""
        _door.settle()
        return self._left <= 0 and all(part.done for part in self._parts)

    def wait(self, timeout: float = -1) -> None:
        """Wait until all buffers are back, at most `timeout` seconds (below 0: for ever); then
        `NotDone`.
        """
        end = None if timeout is None or timeout < 0 else time.monotonic() + timeout
        while not self.done:
            if end is not None and time.monotonic() >= end:
                raise NotDone
            time.sleep(_LOOK_EVERY)


FINISHED = MessageTracker()
