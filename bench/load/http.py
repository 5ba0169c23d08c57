"""An agent's connection over streamable HTTP: one that is kept alive, and one POST at a time on it."""

import asyncio
from typing import cast
from urllib.parse import urlsplit

import httptools
from attrs import define, field

from .asking import Agent
from .mcp import HELLO_HEARD, PROTOCOL, greeting


@define(eq=False)
class _Wire(asyncio.Protocol):
    agent: Agent
    head: bytes
    session: bytes = b""
    transport: asyncio.Transport | None = None
    _parser: httptools.HttpResponseParser = field(default=None)
    _body: bytearray = field(factory=bytearray)
    _noted: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpResponseParser(self)

    def say(self, body: bytes) -> None:
        assert self.transport is not None
        self.transport.write(b"%b%bContent-Length: %d\r\n\r\n%b" % (self.head, self.session, len(body), body))

    async def note(self, body: bytes) -> None:
        """Say what is answered by a status alone."""
        self._noted = asyncio.get_running_loop().create_future()
        self.say(body)
        await self._noted
        self._noted = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.agent.lost(f"the connection ended: {exc}")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"mcp-session-id":
            self.session = b"Mcp-Session-Id: %b\r\nMcp-Protocol-Version: %b\r\n" % (value, PROTOCOL.encode())

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), bytes(self._body)
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        if status >= 400:
            self.agent.lost(f"HTTP {status}: {body[:300].decode(errors='replace')}")
        if not body and self._noted is not None:
            self._noted.set_result(None)
        for message in [body] if body.startswith(b"{") else _events(body):
            self.agent.hear(message)


def _events(body: bytes) -> list[bytes]:
    """The messages of a stream of events that has ended."""
    return [line[len(b"data:") :] for line in body.splitlines() if line.startswith(b"data:") and b"{" in line]


async def connect(agent: Agent, url: str, token: str | None, greets: bool) -> None:
    """Connect an agent, and have it greet a server that wants a greeting."""
    where = urlsplit(url)
    path = f"{where.path}?{where.query}&agent={agent.name}" if where.query else f"{where.path}?agent={agent.name}"
    lines = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}", "Content-Type: application/json"]
    lines += ["Accept: application/json, text/event-stream", *([f"Authorization: Bearer {token}"] if token else []), ""]
    wire = _Wire(agent, "\r\n".join(lines).encode())
    await asyncio.get_running_loop().create_connection(lambda: wire, str(where.hostname), where.port or 80)
    agent.say = wire.say
    if greets:
        await agent.perform(greeting())
        await wire.note(HELLO_HEARD)
