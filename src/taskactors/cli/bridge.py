"""taskactors bridge: an MCP client that starts its servers as commands, led to the one server that the team shares."""

from __future__ import annotations

import argparse
import os
import sys

from .credentials import token_for
from .errors import CliError, NoServer, Usage
from .place import make_data_folder, meant, new_data_folder
from .server import agent_here, project_here, url_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..transports.bridge import Found

STARTED_WITHIN_S = 30.0
"""A large store is checked as a whole after an unclean stop."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", help="the server: its ws:// address or data folder (default: found from here)")
    parser.add_argument("--project", help="project (default: $TASKACTORS_PROJECT, else default)")
    parser.add_argument("--agent", help="speak as this agent (default: $TASKACTORS_AGENT, else you, the person here)")
    parser.add_argument("--tools", metavar="PROFILE", help="list only the tools of this profile, as in worker")
    parser.add_argument("--start", action="store_true", help="start a server for this folder if none runs")


def run(arguments: argparse.Namespace) -> int:
    import trio

    from ..transports.bridge import TurnedAway

    find = _finder(arguments)
    if arguments.start and find() is None:
        _start(arguments)
    try:
        trio.run(_bridged, find, STARTED_WITHIN_S if arguments.start else 0.0)
    except* TurnedAway as turned_away:
        raise CliError(f"the server refused the connection: {turned_away.exceptions[0]}") from None
    except* (OSError, NoServer):
        raise NoServer("no server is running for this folder", "start one with `taskactors serve`, or give --start") from None
    except* ValueError:
        raise Usage("the address cannot be read", "give one as in ws://127.0.0.1:8765/mcp, or a data folder") from None
    except* CliError as wrong:
        raise _first(wrong) from None
    except* KeyboardInterrupt:
        # It is how whoever started it ends it.
        pass
    return 0


def _first(group: BaseExceptionGroup[CliError]) -> CliError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _bridged(find: Callable[[], Found | None], within_s: float) -> None:
    import trio

    from ..transports.bridge import Bridge, until_found

    waited = [within_s]

    async def there() -> Found:
        # Once there was a server, the next one is waited for as long as the client is.
        found = await until_found(find, waited[0]) if waited[0] < float("inf") else await until_found(find)
        waited[0] = float("inf")
        return found

    async with trio.lowlevel.FdStream(os.dup(0)) as stdin, trio.lowlevel.FdStream(os.dup(1)) as stdout:
        await Bridge(there, stdin, stdout).run()


def _finder(arguments: argparse.Namespace) -> Callable[[], Found | None]:
    from urllib.parse import urlencode

    named = url_here(arguments.url)
    agent, project = arguments.agent or agent_here(), arguments.project or project_here()
    asked = {name: value for name, value in (("agent", agent), ("tools", arguments.tools)) if value}
    query = f"?{urlencode(asked)}" if asked else ""

    def find() -> Found | None:
        if named is not None and named.startswith(("ws://", "wss://")):
            return (named if "?" in named or not query else named + query), token_for(_data_of(named))
        place = meant(named, os.getcwd())
        if place is None or (ws := _serving_at(place.data)) is None:
            return None
        return f"{ws}/{project}{query}", token_for(place.data)

    return find


def _data_of(url: str) -> str | None:
    """The data folder of a server that is named by its address, when it is one of this folder."""
    try:
        place = meant(url, os.getcwd())
    except NoServer:
        return None
    # A server that died left its note, and its port to whoever takes it: nobody there is shown what is not theirs.
    return place.data if place is not None and _serving_at(place.data) is not None else None


def _serving_at(data: str) -> str | None:
    """The address of the server that serves a data folder now. The note of one that was killed outlives it: is it there?"""
    import json

    try:
        with open(os.path.join(data, "server.json"), "rb") as file:
            known = json.load(file)
        os.kill(int(known["pid"]), 0)
        return str(known["ws"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _start(arguments: argparse.Namespace) -> None:
    """Of any number that are started at once the data folder's lock lets one live; the others end, and all find that one."""
    import subprocess

    place = meant(url_here(arguments.url), os.getcwd())
    data = place.data if place is not None else new_data_folder(os.getcwd())
    make_data_folder(data)
    # What a server says may name tasks and people.
    with open(os.path.join(data, "server.log"), "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as log:
        subprocess.Popen(
            [sys.executable, "-m", "taskactors", "serve", "--data", data, "--ws-port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
