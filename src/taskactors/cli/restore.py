"""taskactors restore: put a backup in the place of a project, on a stopped server's data."""

from __future__ import annotations

import argparse
import os

from .backup import backup_folder
from .errors import CliError
from .escaping import escaped
from .place import meant
from .server import url_here
from .shown import show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", metavar="BACKUP", help="a backup's folder, as `taskactors backup` printed it")
    parser.add_argument("--project", default="default", help="project to put it in the place of (default: default)")
    parser.add_argument("--data", metavar="DIR", help="data folder of the stopped server (default: found from here)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from ..actors.projects import SLUG
    from ..app import restore_offline
    from ..storage.errors import StorageError

    if SLUG.fullmatch(arguments.project) is None:
        raise CliError(f"{arguments.project!r} is no name for a project", "use lower-case letters, digits and hyphens, up to 39")
    backup = Path(backup_folder(arguments.backup))
    data = Path(_data(arguments))
    try:
        replaced = restore_offline(data, arguments.project, backup)
    except StorageError as error:
        raise CliError(str(error)) from None
    if arguments.json:
        show_json({"project": arguments.project, "backup": str(backup), "data": str(data), "replaced": str(replaced) if replaced else None})
        return 0
    print(escaped(f"Project {arguments.project} in {data} is now what {backup} holds."))
    if replaced is not None:
        print(escaped(f"What was there before is kept in {replaced}."))
    return 0


def _data(arguments: argparse.Namespace) -> str:
    if arguments.data:
        return os.path.abspath(os.path.expanduser(str(arguments.data)))
    place = meant(url_here(None), os.getcwd())
    if place is None:
        raise CliError("no data folder was found from here", "name the server's data folder with --data")
    return place.data
