"""Monitor: what happens to a socket's connections."""

from __future__ import annotations

from zcffi._monitor import MonitorEvent, parse_event
from zcffi.socket import Monitor

__all__ = ["Monitor", "MonitorEvent", "parse_event"]
