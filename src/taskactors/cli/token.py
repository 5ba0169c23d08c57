"""taskactors token: let agents and people in, see who may come, and turn them out again."""

from __future__ import annotations

import argparse
import re
import sys

from .arguments import add_action
from .errors import CliError, LostServer, NoServer, Refused, Usage
from .escaping import escaped
from .server import Session, stopped_place
from .shown import show_json, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|revoke")
    add = add_action(actions, "add", "make a token for an agent or a person; it is shown once")
    add.add_argument("name", help="whom it names, as in backend-2")
    add.add_argument("--scope", choices=("read", "write", "admin"), default="write", help="what it allows (default: write)")
    add.add_argument("--for-project", action="append", default=[], metavar="PROJECT", help="a project it may enter (default: all)")
    add.add_argument("--role", help="what the agent is in a project that it is new to; also picks the tools that are listed to it")
    add.add_argument("--expires", metavar="TIME", help="for how long it is good, as in 12h or 30d (default: for ever)")
    add.add_argument("--person", action="store_true", help="it is for a person, not for an agent")
    add_action(actions, "list", "show who has one, and when it was last used")
    revoke = add_action(actions, "revoke", "make tokens worthless now, and end what they have open")
    revoke.add_argument("id", help="the id of one token, or the name of its holder for all of theirs")


def run(arguments: argparse.Namespace) -> int:
    match arguments.action:
        case "add":
            _add(arguments)
        case "list":
            _list(arguments)
        case _:
            _revoke(arguments)
    return 0


def _add(arguments: argparse.Namespace) -> None:
    answer = _asked(
        arguments,
        "add_token",
        name=arguments.name,
        scope=arguments.scope,
        projects=arguments.for_project or None,
        role=arguments.role,
        person=True if arguments.person else None,
        expires_s=_seconds(arguments.expires) if arguments.expires else None,
    )
    if arguments.json:
        show_json(answer)
        return
    print(answer["token"])
    until = f" until {answer['expires_at']}" if "expires_at" in answer else ""
    where = f" in {', '.join(answer['projects'])}" if "projects" in answer else ""
    # Beside the token, so that `TASKACTORS_TOKEN=$(taskactors token add ada)` has nothing but it.
    print(escaped(f"{answer['name']} may {answer['scope']}{where}{until} (token {answer['id']})."), file=sys.stderr)
    print("It is not shown again: put it into TASKACTORS_TOKEN.", file=sys.stderr)


def _list(arguments: argparse.Namespace) -> None:
    answer = _asked(arguments, "list_tokens")
    if arguments.json:
        show_json(answer)
        return
    print(table(("ID", "NAME", "KIND", "MAY", "WHERE", "UNTIL", "LAST USED"), [_row(token) for token in answer["items"]]))


def _revoke(arguments: argparse.Namespace) -> None:
    answer = _asked(arguments, "revoke_token", id=arguments.id)
    if arguments.json:
        show_json(answer)
        return
    for token in answer["items"]:
        again = "; a new one is in its place" if token["id"] == "local" else ""
        print(escaped(f"Token {token['id']} of {token['name']} is worthless now{again}."))


def _row(token: dict[str, Any]) -> tuple[str, ...]:
    return (
        token["id"],
        token["name"],
        token["kind"],
        token["scope"],
        ", ".join(token.get("projects", ("everywhere",))),
        token.get("expires_at", ""),
        token.get("last_used_at", "never"),
    )


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,7})([smhdw])", text)
    if found is None:
        raise Usage(f"--expires {text!r} is no time", "give a number and a unit, as in 12h, 30d or 4w")
    return int(found[1]) * UNITS_S[found[2]]


def _asked(arguments: argparse.Namespace, what: str, **given: Any) -> dict[str, Any]:
    """The server's answer; that of its data when none runs, for a team is let in before it begins."""
    try:
        with Session(arguments) as session:
            if session.agent is not None:
                raise Refused(
                    f"tokens are given out by people, and this shell speaks as {session.agent}",
                    "run it without --agent, and with TASKACTORS_AGENT unset",
                    "not_allowed",
                )
            return session.call_as_person(f"admin.{what}", **given)
    except LostServer:
        raise
    except NoServer:
        place = stopped_place(arguments.url)
        if place is None:
            raise
        return _offline(place.data, what, {name: value for name, value in given.items() if value is not None})


def _offline(data: str, what: str, given: dict[str, Any]) -> dict[str, Any]:
    from pathlib import Path

    from ..actors.admin import ADMIN
    from ..actors.arguments import Arguments
    from ..app import ask_tokens_offline
    from ..domain.errors import Refusal
    from ..storage.errors import StorageError

    try:
        return dict(ask_tokens_offline(Path(data), Arguments(ADMIN[f"admin.{what}"].request).structure(given, what)))  # type: ignore[arg-type]
    except Refusal as no:
        raise Refused(no.cause(), no.remedy(), no.code) from None
    except StorageError as error:
        raise CliError(str(error)) from None
