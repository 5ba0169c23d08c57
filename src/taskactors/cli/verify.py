"""taskactors verify: check everything that must be true of the stored data."""

from __future__ import annotations

import argparse
import os

from .arguments import add_server_arguments
from .backup import backup_folder
from .errors import FAILED, CliError, LostServer, NoServer, Usage
from .escaping import escaped
from .server import Session, stopped_place
from .shown import show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHECKED = "records, checksums, event chain, indexes, counters and claims"
PROJECTS_FOLDER = "projects"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", nargs="?", metavar="BACKUP", help="check this backup instead of a server's data")
    add_server_arguments(parser)
    parser.add_argument("--data", help="check the data folder of a stopped server, every project in it (default: found from here)")


def run(arguments: argparse.Namespace) -> int:
    answer = _checked(arguments)
    if arguments.json:
        show_json(answer)
    else:
        for finding in answer["findings"]:
            print(escaped(finding))
        count = len(answer["findings"])
        said = f"Clean: {CHECKED}" if answer["clean"] else f"{count} {'finding' if count == 1 else 'findings'} in {CHECKED}"
        print(escaped(f"{said} of {answer['checked']}."))
    return 0 if answer["clean"] else FAILED


def _checked(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.backup and arguments.data:
        raise Usage("a backup and --data cannot both be checked", "leave one of them out")
    if arguments.backup:
        return _backup(backup_folder(arguments.backup))
    if arguments.data:
        return _offline(os.path.abspath(os.path.expanduser(arguments.data)))
    return _online_or_offline(arguments)


def _online_or_offline(arguments: argparse.Namespace) -> dict[str, Any]:
    try:
        with Session(arguments) as session:
            answer = session.call_as_person("admin.verify")
    except LostServer:
        raise
    except NoServer:
        place = stopped_place(arguments.url)
        if place is None:
            raise
        return _offline(place.data)
    return answer | {"checked": f"project {session.project}, by the server that runs on it"}


def _offline(folder: str) -> dict[str, Any]:
    # Looked at first: opening a folder for checking writes a lock into it, which has no place in a folder of something else.
    if not os.path.isdir(os.path.join(folder, PROJECTS_FOLDER)):
        raise CliError(f"there is no data of a server in {folder}", "name its data folder with --data")
    from pathlib import Path

    from ..app import verify_offline
    from ..storage.errors import StorageError

    try:
        findings = verify_offline(Path(folder))
    except StorageError as error:
        raise CliError(str(error)) from None
    return {"clean": not findings, "findings": findings, "checked": f"every project in {folder}"}


def _backup(folder: str) -> dict[str, Any]:
    from pathlib import Path

    from ..app import verify_backup
    from ..storage.errors import StorageError

    try:
        findings = verify_backup(Path(folder))
    except StorageError as error:
        raise CliError(str(error)) from None
    return {"clean": not findings, "findings": findings, "checked": f"the backup in {folder}"}
