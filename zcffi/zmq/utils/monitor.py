"""Reading the messages of a socket's monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from zcffi.monitor import parse_event

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from zcffi.zmq._socket import Socket

__all__ = ["parse_monitor_message", "recv_monitor_message"]


class MonitorMessage(TypedDict):
    """One event of a socket."""

    event: int
    value: int
    endpoint: bytes


def parse_monitor_message(msg: list[bytes]) -> MonitorMessage:
    """What a monitor's message says."""
    event = parse_event(msg)
    return {"event": event.event, "value": event.value, "endpoint": event.endpoint.encode()}


async def _parse_later(message: Awaitable[list[bytes]]) -> MonitorMessage:
    return parse_monitor_message(await message)


def recv_monitor_message(
    socket: Socket, flags: int = 0
) -> MonitorMessage | Awaitable[MonitorMessage]:
    """Receive the next event; from a socket of `zmq.asyncio` it is awaited."""
    message = socket.recv_multipart(flags)
    if hasattr(message, "__await__"):
        return _parse_later(message)
    return parse_monitor_message(message)  # type: ignore[arg-type]
