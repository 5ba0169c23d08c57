"""What the Python programs here share: they connect clients and have them do what they are told, line by line (see driven.py)."""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Protocol

import anyio


class ProtocolError(Exception):
    """The server did not take the call for one of a tool."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Client(Protocol):
    met: dict[str, Any]

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]: ...

    def watch(self, uri: str) -> AsyncIterator[str | None]:
        """None once it is watched, then what has changed; a client whose connection hears of changes anyway says None alone."""


Changed = Callable[[str], None]
Connecting = Callable[[dict[str, Any], Changed], AbstractAsyncContextManager[Client]]


def met(package: str, protocol: str, server: str, tools: list[Any]) -> dict[str, Any]:
    names = [tool.name for tool in tools]
    return {"client": f"{package} {version(package)}", "protocol": protocol, "server": server, "tools": names}


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def told() -> AsyncIterator[dict[str, Any]]:
    """Line by line, until there will be no more. Without a thread, which would keep a program that fails from ending."""
    begun = b""
    while True:
        await anyio.wait_readable(0)
        if not (chunk := os.read(0, 65_536)):
            return
        *lines, begun = (begun + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


async def obey(connecting: Connecting) -> None:
    clients: dict[str, Client] = {}
    over = anyio.Event()

    async def connect(order: dict[str, Any]) -> None:
        # A connection is closed by the task that opened it, as the SDK demands.
        async with connecting(order, lambda uri: say(**{"as": order["as"], "changed": uri})) as client:
            clients[order["as"]] = client
            say(id=order["id"], result=client.met)
            await over.wait()

    async def call(order: dict[str, Any]) -> None:
        try:
            result = await clients[order["as"]].call(order["tool"], order["arguments"])
        except ProtocolError as no:
            say(id=order["id"], error={"code": no.code, "message": str(no)})
        else:
            say(id=order["id"], result=result)

    async def watch(order: dict[str, Any]) -> None:
        async for uri in clients[order["as"]].watch(order["uri"]):
            if uri is None:
                say(id=order["id"], result={})
            else:
                say(**{"as": order["as"], "changed": uri})

    async with anyio.create_task_group() as connections:
        async with anyio.create_task_group() as work:
            async for order in told():
                match order["do"]:
                    case "connect":
                        connections.start_soon(connect, order)
                    case "call":
                        work.start_soon(call, order)
                    case "watch":
                        work.start_soon(watch, order)
            work.cancel_scope.cancel()
        over.set()
