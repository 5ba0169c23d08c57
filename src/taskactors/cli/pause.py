"""taskactors pause: hold an agent, a role or the project back from new work, or let go on."""

from __future__ import annotations

import argparse

from .arguments import add_server_arguments
from .escaping import escaped
from .server import Session
from .shown import show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("target", help="an agent, role:qa, or project")
    parser.add_argument("--off", action="store_true", help="let go on")
    parser.add_argument("--reason", help="told to everybody who is held back")


def run(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        answer = session.call("set_pause", target=arguments.target, paused=not arguments.off, reason=arguments.reason)
    if arguments.json:
        show_json(answer)
    elif answer["paused"]:
        print("Paused: " + escaped(", ".join(f"{each['target']} (by {each['by']})" for each in answer["paused"])))
    else:
        print("Nobody is paused.")
    return 0
