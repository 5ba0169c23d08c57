"""taskactors agents: who is on the team, and who coordinates it."""

from __future__ import annotations

import argparse

from .arguments import add_action
from .errors import Refused
from .escaping import escaped
from .server import Session
from .shown import show_json, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|promote")
    add_action(actions, "list", "show the team")
    promote = add_action(actions, "promote", "make an agent a coordinator, who may plan, pause and override")
    promote.add_argument("name")
    promote.add_argument("--revoke", action="store_true", help="take it back")


def run(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        if arguments.action == "promote":
            _promote(session, arguments)
        else:
            _list(session, arguments.json)
    return 0


def _list(session: Session, as_json: bool) -> None:
    answer = session.call_as_person("list_agents")
    if as_json:
        show_json(answer)
        return
    rows = [_row(agent) for agent in answer["items"]]
    print(table(("NAME", "ROLE", "HOLDS", "CAN DO", "NOTE"), rows) if rows else "Nobody is on the team yet.")


def _promote(session: Session, arguments: argparse.Namespace) -> None:
    if session.agent is not None:
        raise Refused(
            f"promoting an agent is for a person, and this shell speaks as {session.agent}",
            "run it without --agent, and with TASKACTORS_AGENT unset",
            "not_allowed",
        )
    answer = session.call_as_person("admin.promote_agent", agent_name=arguments.name, coordinator=not arguments.revoke)
    if arguments.json:
        show_json(answer)
    else:
        print(escaped(f"{answer['name']} is {'a coordinator' if answer.get('coordinator') else 'no coordinator'} now."))


def _row(agent: dict[str, Any]) -> tuple[str, ...]:
    note = "coordinator" if agent.get("coordinator") else "never registered itself" if agent.get("provisional") else ""
    return agent["name"], agent["role"], ", ".join(agent["holding"]), ", ".join(agent["capabilities"]), note
