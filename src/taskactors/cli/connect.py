"""taskactors connect: have a coding agent's client use the server, by printing or writing that client's own configuration."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve, frozen

from ..actors.workspace.connections import (
    BRIDGE,
    HOOK_EVENTS,
    HTTP,
    MCP_CLIENTS,
    WS,
    McpClient,
    address,
    as_text,
    bridge_entry,
    configuration,
    hook,
    network_entry,
)
from .checks import here, read_note
from .client_files import Change, path_of, put, text_at, with_hooks, with_server
from .errors import CliError, Usage
from .escaping import escaped
from .json_editing import NotEditable
from .place import meant, project_folder
from .server import agent_here, project_here, url_here
from .shown import show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_PROJECT = "default"
USUAL_URLS = {WS: "ws://127.0.0.1:8765/mcp", HTTP: "http://127.0.0.1:8766/mcp"}
SCHEMES = {"ws": WS, "wss": WS, "http": HTTP, "https": HTTP}
SPOKEN = {WS: "WebSocket", HTTP: "HTTP", BRIDGE: "standard streams"}


@frozen(kw_only=True)
class Wanted:
    """Which server the client shall use, as whom. `base` is the address of one elsewhere, and `spoken` what is spoken there."""

    base: str | None
    spoken: str | None
    data: str | None
    project: str | None
    agent: str | None
    profile: str | None


@frozen
class Part:
    """What is to be in one file: alone, as a value, and how it gets into a text."""

    file: str
    alone: dict[str, Any]
    merged: Callable[[str], str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from ..actors.profiles import PROFILES

    parser.add_argument("client", choices=sorted(MCP_CLIENTS), help="the client")
    parser.add_argument("--write", action="store_true", help="merge it into the client's file; else it is only printed")
    parser.add_argument("--via", choices=(WS, HTTP, BRIDGE), help="the way to the server (default: bridge for one of this machine)")
    parser.add_argument("--url", help="the server: its data folder, or its ws:// or http:// address (default: found from here)")
    parser.add_argument("--project", help="project (default: $TASKACTORS_PROJECT, else default)")
    parser.add_argument("--agent", help="the agent that the client is (default: $TASKACTORS_AGENT, else you, the person here)")
    parser.add_argument("--profile", choices=sorted(PROFILES), help="list only the tools of this profile (default: all)")
    parser.add_argument("--hooks", action="store_true", help="also have the client tell its agent of new mail")
    parser.add_argument("--json", action="store_true", help="print what there is to write as JSON")


def run(arguments: argparse.Namespace) -> int:
    """0 when the client's files say it, or it was printed what they should."""
    client, wanted = MCP_CLIENTS[arguments.client], _wanted(arguments)
    way = _way(client, wanted, arguments.via)
    parts = [_server(client, way, wanted), *([_hooks(client, wanted)] if arguments.hooks else [])]
    folder = project_folder(os.getcwd())
    # All are merged before one is written: a file that cannot be read must leave the others as they were.
    written = [_write(change) for change in [_change(part, folder) for part in parts]] if arguments.write else []
    steps = _next_steps(client, way, wanted, arguments.hooks)
    if arguments.json:
        files = [{"path": path_of(part.file, folder), "holds": part.alone} for part in parts]
        show_json({"client": client.name, "via": way, "files": files, "written": arguments.write, "next": steps})
        return 0
    for told in written or [_shown(client, part) for part in parts]:
        print(escaped(told, lines=True))
    for step in steps:
        print(f"Next: {escaped(step)}.")
    return 0


def _wanted(arguments: argparse.Namespace) -> Wanted:
    from ..actors.projects import SLUG
    from ..domain.codes import agent_name_problem

    agent, project = arguments.agent or agent_here(), arguments.project or project_here()
    if agent and (problem := agent_name_problem(agent)):
        raise Usage(problem, "give it with --agent")
    if SLUG.fullmatch(project) is None:
        raise Usage(f"{project!r} is no name of a project", "one has 1 to 39 characters: a-z, 0-9 and hyphens")
    url = url_here(arguments.url)
    elsewhere = url is not None and "://" in url
    data = None if elsewhere else url or os.environ.get("TASKACTORS_DATA")
    return Wanted(
        base=_base(url) if url is not None and elsewhere else None,
        spoken=SCHEMES[url.partition("://")[0]] if url is not None and elsewhere else None,
        data=os.path.abspath(os.path.expanduser(data)) if data else None,
        project=None if project == DEFAULT_PROJECT else project,
        agent=agent,
        profile=arguments.profile,
    )


def _base(url: str) -> str:
    if "@" in url:
        # It would be repeated in a file that others read.
        raise Usage("the address says who is calling, maybe with a token", "leave that out: the token comes from TASKACTORS_TOKEN")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise Usage(f"{url} is no address of a server", "give one as in ws://127.0.0.1:8765/mcp, or a data folder")
    if parts.query or parts.path.rstrip("/") not in ("", "/mcp"):
        raise Usage(f"{url} says more than where the server is", "give the rest with --project, --agent and --profile")
    return parts._replace(path="/mcp").geturl()


def _way(client: McpClient, wanted: Wanted, via: str | None) -> str:
    way = via or (wanted.spoken if wanted.spoken in client.ways else BRIDGE)
    if way not in client.ways:
        raise Usage(f"{client.name} does not speak {SPOKEN[way]}", f"use --via {' or '.join(client.ways)}")
    if wanted.spoken not in (None, WS if way == BRIDGE else way):
        raise Usage(f"--via {way} does not go with {wanted.base}", f"give its {'ws' if wanted.spoken == HTTP else 'http'}:// address")
    return way


def _server(client: McpClient, way: str, wanted: Wanted) -> Part:
    if way == BRIDGE:
        entry = bridge_entry(client, _bridge(client, wanted), needs_token=wanted.base is not None)
    else:
        base = wanted.base or _usual_base(way, wanted.data)
        entry = network_entry(client, way, address(base, agent=wanted.agent, project=wanted.project, profile=wanted.profile))
    return Part(client.file, configuration(client, entry), lambda text: with_server(client, text, entry))


def _bridge(client: McpClient, wanted: Wanted) -> list[str]:
    tools = ["--tools", wanted.profile] if wanted.profile else []
    if wanted.base is not None:
        # An address says the project too.
        named = evolve(wanted, data=address(wanted.base, project=wanted.project), project=None)
        return [*_command(), "bridge", *_words(named), *tools]
    # A file for all projects would start a server wherever the client is used.
    return [*_command(), "bridge", *_words(wanted), *tools, *([] if client.is_personal else ["--start"])]


def _words(wanted: Wanted) -> list[str]:
    """The arguments by which our commands find the server, project and agent."""
    given = (("--url", wanted.data), ("--project", wanted.project), ("--agent", wanted.agent))
    return [word for name, value in given if value for word in (name, value)]


def _command() -> list[str]:
    # A checkout that is started by ./run is on nobody's path.
    return ["taskactors"] if shutil.which("taskactors") else [sys.executable, "-P", "-m", "taskactors"]


def _usual_base(way: str, data: str | None) -> str:
    """Where the server of this machine is reached; where it usually is, when it does not run."""
    place = meant(data, os.getcwd())
    note = read_note(place.data) if place is not None else None
    if note is None or note.facts is None:
        return USUAL_URLS[way]
    if (found := note.text(way)) is None:
        raise CliError(f"the server does not serve {SPOKEN[way]}", "restart it without --no-http, or use --via bridge")
    return here(found)


def _hooks(client: McpClient, wanted: Wanted) -> Part:
    if client.hooks_file is None:
        able = " or ".join(each.name for each in MCP_CLIENTS.values() if each.hooks_file)
        raise Usage(f"{client.name} has no hooks that we know of", f"leave --hooks out; it is for {able}")
    if wanted.base is not None:
        raise Usage("hooks ask a server of this machine, by its data folder", "leave --hooks out for one that is elsewhere")
    command = shlex.join([*_command(), "inbox", "--hook", *_words(wanted)])
    alone = {"hooks": {event: [{"hooks": [hook(command)]}] for event in HOOK_EVENTS}}
    return Part(client.hooks_file, alone, lambda text: with_hooks(text, command))


def _next_steps(client: McpClient, way: str, wanted: Wanted, hooks: bool) -> list[str]:
    token = "the token that `taskactors token add` said, or your own in local.token of the data folder"
    steps = []
    if "${input" in client.token and way != BRIDGE:
        steps.append(f"have {token} at hand: the client asks for it")
    elif way != BRIDGE or wanted.base is not None:
        steps.append(f"start the client with TASKACTORS_TOKEN set to {token}")
    if client.name == "codex" and hooks:
        steps.append("approve the hooks in Codex with /hooks")
    return [*steps, client.next_step]


def _change(part: Part, folder: str) -> Change:
    path = path_of(part.file, folder)
    try:
        before = text_at(path)
        return Change(path, before, part.merged(before or ""))
    except NotEditable as wrong:
        raise CliError(
            f"{path}: {wrong}, so nothing was changed", "mend it, or leave --write out and add by hand what is printed"
        ) from None


def _write(change: Change) -> str:
    if not change.is_needed:
        return f"{change.path} says so already."
    kept = put(change)
    return f"Wrote {change.path}" + (f"; what it was is kept in {kept}." if kept else ".")


def _shown(client: McpClient, part: Part) -> str:
    text = as_text(client, part.alone) if part.file == client.file else json.dumps(part.alone, indent=2)
    return f"Put this into {part.file}, or run this again with --write:\n\n{text.rstrip()}\n"
