"""The server under test: the whole product as a process, whose one surface offers the suite's fixtures besides its own.

python -m tests.conformance.server DATA [--broken]
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import mcp_types as types
import trio
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPDeprecationWarning

from taskactors.actors.profiles import PROFILES
from taskactors.app import Server
from taskactors.config import DEFAULT_PROJECT, make_config
from taskactors.logs import start_logging
from taskactors.mcp_server.asking import Context
from taskactors.mcp_server.entrance import Entrance
from taskactors.mcp_server.server import McpSurface
from taskactors.storage.ownership import own
from tests.conformance import asking_back, plain_tools, shown
from tests.conformance.fixtures import Answered, Fixtures, Params, said
from tests.conformance.long_work import LongWork


def under_test(data: Path, is_broken: bool = False) -> Server:
    """A product's server with the fixtures. A broken one gives one of them another text than it should."""
    server, board = Server(make_config(data=str(data), ws_port=0, http_port=0, no_auth=True, json=True, log_level="warning")), Fixtures()

    def changed(name: str) -> None:
        server.projects._listeners[DEFAULT_PROJECT].hear(frozenset({name}))

    work = LongWork()
    plain_tools.add(board, changed)
    asking_back.add(board)
    shown.add(board)
    work.add(board)
    if is_broken:
        _break(board)
    surface = McpSurface(server.projects, PROFILES, board.offer())
    work.serve(surface.server)
    # The rounds of the newer era carry what was known in the round before, which comes back by way of the client.
    surface.server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="conformance"))
    surface.server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, _set_level)
    server.mcp = Entrance(server.projects, lambda _: surface)
    return server


def _break(board: Fixtures) -> None:
    @board.tool("test_simple_text")
    async def silent(context: Context, params: Params) -> Answered:
        return said()


async def _set_level(context: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
    return types.EmptyResult()


def main(arguments: list[str]) -> Any:
    """Serve until told to stop; prints one line of JSON when ready."""
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    data = Path(arguments[0])
    start_logging("warning")
    with own(data):
        return trio.run(under_test(data, "--broken" in arguments).run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
