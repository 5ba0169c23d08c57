"""A wire that swallows: what the server says of changes reaches no client, and all else does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from urllib.parse import urlsplit

import trio
from attrs import evolve

from tests.clients.board import Board

SAID = b"notifications/resources/updated"
HEARD = b"notifications/resources/ignored"
"""What no client knows, and as long, so that frames and chunks stay as they are."""

CHUNK_BYTES = 65_536


@asynccontextmanager
async def swallowing(board: Board) -> AsyncIterator[Board]:
    """The same board at the other end of such a wire."""
    async with trio.open_nursery() as nursery:
        wires = {}
        for url in (board.ws, board.http):
            port = urlsplit(url).port
            assert port is not None
            [listener] = await nursery.start(partial(trio.serve_tcp, partial(_between, port), 0, host="127.0.0.1"))
            wires[url] = url.replace(f":{port}/", f":{listener.socket.getsockname()[1]}/")
        yield evolve(board, ws=wires[board.ws], http=wires[board.http])
        nursery.cancel_scope.cancel()


async def _between(port: int, client: trio.SocketStream) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port) as server, trio.open_nursery() as nursery:

        async def ask() -> None:
            async for chunk in client:
                await server.send_all(chunk)
            await server.send_eof()

        async def answer() -> None:
            held = b""
            async for chunk in server:
                passed, held = swallowed(held + chunk)
                await client.send_all(passed)
            await client.send_all(held)
            nursery.cancel_scope.cancel()

        nursery.start_soon(_until_gone, ask)
        nursery.start_soon(_until_gone, answer)


async def _until_gone(pump: Callable[[], Awaitable[None]]) -> None:
    # One that goes without a goodbye is nothing new to either.
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await pump()


def swallowed(said: bytes) -> tuple[bytes, bytes]:
    """What may pass on, and the end that has to be held because more may show it to be what is swallowed."""
    said = said.replace(SAID, HEARD)
    held = next((length for length in range(len(SAID) - 1, 0, -1) if said.endswith(SAID[:length])), 0)
    return said[: len(said) - held], said[len(said) - held :]
