"""Queues that speak in lines: what stands for create, claim and complete there."""

import asyncio
from itertools import count
from typing import Protocol, cast
from urllib.parse import urlsplit

from attrs import define, field

from .asking import Agent, Call, Content, Raw, Refused

# About as much as a task server keeps of such a task.
TASK_BYTES = 200

_numbers = count()


def _a_task() -> bytes:
    return b"%d" % next(_numbers) + b"x" * TASK_BYTES


class LineSpeech(Protocol):
    """A language whose answers say themselves how long they are."""

    def follows(self, line: bytes) -> int:
        """How many bytes come after the first line of an answer."""


@define
class Beanstalk:
    """put, reserve, delete. A reservation is not on disk: beanstalkd has none that is."""

    def ask(self, request: Call | Raw) -> bytes:
        assert isinstance(request, Call)
        match request.tool:
            case "create_task":
                task = _a_task()
                return b"put 5 0 900 %d\r\n%b\r\n" % (len(task), task)
            case "claim_task":
                return b"reserve\r\n"
            case _:
                return b"delete %b\r\n" % str(request.arguments["code"]).encode()

    def heard(self, body: bytes) -> Content:
        match body.split(b"\r\n", 1)[0].split():
            case [b"INSERTED", _] | [b"DELETED"]:
                return Content()
            case [b"RESERVED", number, _]:
                return Content(code=number.decode())
            case _:
                raise Refused(body.decode())

    def follows(self, line: bytes) -> int:
        return int(line.split()[2]) + 2 if line.startswith(b"RESERVED") else 0


@define
class Redis:
    """Lists: push, move to those at work, remove. No owner is checked and nothing is indexed."""

    def ask(self, request: Call | Raw) -> bytes:
        assert isinstance(request, Call)
        match request.tool:
            case "create_task":
                return _command(b"LPUSH", b"ready", _a_task())
            case "claim_task":
                return _command(b"LMOVE", b"ready", b"working", b"RIGHT", b"LEFT")
            case _:
                return _command(b"LREM", b"working", b"1", str(request.arguments["code"]).encode())

    def heard(self, body: bytes) -> Content:
        if body.startswith((b"-", b"$-1", b":0")):
            raise Refused(body.decode())
        return Content(code=body.split(b"\r\n")[1].decode())

    def follows(self, line: bytes) -> int:
        return int(line[1:]) + 2 if line.startswith(b"$") and line != b"$-1" else 0


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


@define(eq=False)
class _Wire(asyncio.Protocol):
    agent: Agent
    _heard: bytearray = field(factory=bytearray)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n")) >= 0:
            length = end + 2 + cast(LineSpeech, self.agent.speech).follows(bytes(self._heard[:end]))
            if len(self._heard) < length:
                return
            answer = bytes(self._heard[:length])
            del self._heard[:length]
            self.agent.hear(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.agent.lost(f"the connection ended: {exc}")


async def connect(agent: Agent, url: str, token: str | None, greets: bool) -> None:
    """Connect an agent; nobody greets here, and nobody is asked who they are."""
    where = urlsplit(url)
    wire = _Wire(agent)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: wire, str(where.hostname), where.port or 0)
    agent.say = transport.write
