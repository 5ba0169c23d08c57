"""The matrix: every kind of client, with every way and era that it speaks."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.clients.board import AGENTS, Board
from tests.clients.driven import driven
from tests.clients.environments import PYTHON, node, python
from tests.clients.hands import Agent, Ears, Met
from tests.clients.inspector import Inspector, by_command, by_http


@frozen
class Team:
    """Two agents who are connected, and what the first of them met; its ears, if it has any."""

    backend: Agent
    qa: Agent
    met: Met
    ears: Ears | None


@frozen
class Row:
    """One kind of client on one way in one era. Those of the core are in every run of the suite."""

    client: str
    way: str
    era: str
    team: "Joining"
    core: bool = False

    @property
    def name(self) -> str:
        return f"{self.client}-{self.way}-{self.era}"


Joining = Callable[[Row, Board, Path], AbstractAsyncContextManager[Team]]
"""Has a team of that row's clients join a board; what they leave behind is in the folder."""


def way_to(row: Row, board: Board, name: str) -> dict[str, Any]:
    """How an agent gets to the server, in the words of driven.py."""
    token = board.tokens[name]
    to: dict[str, Any] = {"way": row.way, "era": row.era}
    match row.way:
        case "ws":
            # Some clients can be told nothing but an address; the others get the two apart.
            return to | {"url": board.ws.replace("://", f"://{name}:{token}@"), "bare": board.ws, "token": token}
        case "http":
            return to | {"url": board.http, "headers": {"Authorization": f"Bearer {token}"}}
        case _:
            command = [sys.executable, "-m", "taskactors", "bridge", "--url", board.ws]
            return to | {"command": command, "environment": {"TASKACTORS_TOKEN": token}}


def by_program(command: Callable[[], list[str]]) -> Joining:
    """Teams whose clients are all in one process, which this command starts."""

    @asynccontextmanager
    async def team(row: Row, board: Board, folder: Path) -> AsyncIterator[Team]:
        async with driven(command(), folder / "program.printed") as program:
            (backend, met), (qa, _) = [await program.connect(name, **way_to(row, board, name)) for name in AGENTS]
            yield Team(Agent(backend.name, backend), Agent(qa.name, qa), met, backend)

    return team


@asynccontextmanager
async def by_inspector(row: Row, board: Board, folder: Path) -> AsyncIterator[Team]:
    """Teams who have the Inspector's command line alone."""
    hands = {name: Inspector(folder / name, _as_the_inspector_has_it(way_to(row, board, name)), row.era) for name in AGENTS}
    for each in hands.values():
        each.home.mkdir()
    backend, qa = (Agent(name, each) for name, each in hands.items())
    yield Team(backend, qa, await hands[backend.name].meet(), None)


def _as_the_inspector_has_it(to: dict[str, Any]) -> dict[str, Any]:
    return by_http(to["url"], to["headers"]) if to["way"] == "http" else by_command(to["command"], to["environment"])


def _python(client: str, *arguments: str) -> Joining:
    return by_program(lambda: [str(python(client)), str(PYTHON / f"with_{client}.py"), *arguments])


def _node(client: str) -> Joining:
    def command() -> list[str]:
        binary, folder = node(client)
        return [str(binary), str(folder / "program.mjs")]

    return by_program(command)


# Our own transport is where we are: in the environment of the tests, with the SDK that the server has, too.
_ours = by_program(lambda: [sys.executable, str(PYTHON / "with_mcp2.py"), "trio"])

ROWS = (
    Row("python-mcp1", "ws", "legacy", _python("mcp1"), core=True),
    Row("python-mcp1", "http", "legacy", _python("mcp1")),
    Row("python-mcp1", "bridge", "legacy", _python("mcp1")),
    Row("python-mcp2", "ws", "legacy", _ours),
    Row("python-mcp2", "ws", "modern", _ours),
    Row("python-mcp2", "http", "legacy", _python("mcp2", "asyncio")),
    Row("python-mcp2", "http", "modern", _python("mcp2", "asyncio")),
    Row("python-mcp2", "bridge", "legacy", _python("mcp2", "asyncio")),
    Row("python-mcp2", "bridge", "modern", _python("mcp2", "asyncio")),
    Row("fastmcp", "http", "legacy", _python("fastmcp")),
    Row("fastmcp", "http", "modern", _python("fastmcp")),
    Row("fastmcp", "bridge", "legacy", _python("fastmcp")),
    Row("fastmcp", "bridge", "modern", _python("fastmcp")),
    Row("langchain", "ws", "legacy", _python("langchain")),
    Row("langchain", "http", "legacy", _python("langchain")),
    Row("langchain", "bridge", "legacy", _python("langchain")),
    Row("typescript1", "ws", "legacy", _node("typescript1"), core=True),
    Row("typescript1", "http", "legacy", _node("typescript1")),
    Row("typescript1", "bridge", "legacy", _node("typescript1")),
    Row("typescript2", "ws", "legacy", _node("typescript2")),
    Row("typescript2", "ws", "modern", _node("typescript2")),
    Row("typescript2", "http", "legacy", _node("typescript2")),
    Row("typescript2", "http", "modern", _node("typescript2")),
    Row("typescript2", "bridge", "legacy", _node("typescript2")),
    Row("typescript2", "bridge", "modern", _node("typescript2")),
    Row("inspector", "http", "legacy", by_inspector),
    Row("inspector", "http", "modern", by_inspector),
    Row("inspector", "bridge", "legacy", by_inspector),
    Row("inspector", "bridge", "modern", by_inspector),
)
