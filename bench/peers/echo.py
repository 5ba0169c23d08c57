"""The limit that is measured against: a WebSocket server on the same library that sends every message back and does nothing else."""

import json

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket


async def _echo(request: WebSocketRequest) -> None:
    connection = await request.accept(subprotocol="mcp")
    try:
        while True:
            await connection.send_message(await connection.get_message())
    except ConnectionClosed:
        return


async def main() -> None:
    """Listen at a free port, and say which as a server does."""
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, _echo, "127.0.0.1", 0, None)
        print(json.dumps({"url": f"ws://127.0.0.1:{server.port}/mcp"}), flush=True)


if __name__ == "__main__":
    trio.run(main)
