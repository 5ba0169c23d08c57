"""taskactors backup: a verified copy of a project's data, while a server serves it or without one."""

from __future__ import annotations

import argparse
import os

from .arguments import add_server_arguments
from .errors import CliError, LostServer, NoServer, Usage
from .escaping import escaped
from .place import Place
from .server import Session, project_here, reached, stopped_place
from .shown import show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DATA_FILE = "data.mdb"

WITHIN_S = 3_600
"""A store of many gigabytes takes its time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--to", metavar="DIR", help="folder to put it into (default: the server's own for this project)")


def run(arguments: argparse.Namespace) -> int:
    to = os.path.abspath(os.path.expanduser(arguments.to)) if arguments.to else None
    project, answer = _by_the_server(arguments, to) or _offline(arguments, to)
    if arguments.json:
        show_json(answer)
        return 0
    print(escaped(f"Project {project} is backed up and checked: {answer['path']}"))
    took = f", in {answer['seconds']:g} s" if "seconds" in answer else ""
    print(f"{answer['events']} events, {answer['bytes']} bytes{took}. `taskactors restore` puts it back.")
    return 0


def backup_folder(named: str) -> str:
    """The folder of a backup that is named by its folder or its data file. Raises CliError when there is none."""
    path = os.path.abspath(os.path.expanduser(named))
    folder = os.path.dirname(path) if os.path.basename(path) == DATA_FILE else path
    if not os.path.isfile(os.path.join(folder, DATA_FILE)):
        raise CliError(f"there is no backup in {folder}", "name the folder that `taskactors backup` printed")
    return folder


def _by_the_server(arguments: argparse.Namespace, to: str | None) -> tuple[str, dict[str, Any]] | None:
    if to is not None and not isinstance(reached(arguments.url), Place):
        raise Usage(
            "--to names a folder of the server's machine, and this is another", "leave it out: the server has a place for its backups"
        )
    try:
        with Session(arguments, within_s=WITHIN_S + 60) as session:
            return session.project, session.call_as_person("admin.backup", to=to, wait_s=WITHIN_S)
    except LostServer:
        raise
    except NoServer:
        if stopped_place(arguments.url) is None:
            raise
    return None


def _offline(arguments: argparse.Namespace, to: str | None) -> tuple[str, dict[str, Any]]:
    place = stopped_place(arguments.url)
    assert place is not None
    project = arguments.project or place.project or project_here()
    # Looked at first: owning a folder writes a lock into it, which has no place in a folder of something else.
    if not os.path.isdir(os.path.join(place.data, "projects", project)):
        raise CliError(f"there is no project {project} in {place.data}", "name the server with --url and the project with --project")
    from pathlib import Path

    from ..actors.refusals import BackupFailed
    from ..app import backup_offline
    from ..storage.errors import StorageError

    try:
        return project, dict(backup_offline(Path(place.data), project, Path(to) if to else None))
    except BackupFailed as failed:
        raise CliError(failed.cause(), failed.remedy()) from None
    except StorageError as error:
        raise CliError(str(error)) from None
