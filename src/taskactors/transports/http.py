"""The HTTP door: admits a request before anything is read of it, and leads it to where its path says."""

import re
import socket
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from importlib import import_module
from typing import Any

import msgspec
import trio
from attrs import Factory, define, evolve

from ..actors.calls import Connection, Front
from ..domain.errors import Refusal
from ..domain.token import LOCAL_ID, Token
from ..domain.token import Scope as Allowed
from ..loglines import Log
from .admission import DEFAULT_PROJECT, Admission, Handshake, Refused
from .asgi import JSON, BadBody, ClientGone, Receive, Scope, Send, already, answering, read_body, send_answer, send_refusal
from .cors import is_preflight, permit, readable_by
from .listening import listen_at, port_of
from .rpc import answer_to

PATH = re.compile(r"/(?P<surface>mcp|rpc)(?:/(?P<project>[a-z0-9][a-z0-9-]{0,38}))?/?")

SESSION_HEADER = "mcp-session-id"
PER_TOKEN_LIMIT = 64
"""Requests under way at once with one agent's token, as many as it may have sockets at the other door."""

TOO_MANY_REQUESTS = Refused(429, f"{PER_TOKEN_LIMIT} requests are under way with that token; wait for some", {"retry-after": "5"})

Figures = Callable[[], tuple[str, bytes]]
"""The server's metrics: their content type, and the text."""

McpHandler = Callable[[Scope, Receive, Send, Connection], Awaitable[None]]
"""Serves one MCP request of a connection that was admitted."""

log = Log(__name__)


@define(eq=False)
class HttpDoor:
    """Listens, admits, and answers: MCP at /mcp, plain JSON-RPC at /rpc, and whether all is well at /health."""

    front: Front
    mcp: McpHandler
    figures: Figures
    admission: Admission = Factory(Admission)
    tls: tuple[str, str] | None = None
    """The files of the certificate and its key."""

    _stopping: trio.Event = Factory(trio.Event)
    _under_way: Counter[str] = Factory(Counter)
    """Requests, by the token they were admitted with."""

    async def listen(self, host: str, port: int, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until `drain`; reports the port once clients can connect. Raises OSError when it cannot be had."""
        self.admission = self.admission.at(host)
        listeners = await listen_at(host, port)
        port = port_of(listeners)
        sockets = [socket.socket(fileno=each.socket.detach()) for each in listeners]
        try:
            task_status.started(port)
            # Whoever connects meanwhile is answered when it is there.
            server = await trio.to_thread.run_sync(import_module, f"{__package__}.http_server")
            await server.serve_http(self._answer, sockets, self.tls, self._stopping.wait)
        finally:
            for each in sockets:
                each.close()

    async def drain(self) -> None:
        """Take no more requests; those that were taken have a moment to end."""
        self._stopping.set()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            with suppress(ClientGone):
                await self._lead(scope, receive, send)
        # Any other type, such as a WebSocket, has its own door; hypercorn turns it down when nothing is said.

    async def _lead(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        host = next((value for name, value in headers if name == "host"), "")
        # A page that came from here may ask here. Whoever tricks a browser into taking us for another place names that as Host, too.
        headers = [each for each in headers if each != ("origin", f"{scope['scheme']}://{host}")]
        if (turned_down := self.admission.turned_down(host, headers)) is not None:
            await send_refusal(send, turned_down.status, turned_down.why)
            return
        if (origin := next((value for name, value in headers if name == "origin"), None)) is not None:
            send = readable_by(origin, send)
        if origin is not None and is_preflight(scope["method"], headers):
            await permit(send, headers)
        elif scope["path"] == "/health":
            await self._health(send, in_full=self._is_known(scope, headers))
        elif scope["path"] == "/metrics":
            token = self.admission.identified(Handshake(host=host, target="/metrics", headers=headers, address=_address(scope)))
            await self._metrics(send, token)
        elif (wanted := PATH.fullmatch(scope["path"])) is None:
            await send_refusal(send, HTTPStatus.NOT_FOUND, "there is /mcp, /rpc, each with /PROJECT if you want, /health and /metrics")
        else:
            target = f"/mcp/{wanted['project'] or DEFAULT_PROJECT}?{scope['query_string'].decode('latin-1')}"
            admitted = self.admission.admit(Handshake(host=host, target=target, headers=headers, address=_address(scope)))
            if not isinstance(admitted, Refused) and self._under_way[admitted.token or ""] >= PER_TOKEN_LIMIT:
                admitted = TOO_MANY_REQUESTS
            if isinstance(admitted, Refused):
                await send_refusal(send, admitted.status, admitted.why, admitted.headers)
                return
            with self._counted(admitted):
                await (self._mcp if wanted["surface"] == "mcp" else self._rpc)(scope, headers, receive, send, admitted)

    @contextmanager
    def _counted(self, connection: Connection) -> Iterator[None]:
        """While the block runs one more request with an agent's token is under way."""
        token = connection.token
        if token in (None, LOCAL_ID):
            yield
            return
        self._under_way[token] += 1
        try:
            yield
        finally:
            self._under_way[token] -= 1
            if not self._under_way[token]:
                del self._under_way[token]

    async def _mcp(self, scope: Scope, headers: list[tuple[str, str]], receive: Receive, send: Send, connection: Connection) -> None:
        if scope["method"] == "POST" and not _is_json(headers):
            await send_refusal(send, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send it as {JSON}")
        elif scope["method"] in ("GET", "DELETE") and not any(name == SESSION_HEADER for name, _ in headers):
            # The library would begin a session for whoever asks, and there is room for so many only.
            await send_refusal(send, HTTPStatus.BAD_REQUEST, "POST a request; what is for a session names it in Mcp-Session-Id")
        elif scope["method"] not in ("GET", "POST", "DELETE"):
            await send_refusal(send, HTTPStatus.METHOD_NOT_ALLOWED, "POST a JSON-RPC message")
        else:
            if scope["method"] == "POST":
                try:
                    receive = already(await read_body(receive), receive)
                except BadBody as bad:
                    await send_refusal(send, bad.status, bad.why)
                    return
            await self.mcp(scope, *answering(receive, send), connection)

    async def _rpc(self, scope: Scope, headers: list[tuple[str, str]], receive: Receive, send: Send, connection: Connection) -> None:
        if scope["method"] != "POST":
            await send_refusal(send, HTTPStatus.METHOD_NOT_ALLOWED, "POST a JSON-RPC object")
        elif not _is_json(headers):
            await send_refusal(send, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send it as {JSON}")
        else:
            try:
                body = await read_body(receive)
            except BadBody as bad:
                await send_refusal(send, bad.status, bad.why)
                return
            # Without tokens nobody here is known to be who runs the server.
            operator = connection.token is not None and connection.scope is Allowed.ADMIN and connection.agent is None
            reply = await answer_to(body, self.front, evolve(connection, operator=operator))
            await send_answer(send, HTTPStatus.ACCEPTED if reply is None else HTTPStatus.OK, reply or b"")

    def _is_known(self, scope: Scope, headers: list[tuple[str, str]]) -> bool:
        """Whether a token is asked of nobody, or here is a good one; to ask without one is no failure."""
        if self.admission.holder is None:
            return True
        if not any(name == "authorization" for name, _ in headers):
            return False
        return isinstance(self.admission.identified(Handshake(host="", target="", headers=headers, address=_address(scope))), Token)

    async def _metrics(self, send: Send, token: Token | Refused | None) -> None:
        """For whoever may look at every project: its figures name them all."""
        if isinstance(token, Refused):
            await send_refusal(send, token.status, token.why, token.headers)
        elif token is not None and token.projects is not None:
            await send_refusal(send, HTTPStatus.FORBIDDEN, "that token is for some projects only, and these are the figures of all")
        else:
            kind, body = self.figures()
            await send_answer(send, HTTPStatus.OK, body, kind)

    async def _health(self, send: Send, in_full: bool) -> None:
        """Green only while the last durable commit of the default project succeeded and no rule is broken.

        Whoever has no token hears that much and no more: what looks after services rarely has one.
        """
        connection = Connection(id=uuid.uuid4().hex, project=DEFAULT_PROJECT)
        try:
            found: Any = await self.front.call(connection, "health_check", {})
        except Refusal as no:
            found = {"status": "unhealthy", "why": no.cause()}
        well = found["status"] == "healthy"
        told = found if in_full else {"status": found["status"]}
        await send_answer(send, HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE, msgspec.json.encode(told))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_json(headers: list[tuple[str, str]]) -> bool:
    """Whether it is said to be JSON, which a web page may send to others only after asking first; any other type it just sends."""
    kinds = [value for name, value in headers if name == "content-type"]
    return len(kinds) == 1 and kinds[0].partition(";")[0].strip().lower() == JSON


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
