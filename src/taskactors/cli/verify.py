"""taskactors verify: check everything that must be true of the stored data."""

import argparse
from pathlib import Path
from typing import Any

from .errors import CliError, NoServer
from .server import Server, add_server_arguments, data_folders
from .shown import escaped, show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--data", help="data folder of a stopped server (default: found from here)")


def run(arguments: argparse.Namespace) -> int:
    answer = _offline(Path(arguments.data)) if arguments.data else _online_or_offline(arguments)
    if arguments.json:
        show_json(answer)
    else:
        for finding in answer["findings"]:
            print(escaped(finding))
        checked = "records, checksums, event chain, indexes, counters and claims"
        print(
            f"Clean: {checked} of {answer['checked']}."
            if answer["clean"]
            else f"{len(answer['findings'])} findings in {answer['checked']}."
        )
    return 0 if answer["clean"] else 1


def _online_or_offline(arguments: argparse.Namespace) -> dict[str, Any]:
    try:
        answer = Server(arguments).call("admin.verify")
    except NoServer:
        folder = next((each for each in data_folders(Path.cwd()) if each.is_dir()), None)
        if folder is None or arguments.url:
            raise
        return _offline(folder)
    return answer | {"checked": f"project {arguments.project}, served now"}


def _offline(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise CliError(f"there is no data folder {folder}", "name one with --data")
    from ..app import verify_offline
    from ..storage.errors import StorageError

    try:
        found = verify_offline(folder.absolute())
    except StorageError as error:
        raise CliError(str(error)) from None
    return {"clean": not found, "findings": found, "checked": f"{folder}"}
