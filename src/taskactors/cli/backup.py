"""taskactors backup: a verified copy of a project's data, while the server serves it."""

from __future__ import annotations

import argparse
import os

from .arguments import add_server_arguments
from .escaping import escaped
from .server import Session
from .shown import show_json

WITHIN_S = 3_600
"""A store of many gigabytes takes its time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--to", metavar="DIR", help="folder to put it into (default: the server's own for this project)")


def run(arguments: argparse.Namespace) -> int:
    to = os.path.abspath(os.path.expanduser(arguments.to)) if arguments.to else None
    with Session(arguments, within_s=WITHIN_S + 60) as session:
        answer = session.call_as_person("admin.backup", to=to, wait_s=WITHIN_S)
    if arguments.json:
        show_json(answer)
    else:
        print(escaped(f"Project {session.project} is backed up and checked: {answer['path']}"))
        print(f"{answer['events']} events, {answer['bytes']} bytes, in {answer['seconds']:g} s. `taskactors restore` puts it back.")
    return 0
