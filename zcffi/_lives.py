"""The ends of lives: what happens to objects the program forgot, at the interpreter's exit and
after a fork.

A forgotten context is ended on a thread of C's own, so that neither the garbage collector nor the
exit waits for messages that nobody takes. At the exit all forgotten sockets together get a second
to send what they hold.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from typing import TYPE_CHECKING, Protocol

from zcffi._ffi import HAS_ZCFFI, lib
from zcffi.errors import exit_begins

if TYPE_CHECKING:
    from collections.abc import Callable

    from zcffi._cffi import CData

EXIT_MS = 1000
"""How long the forgotten sockets of a process may hold up its end, all together."""


class Living(Protocol):
    """What has an end to look after: a context and its sockets."""

    def _abandon(self, linger: int) -> None: ...
    def _mark_inherited(self) -> None: ...


class Owned(Living, Protocol):
    """What a context closes at its own end: a socket."""

    def close(self, linger: int | None = None) -> None: ...


_contexts: weakref.WeakSet[Living] = weakref.WeakSet()
_enders: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def register(context: Living) -> None:
    """Have `context` looked after at exit and after a fork."""
    _contexts.add(context)


def end_later(pointer: CData) -> None:
    """End a context whose last Python object is gone, without waiting for it."""
    lib.zcpy_term_later(pointer)


def in_background(end: Callable[[], object]) -> None:
    """Run what ends a context in a thread for which the interpreter's exit waits no longer than for
    what was forgotten.
    """
    thread = threading.Thread(target=end, name="zcffi-end", daemon=True)
    _enders.add(thread)
    thread.start()


def warn_forgotten(what: object, cure: str, source: object) -> None:
    """Say that an object was forgotten."""
    warnings.warn(f"unclosed {what!r}: {cure}", ResourceWarning, stacklevel=3, source=source)


def _at_exit() -> None:
    # libzmq's sockets must not be closed while a thread that is still there uses them.
    if not HAS_ZCFFI and threading.active_count() > 1:
        return
    exit_begins()
    end = time.monotonic() + EXIT_MS / 1000
    for context in list(_contexts):
        context._abandon(EXIT_MS)
    for thread in list(_enders):
        thread.join(max(0, end - time.monotonic()))
    lib.zcpy_term_wait(max(0, int((end - time.monotonic()) * 1000)))


def _in_child() -> None:
    lib.zcpy_after_fork()
    for context in list(_contexts):
        context._mark_inherited()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
