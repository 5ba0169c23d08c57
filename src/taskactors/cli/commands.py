"""The commands by name: each is imported only when it is asked for."""

from __future__ import annotations

import os
import sys

from .errors import FAILED, WRONG_USAGE, CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

INTERRUPTED = 130

COMMANDS = {
    "serve": "run the server",
    "bridge": "lead an MCP client that speaks over standard streams to the server",
    "connect": "have Claude Code, Codex, Cursor or VS Code use the server",
    "demo": "watch a team of six agents work a plan",
    "task": "add, list, show, claim, release and finish tasks",
    "plan": "create a plan from a file, see what waits for what",
    "agents": "list the team, make an agent a coordinator",
    "send": "tell an agent, a role or everybody",
    "inbox": "read your messages",
    "wait": "block until there is work, mail or news",
    "tail": "show what happens, as it happens",
    "pause": "hold an agent, a role or the project back, or let go on",
    "guard": "keep a git commit off files that another agent has reserved",
    "log": "one line from one role to another, as log.sh does",
    "token": "let agents and people in, and turn them out again",
    "backup": "write a verified copy of a project, while a server serves it or without one",
    "restore": "put a backup in the place of a project of a stopped server",
    "doctor": "find out why a client does not connect, and what to do about it",
    "verify": "check everything that must be true of the stored data, or of a backup",
    "retain": "drop history that nobody needs any more",
    "redact": "remove a secret from everything that was written",
}


def run(argv: Sequence[str]) -> int:
    """Run one command; its errors are one line of cause and one of remedy."""
    _tolerate_any_text()
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except CliError as error:
        _tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return FAILED
    except OSError as error:
        _drop_output()
        print(f"taskactors: {error}", file=sys.stderr)
        return FAILED
    return code


def _drop_output() -> None:
    """What is still buffered cannot be written any more; the interpreter must not try again at its end."""
    try:
        out = sys.stdout.fileno()
    except OSError:
        return  # a stand-in without a file
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out)
    os.close(nowhere)


def _tolerate_any_text() -> None:
    """An old locale cannot print every letter; that must not end a command that has done its work."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _dispatch(argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_help(), file=sys.stdout if argv else sys.stderr)
        return 0 if argv else WRONG_USAGE
    if argv[0] in ("-V", "--version"):
        from .. import __version__

        print(f"taskactors {__version__}")
        return 0
    if argv[0] not in COMMANDS:
        print(f"taskactors: there is no command {argv[0]!r}\n{_help()}", file=sys.stderr)
        return WRONG_USAGE
    return _run_command(argv[0], argv[1:])


def _run_command(name: str, rest: Sequence[str]) -> int:
    from importlib import import_module

    module = import_module(f"taskactors.cli.{name}")
    try:
        # A command may do without a parser, for some words or for all: it answers None to those that need one.
        code: int | None = module.run_words(rest) if hasattr(module, "run_words") else None
        return _run_parsed(module, name, rest) if code is None else code
    except SystemExit as usage:
        # argparse ends the process where it finds wrong usage; whoever calls main in their own process wants the code.
        return usage.code if isinstance(usage.code, int) else WRONG_USAGE


def _run_parsed(module: Any, name: str, rest: Sequence[str]) -> int:
    from .arguments import parser_of

    parser = parser_of(f"taskactors {name}", COMMANDS[name])
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(list(rest)))
    return code


def _tell(error: CliError) -> None:
    from .escaping import escaped

    sys.stdout.flush()
    print(f"taskactors: {escaped(error.cause)}", file=sys.stderr)
    for problem in error.problems:
        print(f"  {escaped(problem)}", file=sys.stderr)
    if error.remedy:
        print(f"  {escaped(error.remedy)}", file=sys.stderr)


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "usage: taskactors COMMAND …\n\n" + "\n".join(lines) + "\n\ntaskactors COMMAND --help shows its arguments."
