"""The demo's server, as seen from the demo: started, ready, and ended whatever happens."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from attrs import Factory, define

READY_WITHIN_S = 60.0
"""A machine that is busy with many other things may take a while to load everything."""

STOPPED_WITHIN_S = 6.0
"""A server takes less than five seconds to stop."""

LINES_KEPT = 20
"""Of what the server complained about: enough to see why it ended."""


class NoServer(Exception):
    """The server did not start, or ended."""


@define(eq=False)
class Server:
    """A running server, by its readiness line."""

    facts: dict[str, Any]
    complaints: deque[str] = Factory(lambda: deque(maxlen=LINES_KEPT))
    silent: trio.Event = Factory(trio.Event)

    @property
    def ws(self) -> str:
        return str(self.facts["ws"])

    @property
    def data(self) -> str:
        return str(self.facts["data"])


@asynccontextmanager
async def running_server(data: Path | None) -> AsyncIterator[Server]:
    """A server in a process of its own, on that folder or on one that is gone afterwards. Raises NoServer."""
    command = [sys.executable, "-P", "-m", "taskactors.demo.served", *([str(data)] if data else [])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
    # In a session of its own, because Ctrl-C is for us, and we end the server when its clients are gone.
    process = await trio.lowlevel.open_process(
        command,
        env=environment,
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    server = Server({})
    try:
        async with trio.open_nursery() as nursery:
            assert process.stderr is not None
            nursery.start_soon(_listen, process.stderr, server)
            server.facts = await _readiness(process, server)
            yield server
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await _end(process)


async def _listen(stream: trio.abc.ReceiveStream, server: Server) -> None:
    """Keep what it complains about, also so that it never waits for somebody to read it."""
    rest = b""
    async for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        server.complaints.extend(line.decode(errors="replace") for line in lines)
    server.silent.set()


async def _readiness(process: trio.Process, server: Server) -> dict[str, Any]:
    assert process.stdout is not None
    line = b""
    with trio.move_on_after(READY_WITHIN_S):
        while not line.endswith(b"\n"):
            chunk = await process.stdout.receive_some()
            if not chunk:
                await server.silent.wait()
                raise NoServer("\n".join(["the server ended before it was ready", *server.complaints]))
            line += chunk
        facts: dict[str, Any] = json.loads(line)
        return facts
    raise NoServer("\n".join([f"the server was not ready within {READY_WITHIN_S:g} s", *server.complaints]))


async def _end(process: trio.Process) -> None:
    assert process.stdin is not None
    await process.stdin.aclose()
    with trio.move_on_after(STOPPED_WITHIN_S):
        await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            await stream.aclose()
