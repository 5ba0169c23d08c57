"""A front that does what a test tells it, and clients of a control socket."""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio
from attrs import Factory, define

from taskactors.actors.calls import Connection, UnknownTool
from taskactors.domain.errors import NotHolder


@define
class ScriptedFront:
    """Answers `echo` at once, `wait` when `gate` opens, `no` with a refusal, `bug` with a bug, `large` with a lot."""

    calls: list[tuple[Connection, str, Mapping[str, Any]]] = Factory(list)
    gate: trio.Event = Factory(trio.Event)
    waiting: int = 0
    most_waiting: int = 0
    answered: int = 0

    async def call(self, connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls.append((connection, tool, arguments))
        answer = await self._answer(tool, arguments)
        self.answered += 1
        return answer

    async def _answer(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        match tool:
            case "echo":
                return dict(arguments)
            case "wait":
                self.waiting += 1
                self.most_waiting = max(self.waiting, self.most_waiting)
                await self.gate.wait()
                self.waiting -= 1
                return {"waited": True}
            case "no":
                raise NotHolder(task="SEC-001", caller="bob", holder="ada")
            case "bug":
                raise ValueError("the secret of this process")
            case "large":
                return {"text": "x" * 8_000_000}
            case "unwritable":
                return {"what": object()}
            case _:
                raise UnknownTool(tool)

    def opened(self, connection: Connection) -> None:
        raise AssertionError("a control connection is nobody's presence")

    def closed(self, connection: Connection) -> None:
        raise AssertionError("a control connection is nobody's presence")


class Client:
    """One connection, line by line."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._received = b""

    async def send(self, line: bytes) -> None:
        await self.stream.send_all(line + b"\n")

    async def request(self, request_id: int, method: str, **params: Any) -> None:
        await self.send(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}).encode())

    async def reply(self) -> dict[str, Any]:
        """The next answer; raises EOFError when there is none."""
        while b"\n" not in self._received:
            chunk = await self.stream.receive_some(1 << 20)
            if not chunk:
                raise EOFError
            self._received += bytes(chunk)
        line, _, self._received = self._received.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        assert reply["jsonrpc"] == "2.0"
        return reply

    async def works(self) -> bool:
        """Whether the next request on this connection is answered."""
        await self.request(99, "echo", still="here")
        return await self.reply() == {"jsonrpc": "2.0", "id": 99, "result": {"still": "here"}}


async def connect(path: Path) -> Client:
    """A new connection, however long the path is."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        sock = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        await sock.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
    return Client(trio.SocketStream(sock))
