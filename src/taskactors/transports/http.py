"""The HTTP door: admits a request before anything is read of it, and leads it to where its path says."""

import re
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from importlib import import_module

import msgspec
import trio
from attrs import Factory, define, evolve

from ..actors.calls import Connection, Front
from ..domain.token import LOCAL_ID, Token
from ..domain.token import Scope as Allowed
from .admission import DEFAULT_PROJECT, NO_TOKEN, Admission, Handshake, Refused
from .asgi import JSON, BadBody, ClientGone, Receive, Scope, Send, already, answering, read_body, send_answer, send_refusal, while_there
from .cors import is_preflight, permit, readable_by
from .health import Conditions, of_project, of_server
from .listening import listen_at, port_of
from .refusal_log import Reason
from .rpc import answer_to

PATH = re.compile(r"/(?P<surface>mcp|rpc)(?:/(?P<project>[a-z0-9][a-z0-9-]{0,38}))?/?")

HEALTH_OF = re.compile(r"/health/(?P<project>[a-z0-9][a-z0-9-]{0,38})")

SESSION_HEADER = "mcp-session-id"
ANSWERS_WHOLE = ("x-taskactors-answers", "whole")
"""How a client of /rpc asks for answers as the tools give them, rather than in the shapes that older servers' scripts read."""

PER_TOKEN_LIMIT = 64
"""Requests under way at once with one agent's token, as many as it may have sockets at the other door."""

TOO_MANY_REQUESTS = Refused(
    Reason.BUSY_TOKEN, 429, f"{PER_TOKEN_LIMIT} requests are under way with that token; wait for some", {"retry-after": "5"}
)

Figures = Callable[[], Awaitable[tuple[str, bytes]]]
"""The server's metrics: their content type, and the text."""

McpHandler = Callable[[Scope, Receive, Send, Connection], Awaitable[None]]
"""Serves one MCP request of a connection that was admitted."""


@define(eq=False)
class HttpDoor:
    """Listens, admits, and answers: MCP at /mcp, plain JSON-RPC at /rpc, and whether all is well at /health."""

    front: Front
    mcp: McpHandler
    figures: Figures
    conditions: Conditions
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
            await server.serve_http(self._answer, sockets, self.tls, self.admission.refusals, self._stopping.wait)
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
        asking = Handshake(host=host, target=scope["path"], headers=headers, address=_address(scope))
        if (turned_down := self.admission.turned_down(asking)) is not None:
            await send_refusal(send, turned_down.status, turned_down.why)
            return
        if (origin := next((value for name, value in headers if name == "origin"), None)) is not None:
            send = readable_by(origin, send)
        if origin is not None and is_preflight(scope["method"], headers):
            await permit(send, headers)
        elif scope["path"] == "/health":
            # To ask without a token is no failure.
            shows_one = any(name == "authorization" for name, _ in headers)
            await self._health(send, self.admission.identified(asking) if shows_one or self.admission.holder is None else NO_TOKEN)
        elif (about := HEALTH_OF.fullmatch(scope["path"])) is not None:
            await self._health_of(about["project"], send, self.admission.identified(asking))
        elif scope["path"] == "/metrics":
            await self._metrics(send, self.admission.identified(asking))
        elif (wanted := PATH.fullmatch(scope["path"])) is None:
            await send_refusal(send, HTTPStatus.NOT_FOUND, "there is /mcp, /rpc and /health, each with /PROJECT if you want, and /metrics")
        else:
            target = f"/mcp/{wanted['project'] or DEFAULT_PROJECT}?{scope['query_string'].decode('latin-1')}"
            admitted = self._admitted(evolve(asking, target=target))
            if isinstance(admitted, Refused):
                await send_refusal(send, admitted.status, admitted.why, admitted.headers)
                return
            with self._counted(admitted):
                await (self._mcp if wanted["surface"] == "mcp" else self._rpc)(scope, headers, receive, send, admitted)

    def _admitted(self, handshake: Handshake) -> Connection | Refused:
        admitted = self.admission.admit(handshake)
        if isinstance(admitted, Refused) or self._under_way[admitted.token or ""] < PER_TOKEN_LIMIT:
            return admitted
        return self.admission.noted(TOO_MANY_REQUESTS, handshake)

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
            caller, whole = evolve(connection, operator=operator), ANSWERS_WHOLE in headers
            # What it took for somebody who has left goes back at once, as over every other wire.
            reply = await while_there(receive, partial(answer_to, body, self.front, caller, whole))
            await send_answer(send, HTTPStatus.ACCEPTED if reply is None else HTTPStatus.OK, reply or b"")

    async def _metrics(self, send: Send, token: Token | Refused | None) -> None:
        """For whoever may look at every project: its figures name them all."""
        if isinstance(token, Refused):
            await send_refusal(send, token.status, token.why, token.headers)
        elif token is not None and token.projects is not None:
            await send_refusal(send, HTTPStatus.FORBIDDEN, "that token is for some projects only, and these are the figures of all")
        else:
            kind, body = await self.figures()
            await send_answer(send, HTTPStatus.OK, body, kind)

    async def _health(self, send: Send, token: Token | Refused | None) -> None:
        """For everybody, since what looks after services rarely has a token; in full for those who have."""
        may_know = None if isinstance(token, Refused) else token.may_enter if token is not None else lambda project: True
        status, told = of_server(self.conditions(), may_know)
        await send_answer(send, status, msgspec.json.encode(told))

    async def _health_of(self, project: str, send: Send, token: Token | Refused | None) -> None:
        """For whoever may enter that project."""
        condition = self.conditions().get(project)
        if isinstance(token, Refused):
            await send_refusal(send, token.status, token.why, token.headers)
        elif token is not None and not token.may_enter(project):
            await send_refusal(send, HTTPStatus.FORBIDDEN, f"that token is not for project {project}")
        elif condition is None:
            await send_refusal(send, HTTPStatus.NOT_FOUND, f"no project {project} was used since the start")
        else:
            status, told = of_project(condition)
            await send_answer(send, status, msgspec.json.encode(told))


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
