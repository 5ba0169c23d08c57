"""taskactors log: one line from one role to another, as log.sh does."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import CliError, NoServer, Usage
from .logline import log
from .server import DATA_FOLDER, Server, add_server_arguments, data_folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("line", nargs="+", help='as in "BACKEND → QA: schema is ready"')


def run(arguments: argparse.Namespace) -> int:
    line = " ".join(arguments.line).strip()
    if not line:
        raise Usage("there is nothing to log", 'say something, as in taskactors log "BACKEND → QA: schema is ready"')
    # Sent by the person here on the role's behalf, whoever else this shell speaks as.
    arguments.agent = None
    told = log(line.replace("\n", " "), _caller(arguments), _data_folder(arguments))
    if told:
        print(f"taskactors: {told}", file=sys.stderr)
    return 0


def _caller(arguments: argparse.Namespace) -> Callable[..., Any] | None:
    try:
        server = Server(arguments)
    except NoServer:
        return None

    def call(method: str, **given: Any) -> Any:
        try:
            return server.call(method, **given)
        except NoServer as gone:
            raise ConnectionError(str(gone).splitlines()[0]) from None
        except CliError as refused:
            raise ValueError(str(refused).replace("\n", ";")) from None

    return call


def _data_folder(arguments: argparse.Namespace) -> Path:
    named = arguments.url or os.environ.get("TASKACTORS_URL")
    if named and not named.startswith(("ws://", "wss://")):
        return Path(named) if Path(named).is_dir() else Path(named).parent
    return next((folder for folder in data_folders(Path.cwd()) if folder.is_dir()), Path.cwd() / DATA_FOLDER)
