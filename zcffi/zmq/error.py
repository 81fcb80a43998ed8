"""The errors by pyzmq's names."""

from __future__ import annotations

from zcffi.errors import (
    Again,
    ContextTerminated,
    InterruptedSystemCall,
    ZMQBaseError,
    ZMQError,
)

__all__ = [
    "Again",
    "ContextTerminated",
    "DraftFDWarning",
    "InterruptedSystemCall",
    "NotDone",
    "ZMQBaseError",
    "ZMQBindError",
    "ZMQError",
    "ZMQVersionError",
]


class ZMQBindError(ZMQBaseError):
    """`bind_to_random_port()` found no free port."""


class NotDone(ZMQBaseError):
    """`MessageTracker.wait()` waited for as long as its timeout allows."""


class ZMQVersionError(NotImplementedError):
    """The core is too old for a feature."""

    def __init__(self, min_version: str, msg: str = "Feature") -> None:
        super().__init__(f"{msg} needs ZeroMQ {min_version} or newer")
        self.msg = msg
        self.min_version = min_version


class DraftFDWarning(RuntimeWarning):
    """Named for programs that filter it; never given here."""
