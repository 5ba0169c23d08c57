"""The control socket: newline-delimited JSON-RPC on a Unix socket that only whoever runs the server can reach."""

import os
import socket
import stat
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio
from attrs import Factory, define

from ..actors.calls import Connection, Front, UnknownTool
from ..actors.faults import internal
from ..domain.codes import agent_name_problem
from ..domain.errors import Refusal

LINE_BYTES = 1 << 20
"""The largest request, as on every other way in."""

READ_BYTES = 64 << 10
IN_FLIGHT_LIMIT = 32
"""Requests of one client under way at once; further lines wait in the socket."""

WRITE_WITHIN_S = 5.0
SOCKET_MODE = 0o600
BACKLOG = 64
LONGEST_PATH_BYTES = 100
"""A Unix socket's path has room for about this much; a longer one is reached through its folder's descriptor."""

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
REFUSED = 1
"""The code of every refusal; its own stable code is in the data."""

SURROUNDINGS = "_"
"""The key of params that says for which project and as which agent a method is called."""

log = structlog.get_logger(__name__)


class NotTaken(Exception):
    """A line that is no request for a tool."""

    def __init__(self, code: int, message: str, request_id: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


@define(eq=False)
class ControlDoor:
    """Serves the control socket. What one client sends touches no other."""

    front: Front
    _clients: set[trio.CancelScope] = Factory(set)
    _busy: int = 0
    _idle: trio.Event = Factory(trio.Event)

    async def listen(self, path: Path, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; the socket's file is gone afterwards."""
        listener = _bound(path)
        try:
            task_status.started()
            await trio.serve_listeners(self._serve, [trio.SocketListener(listener)])
        finally:
            # Not awaited: this also runs while being cancelled, when nothing can be.
            os.unlink(path)

    async def drain(self) -> None:
        """Take no more lines and wait until what was taken is answered."""
        for scope in self._clients:
            scope.cancel()
        while self._busy:
            self._idle = trio.Event()
            await self._idle.wait()

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            async with stream, trio.open_nursery() as nursery:
                client = _Client(self, stream, nursery)
                with trio.CancelScope() as reading:
                    self._clients.add(reading)
                    try:
                        await client.read()
                    finally:
                        self._clients.discard(reading)
        except Exception as error:  # one client's end must not reach the others
            log.warning("a control connection ended with an error", error=repr(error))

    def began(self) -> None:
        self._busy += 1

    def ended(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()


class _Client:
    def __init__(self, door: ControlDoor, stream: trio.SocketStream, nursery: trio.Nursery) -> None:
        self._door = door
        self._stream = stream
        self._nursery = nursery
        self._places = trio.Semaphore(IN_FLIGHT_LIMIT)
        self._writing = trio.Lock()
        self._id = uuid.uuid4().hex

    async def read(self) -> None:
        """Take line after line until the client closes its side or sends one that is too long."""
        waiting = b""
        while chunk := await self._stream.receive_some(READ_BYTES):
            *lines, waiting = (waiting + bytes(chunk)).split(b"\n")
            for line in lines:
                if line.strip():
                    await self._places.acquire()
                    self._door.began()
                    self._nursery.start_soon(self._answer, line)
            if len(waiting) > LINE_BYTES:
                await self._send(_failure(None, INVALID_REQUEST, f"a request has at most {LINE_BYTES} bytes"))
                return

    async def _answer(self, line: bytes) -> None:
        try:
            reply = await self._reply(line)
            if reply is not None:
                await self._send(reply)
        finally:
            self._places.release()
            self._door.ended()

    async def _reply(self, line: bytes) -> Mapping[str, Any] | None:
        request_id: object = None
        try:
            request_id, method, arguments, connection = _request(line, self._id)
            result = await self._door.front.call(connection, method, arguments)
        except NotTaken as no:
            return _failure(no.request_id, no.code, str(no))
        except UnknownTool as unknown:
            return _failure(request_id, METHOD_NOT_FOUND, f"there is no method {unknown.tool[:100]}")
        except Refusal as refusal:
            return _refusal(request_id, refusal)
        except Exception as error:  # the edge that answers a client
            return _refusal(request_id, internal(error, "a control call failed"))
        return {"jsonrpc": "2.0", "id": request_id, "result": result}

    async def _send(self, reply: Mapping[str, Any]) -> None:
        frame = msgspec.json.encode(reply) + b"\n"
        async with self._writing:
            try:
                with trio.fail_after(WRITE_WITHIN_S):
                    await self._stream.send_all(frame)
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
                self._nursery.cancel_scope.cancel()


def _request(line: bytes, client: str) -> tuple[object, str, dict[str, Any], Connection]:
    if len(line) > LINE_BYTES:
        raise NotTaken(INVALID_REQUEST, f"a request has at most {LINE_BYTES} bytes")
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        raise NotTaken(PARSE_ERROR, "a line holds one JSON-RPC request") from None
    if not isinstance(found, dict):
        raise NotTaken(INVALID_REQUEST, "one request a line, and no batch")
    request_id = found.get("id")
    if not isinstance(request_id, str | int) or isinstance(request_id, bool):
        raise NotTaken(INVALID_REQUEST, "id must be a string or a whole number")
    method, params = found.get("method"), found.get("params", {})
    if found.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise NotTaken(INVALID_REQUEST, "not a JSON-RPC 2.0 request", request_id)
    if not isinstance(params, dict):
        raise NotTaken(INVALID_PARAMS, "params must be an object", request_id)
    return (
        request_id,
        method,
        {name: value for name, value in params.items() if name != SURROUNDINGS},
        _connection(params, request_id, client),
    )


def _connection(params: Mapping[str, Any], request_id: object, client: str) -> Connection:
    around = params.get(SURROUNDINGS, {})
    project = around.get("project", "default") if isinstance(around, dict) else None
    agent = around.get("agent") if isinstance(around, dict) else None
    if not isinstance(project, str) or not isinstance(agent, str | None) or around.keys() - {"project", "agent"}:
        raise NotTaken(INVALID_PARAMS, f"{SURROUNDINGS} may hold a project and an agent", request_id)
    if agent is not None and (problem := agent_name_problem(agent)):
        raise NotTaken(INVALID_PARAMS, problem, request_id)
    return Connection(id=client, project=project, agent=agent, operator=agent is None)


def _failure(request_id: object, code: int, message: str) -> Mapping[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def _refusal(request_id: object, refusal: Refusal) -> Mapping[str, Any]:
    data = {"code": refusal.code, "cause": refusal.cause(), "remedy": refusal.remedy(), "facts": dict(refusal.facts())}
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": REFUSED, "message": refusal.cause(), "data": data}}


def _bound(path: Path) -> trio.socket.SocketType:
    """A listening socket at `path`, for its owner alone; what a dead server left there is replaced."""
    with_room = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(_short(path, with_room))
        finally:
            os.umask(before)
        path.chmod(SOCKET_MODE)
        listener.listen(BACKLOG)
        return trio.socket.from_stdlib_socket(listener)
    finally:
        os.close(with_room)


def _short(path: Path, folder: int) -> str:
    return str(path) if len(os.fsencode(path)) <= LONGEST_PATH_BYTES else f"/proc/self/fd/{folder}/{path.name}"
