"""Reading the messages of a socket's monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, overload

from zcffi._monitor import parse_event

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from zcffi.zmq._socket import Socket
    from zcffi.zmq.asyncio import Socket as AwaitedSocket

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


@overload
def recv_monitor_message(socket: Socket, flags: int = 0) -> MonitorMessage: ...
@overload
def recv_monitor_message(socket: AwaitedSocket, flags: int = 0) -> Awaitable[MonitorMessage]: ...
def recv_monitor_message(
    socket: Socket | AwaitedSocket, flags: int = 0
) -> MonitorMessage | Awaitable[MonitorMessage]:
    """Receive the next event; from a socket of `zmq.asyncio` it is awaited."""
    message = socket.recv_multipart(flags)
    if isinstance(message, list):
        return parse_monitor_message(message)
    return _parse_later(message)
