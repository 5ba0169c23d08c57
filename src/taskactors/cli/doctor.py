"""taskactors doctor: look at every step between a client and the server, and say what to do about each that fails."""

from __future__ import annotations

import argparse
import os

from .. import __version__
from . import checks
from .arguments import add_server_arguments
from .checks import PROBLEM, WARNING, Check
from .client_checks import clients
from .credentials import token_for
from .errors import FAILED, NoServer
from .escaping import escaped
from .place import meant, project_folder
from .server import HOW_TO_START, project_here, url_here
from .shown import show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .place import Place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when there is no problem, 1 when there is one; a warning is none."""
    found = []
    for check in _checked(arguments):
        found.append(check)
        if not arguments.json:
            _show(check)
    well = all(check.level != PROBLEM for check in found)
    if arguments.json:
        shown = [{"name": each.name, "level": each.level, "said": each.said, "remedy": each.remedy} for each in found]
        show_json({"ok": well, "checks": shown})
    return 0 if well else FAILED


def _show(check: Check) -> None:
    print(f"{check.level:<{len(WARNING)}}  {escaped(check.name)}: {escaped(check.said)}", flush=True)
    if check.remedy:
        print(f"{'':<{len(WARNING)}}    → {escaped(check.remedy)}", flush=True)


def _checked(arguments: argparse.Namespace) -> Iterator[Check]:
    url = url_here(arguments.url)
    if url is not None and url.startswith(("http://", "https://")):
        yield Check("server", WARNING, f"of {url} only the connection is looked at", "run this on its own machine for the rest")
        yield _round_trip(url, token_for(None))
        return
    try:
        place = meant(url, os.getcwd())
    except NoServer as unreachable:
        if url is None or not url.startswith(("ws://", "wss://")):
            yield Check("server", PROBLEM, unreachable.cause, unreachable.remedy)
            return
        # All that can be seen of a server elsewhere is whether it lets us in.
        yield Check("server", WARNING, f"{unreachable.cause}: only the connection is looked at", "run this on its own machine for the rest")
        yield _round_trip(url, token_for(None))
        return
    if place is None:
        yield Check("data folder", PROBLEM, "no server was ever started for this folder", HOW_TO_START)
        return
    yield from _of_place(place, arguments, url)


def _of_place(place: Place, arguments: argparse.Namespace, url: str | None) -> Iterator[Check]:
    project = arguments.project or place.project or project_here()
    yield checks.data_folder(place.data)
    lock, held = checks.lock(place.data)
    yield lock
    note = checks.read_note(place.data)
    yield checks.server_note(place.data, note, held)
    control, health = checks.control(place, project)
    yield control
    yield from checks.ports(note)
    if note.facts is not None:
        yield checks.same_version(note.text("version"), __version__)
    yield checks.token_file(place.data, held)
    token = token_for(place.data)
    if (http := note.text("http")) is not None:
        from .connecting import token_accepted

        yield token_accepted(http, token)
    yield checks.disk(place.data)
    if health is not None:
        yield checks.clock(health)
        yield checks.health_status(health)
        yield checks.backup_age(health)
    if url is not None and url.startswith(("ws://", "wss://")):
        yield _round_trip(url, token)
    else:
        for known in (note.text("ws"), http):
            if known is not None:
                yield _round_trip(_as_asked(known, project, arguments.agent), token)
    yield from clients(project_folder(os.getcwd()), place.data, note)


def _as_asked(base: str, project: str, agent: str | None) -> str:
    """The address of that project; as an agent only when one was named, because connecting shows them as present."""
    from urllib.parse import quote

    return f"{base}/{quote(project)}" + (f"?agent={quote(agent)}" if agent else "")


def _round_trip(url: str, token: str | None) -> Check:
    from .connecting import round_trip

    return round_trip(url, token)
