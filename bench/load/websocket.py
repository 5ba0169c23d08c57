"""An agent's connection over WebSocket."""

from attrs import define
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .asking import Agent
from .mcp import HELLO_HEARD, greeting

# An answer of 100 tasks is far smaller; a larger one is a fault of the server.
MAX_MESSAGE_BYTES = 16 << 20
CONNECTED_WITHIN_S = 30.0


@define(eq=False, weakref_slot=False)
class _Wire(WSListener):
    agent: Agent
    _begun: bytearray | None = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is WSMsgType.TEXT and frame.fin:
            self.agent.hear(frame.get_payload_as_bytes())
        elif kind is WSMsgType.TEXT:
            self._begun = bytearray(frame.get_payload_as_bytes())
        elif kind is WSMsgType.CONTINUATION and self._begun is not None:
            self._begun += frame.get_payload_as_bytes()
            if frame.fin:
                whole, self._begun = bytes(self._begun), None
                self.agent.hear(whole)
        elif kind is WSMsgType.CLOSE:
            self.agent.lost(f"closed by the server: {frame.get_close_reason()}")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.agent.lost("the connection ended")


async def connect(agent: Agent, url: str, token: str | None, greets: bool) -> None:
    """Connect an agent, and have it greet a server that wants a greeting."""
    headers = {"Sec-WebSocket-Protocol": "mcp", **({"Authorization": f"Bearer {token}"} if token else {})}
    named = f"{url}{'&' if '?' in url else '?'}agent={agent.name}"
    transport, _ = await ws_connect(
        lambda: _Wire(agent),
        named,
        extra_headers=headers,
        max_frame_size=MAX_MESSAGE_BYTES,
        websocket_handshake_timeout=CONNECTED_WITHIN_S,
    )
    agent.say = lambda body: transport.send(WSMsgType.TEXT, body)
    if greets:
        await agent.perform(greeting())
        agent.say(HELLO_HEARD)
