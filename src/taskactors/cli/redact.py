"""taskactors redact: remove a secret from everything that was written. It is read from the standard input, which no history keeps."""

from __future__ import annotations

import argparse
import sys

from .arguments import add_server_arguments
from .errors import FAILED, Usage
from .escaping import escaped
from .server import Session
from .shown import show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        answer = session.call_as_person("admin.redact", text=_secret())
    if arguments.json:
        show_json(answer)
    else:
        changed = ", ".join(answer["redacted"]) or "no record"
        print(escaped(f"Removed from {changed}; from {answer['events']} events and {answer['replies']} stored answers."))
        print("Backups made before still hold it: make one now, then remove the older ones.")
        for place in answer["left"]:
            print(escaped(f"Still part of a name in {place}."))
    return FAILED if answer["left"] else 0


def _secret() -> str:
    if sys.stdin.isatty():
        import getpass

        secret = getpass.getpass("What is to be removed (not shown): ")
    else:
        secret = sys.stdin.read().removesuffix("\n")
    if not secret:
        raise Usage("there is nothing to remove", "give the text on the standard input: taskactors redact < FILE")
    return secret
