"""The same classes for coroutines: `import zcffi.asyncio`, and await what waits.

    async with zcffi.asyncio.Context() as context, context.socket(SocketType.PULL) as pull: ...

A call first tries without waiting and returns at once when it can. Only then does it watch the
socket's descriptor in the running event loop. A message is taken in the very step that returns it:
cancelling a `recv()` never loses one.
"""

from __future__ import annotations

from zcffi.asyncio._context import Context
from zcffi.asyncio._poller import Poller
from zcffi.asyncio._socket import Monitor, Socket

__all__ = ["Context", "Monitor", "Poller", "Socket"]
