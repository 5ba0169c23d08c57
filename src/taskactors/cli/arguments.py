"""The parser of a command, and the arguments that several commands share."""

from __future__ import annotations

import argparse
import os

from .escaping import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

USUAL_COLUMNS = 80


def parser_of(name: str, what: str) -> argparse.ArgumentParser:
    """A parser that takes whole names of options only."""
    return _Parser(prog=name, description=what, allow_abbrev=False, formatter_class=_Help)


def add_action(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str) -> argparse.ArgumentParser:
    """The parser of one action of a command, with the arguments that say which server is meant."""
    parser = actions.add_parser(name, help=what, description=what, allow_abbrev=False, formatter_class=_Help)
    add_server_arguments(parser)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command without repeating to the terminal what may move it: such words are often pasted."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message, lines=True))


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal. Without a width of ours every parser, used for help or not, loads a module to find it out."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or USUAL_COLUMNS
    except ValueError:
        pass
    try:
        return os.get_terminal_size().columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the server is, for which project, and as whom to speak."""
    what = "its data folder, control socket or address, as in https://board.example:8766"
    parser.add_argument("--url", help=f"the server: {what} (default: $TASKACTORS_URL, else found from here)")
    parser.add_argument("--project", help="project (default: $TASKACTORS_PROJECT, else default)")
    parser.add_argument("--agent", help="speak as this agent (default: $TASKACTORS_AGENT, else you, the person here)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def positive(text: str) -> int:
    """A whole number from 1 up."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number
