"""A client's program at work: a process whose clients do, line by line, what a test says.

    to it    {"id": 1, "as": "ada", "do": "connect", "way": "ws", "url": …, "token": …, "era": "modern"}
             {"id": 2, "as": "ada", "do": "call", "tool": …, "arguments": {…}}
             {"id": 3, "as": "ada", "do": "watch", "uri": …}
    from it  {"id": 2, "result": …} or {"id": 2, "error": {"code": …, "message": …}}
             {"as": "ada", "changed": uri} whenever that client is told so

When its input ends it closes its connections, and ends.
"""

import json
import math
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import trio
from attrs import Factory, define, field, frozen

from tests.clients.hands import Answer, Met, ProtocolError

ANSWERS_WITHIN_S = 90.0
"""Longer than any call of a day waits, and short of the limit for one test, so that the program which hangs is named."""

ENDS_WITHIN_S = 20.0
"""Every kind of client says goodbye, and some wait for a bridge to go."""


class Died(Exception):
    """The program ended before it was told to; the text is what it printed."""


@define(eq=False)
class _Awaited:
    """A reply that has not come yet, or will not."""

    came: trio.Event = Factory(trio.Event)
    reply: Mapping[str, Any] | None = None


class _Changes:
    """What one client was told has changed, until somebody asks."""

    def __init__(self) -> None:
        self.heard, self.unasked = trio.open_memory_channel[str](math.inf)


@define(eq=False)
class Program:
    """The process, and who waits for what it says."""

    _process: trio.Process
    _printed: Path
    _ids: "count[int]" = field(factory=lambda: count(1))
    _awaited: dict[int, _Awaited] = Factory(dict)
    _changes: "defaultdict[str, _Changes]" = field(factory=lambda: defaultdict(_Changes))
    _writing: trio.Lock = Factory(trio.Lock)

    async def connect(self, name: str, **to: Any) -> "tuple[DrivenClient, Met]":
        """A client that speaks as this agent, and what it met."""
        met = await self.ask(name, "connect", **to)
        return DrivenClient(self, name), Met(met["client"], met["protocol"], met["server"], frozenset(met["tools"]))

    async def ask(self, name: str, do: str, **given: Any) -> Any:
        """The result of one line. Raises ProtocolError, Died, and TooSlowError."""
        number, awaited = next(self._ids), _Awaited()
        self._awaited[number] = awaited
        line = json.dumps({"id": number, "as": name, "do": do, **given}) + "\n"
        assert self._process.stdin is not None
        try:
            async with self._writing:
                await self._process.stdin.send_all(line.encode())
        except trio.BrokenResourceError:
            raise Died(self._printed.read_text()) from None
        with trio.fail_after(ANSWERS_WITHIN_S):
            await awaited.came.wait()
        if awaited.reply is None:
            raise Died(self._printed.read_text())
        if error := awaited.reply.get("error"):
            raise ProtocolError(error["code"], error["message"])
        return awaited.reply["result"]

    async def changed(self, name: str) -> str:
        """What a client was told next."""
        return await self._changes[name].unasked.receive()

    async def listen(self) -> None:
        """Hear all that it says, until it ends."""
        assert self._process.stdout is not None
        rest = b""
        async for chunk in self._process.stdout:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))
        for awaited in self._awaited.values():
            awaited.came.set()

    def _hear(self, said: Mapping[str, Any]) -> None:
        if "changed" in said:
            self._changes[said["as"]].heard.send_nowait(said["changed"])
            return
        awaited = self._awaited.pop(said["id"])
        awaited.reply = said
        awaited.came.set()

    async def end(self) -> None:
        """Have it close its connections. It ends by itself, content with all that it saw."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()
        with trio.fail_after(ENDS_WITHIN_S):
            code = await self._process.wait()
        printed = self._printed.read_text()
        assert (code, "Traceback" in printed) == (0, False), printed


@frozen
class DrivenClient:
    """One client of a program: hands and ears."""

    program: Program
    name: str

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        result = await self.program.ask(self.name, "call", tool=tool, arguments=arguments)
        return Answer(result["isError"], result["text"], result.get("structuredContent"))

    async def watch(self, uri: str) -> None:
        await self.program.ask(self.name, "watch", uri=uri)

    async def changed(self) -> str:
        return await self.program.changed(self.name)


@asynccontextmanager
async def driven(command: Sequence[str], printed: Path) -> AsyncIterator[Program]:
    """A program for the time of the block; what it prints beside its lines goes to a file."""
    with printed.open("wb") as errors:
        async with trio.open_nursery() as nursery:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
            # `check` is for its end, which is looked at only where the day went well.
            process = await nursery.start(partial(trio.run_process, command, check=False, cwd=printed.parent, **pipes))
            program = Program(process, printed)
            nursery.start_soon(program.listen)
            yield program
            await program.end()
