"""The load generator's own limit: an echo that costs as little as an echo can in Python."""

import asyncio
import json

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server


class _Echo(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, frame.get_payload_as_bytes())


async def main() -> None:
    server = await ws_create_server(lambda _: _Echo(), "127.0.0.1", 0)
    print(json.dumps({"url": f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
