"""Coroutines: a ROUTER that echoes, and three DEALERs that talk to it at the same time."""

import asyncio

from zcffi import SocketType
from zcffi.asyncio import Context


async def echo(context: Context, address: asyncio.Future[str]) -> None:
    """Send every message back to where it came from, until cancelled."""
    with context.socket(SocketType.ROUTER) as router:
        address.set_result(router.bind("tcp://127.0.0.1:*"))
        while True:
            await router.send_multipart(await router.recv_multipart())


async def talk(context: Context, address: str, name: str) -> None:
    """Say three things and hear them again."""
    with context.socket(SocketType.DEALER) as dealer:
        dealer.connect(address)
        for i in range(3):
            await dealer.send_string(f"{name} {i}")
            print(await dealer.recv_string())


async def main() -> None:
    """Run them all."""
    with Context() as context:
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(echo(context, address))
        where = await address
        await asyncio.gather(*(talk(context, where, name) for name in ("anna", "bela", "cleo")))
        server.cancel()
        await asyncio.wait([server])


if __name__ == "__main__":
    asyncio.run(main())
