"""taskactors guard: keep a git commit from touching files that another agent has reserved; runs as git's pre-commit hook."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from .arguments import add_server_arguments
from .errors import FAILED, CliError, NoServer, Usage
from .escaping import escaped
from .server import Session
from .shown import show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PAGE = 10_000
HOOK = """#!/bin/sh
# Written by taskactors guard --install: keeps commits from touching what another agent has reserved.
exec '{python}' -P -m taskactors guard
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--install", action="store_true", help="make it the pre-commit hook of this repository")


def run(arguments: argparse.Namespace) -> int:
    """0 when nobody else has reserved what is staged, 1 when somebody has. Without a server nothing is reserved."""
    if arguments.install:
        return _install()
    staged = _git("diff", "--cached", "--name-only", "--no-renames", "-z").split("\0")[:-1]
    if not staged:
        return 0
    try:
        conflicts = _conflicts(arguments, staged)
    except NoServer as none:
        print(f"taskactors guard: {none.cause}, so nothing was checked", file=sys.stderr)
        return 0
    if arguments.json:
        show_json({"conflicts": conflicts})
    elif conflicts:
        _tell(conflicts)
    return FAILED if conflicts else 0


def _conflicts(arguments: argparse.Namespace, staged: list[str]) -> list[dict[str, Any]]:
    with Session(arguments) as session:
        found: list[dict[str, Any]] = []
        for start in range(0, len(staged), PAGE):
            answer = session.call_as_person("admin.check_files", paths=staged[start : start + PAGE], agent=session.agent)
            found += answer["conflicts"]
    return found


def _tell(conflicts: list[dict[str, Any]]) -> None:
    print("taskactors guard: this commit touches files that somebody else has reserved", file=sys.stderr)
    for each in conflicts:
        until = f" until {each['until']}" if each.get("until") else f" with {each['task']}" if each.get("task") else ""
        print("  " + escaped(f"{each['path']}: {each['agent']}{until}"), file=sys.stderr)
    print("  ask them, wait for it with reserve_files, or commit the rest; git commit --no-verify overrides this", file=sys.stderr)


def _install() -> int:
    hooks = _git("rev-parse", "--git-path", "hooks").strip()
    path = os.path.join(hooks, "pre-commit")
    if os.path.lexists(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            if "taskactors guard" not in file.read():
                raise CliError(f"there is a hook already: {path}", "add a line to it: taskactors guard || exit 1")
    os.makedirs(hooks, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(HOOK.format(python=sys.executable))
    os.chmod(path, 0o755)
    print(f"Installed as {path}.")
    return 0


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=True)
    except FileNotFoundError:
        raise CliError("git is not installed here") from None
    except subprocess.CalledProcessError as failed:
        raise Usage(f"git says: {os.fsdecode(failed.stderr).strip()}", "run it inside a git repository") from None
    return os.fsdecode(done.stdout)
