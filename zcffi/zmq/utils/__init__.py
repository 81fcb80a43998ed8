"""pyzmq's helpers."""

from __future__ import annotations

from zcffi.zmq.utils import jsonapi, monitor, strtypes, z85

__all__ = ["jsonapi", "monitor", "strtypes", "z85"]
