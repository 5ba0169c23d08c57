"""The commands by name: each is imported only when it is asked for."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from .errors import CliError

USAGE, INTERRUPTED = 2, 130


class Command(Protocol):
    """What a command's module holds."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


COMMANDS = {
    "serve": "run the server",
    "demo": "watch a team of six agents work a plan",
    "task": "add, list, show, claim, release and finish tasks",
    "agents": "list the team, make an agent a coordinator",
    "send": "tell an agent, a role or everybody",
    "inbox": "read your messages",
    "log": "one line from one role to another, as log.sh does",
    "verify": "check everything that must be true of the stored data",
}


def run(argv: Sequence[str]) -> int:
    """Run one command; its errors are one line of cause and one of remedy."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_help())
        return 0 if argv else USAGE
    if argv[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"taskactors {version('taskactors')}")
        return 0
    if argv[0] not in COMMANDS:
        print(f"taskactors: there is no command {argv[0]!r}\n{_help()}", file=sys.stderr)
        return USAGE
    try:
        return _run_command(argv[0], argv[1:])
    except CliError as error:
        print(f"taskactors: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it; there is nobody left to tell.
        sys.stderr.close()
        return 0


def _run_command(name: str, rest: Sequence[str]) -> int:
    module = importlib.import_module(f"taskactors.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"taskactors {name}", description=COMMANDS[name], allow_abbrev=False)
    add: Callable[[argparse.ArgumentParser], None] = module.add_arguments
    add(parser)
    result: int = module.run(parser.parse_args(list(rest)))
    return result


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "usage: taskactors COMMAND …\n\n" + "\n".join(lines) + "\n\ntaskactors COMMAND --help shows its arguments."
