"""taskactors task: the board from the shell."""

from __future__ import annotations

import argparse

from .arguments import add_action, positive
from .errors import Refused
from .escaping import escaped
from .server import Session
from .shown import moment, show_json, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ACTIONS = {
    "add": "add a task",
    "list": "list tasks, newest first",
    "show": "show one task whole",
    "claim": "claim a task, or renew the claim on it",
    "release": "give a task back",
    "done": "finish a task",
}
SHOWN_APART = frozenset({"id", "code", "name", "description", "state", "claim", "notes", "acceptance_criteria", "result"})
"""Fields of a whole task that do not go into the table of the others."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
    parsers = {name: add_action(actions, name, what) for name, what in ACTIONS.items()}
    _add_arguments_of_add(parsers["add"])
    _add_arguments_of_list(parsers["list"])
    for name in ("show", "claim", "release", "done"):
        parsers[name].add_argument("code")
    parsers["claim"].add_argument("--lease", type=positive, metavar="S", help="seconds it is held without a sign of life")
    parsers["release"].add_argument("--reason", help="for whoever takes it next")
    parsers["release"].add_argument("--failure", help="class of failure, as in transient or logic_error")
    parsers["done"].add_argument("--summary", help="what was done; kept as a note")


def _add_arguments_of_add(add: argparse.ArgumentParser) -> None:
    add.add_argument("name", help="short title")
    add.add_argument("description", nargs="?", help="what to do (default: the title)")
    add.add_argument("--code", default="TASK", help="code (ARCH-01), or prefix (SEC) for the next number (default: TASK)")
    add.add_argument("--owner", help="agent that alone may claim it")
    add.add_argument("--role", help="role it is for")
    add.add_argument("--priority", type=float, help="0 to 10 (default: 5)")
    add.add_argument("--parent", metavar="CODE", help="task this is a part of")
    add.add_argument("--depends-on", action="append", metavar="CODE", help="task to wait for; may be given again")
    add.add_argument("--capability", action="append", help="what its agent must be able to do; may be given again")
    add.add_argument("--label", action="append", help="word to find it by; may be given again")
    add.add_argument("--accept", action="append", metavar="TEXT", help="when it counts as done; may be given again")
    add.add_argument("--effort", type=positive, metavar="MIN", help="estimated minutes")
    add.add_argument("--due", metavar="TIME", help="RFC 3339 with time zone")
    add.add_argument("--lease", type=positive, metavar="S", help="lease of its claims, seconds")
    add.add_argument("--review", action="store_true", help="somebody other than the implementer must approve it")


def _add_arguments_of_list(listing: argparse.ArgumentParser) -> None:
    listing.add_argument("--state", help="only in this state, as in InProgress")
    listing.add_argument("--owner", help="only this agent's")
    listing.add_argument("--role", help="only for this role")
    listing.add_argument("--label", help="only with this label")
    listing.add_argument("--limit", type=positive, help="so many at most (default: 20)")
    listing.add_argument("--cursor", help="go on where the last list ended")


def run(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        answer = _ask(session, arguments)
    if arguments.json:
        show_json(answer)
    elif arguments.action == "list":
        _show_list(answer)
    elif arguments.action == "show":
        _show_whole(answer)
    else:
        _show_line(answer)
        if arguments.action == "done" and answer["state"] == "Review":
            print(escaped(f"It requires a review: somebody else finishes it with `taskactors task done {answer['code']} --agent NAME`."))
    return 0


def _ask(session: Session, given: argparse.Namespace) -> dict[str, Any]:
    match given.action:
        case "add":
            return _add(session, given)
        case "list":
            return session.call(
                "list_tasks",
                state=given.state,
                owner=given.owner,
                role=given.role,
                label=given.label,
                limit=given.limit,
                cursor=given.cursor,
            )
        case "show":
            return session.call("get_task_by_code", code=given.code)
        case "claim":
            return session.call("claim_task", code=given.code, lease_s=given.lease)
        case "release":
            return session.call("release_task", code=given.code, reason=given.reason, failure=given.failure)
        case _:
            return _finish(session, given.code, given.summary)


def _add(session: Session, given: argparse.Namespace) -> dict[str, Any]:
    return session.call(
        "create_task",
        code=given.code,
        name=given.name,
        description=given.description or given.name,
        owner_agent_name=given.owner,
        role=given.role,
        priority_score=given.priority,
        parent_code=given.parent,
        depends_on=given.depends_on,
        required_capabilities=given.capability,
        labels=given.label,
        acceptance_criteria=given.accept,
        estimated_effort=given.effort,
        due_at=given.due,
        lease_s=given.lease,
        requires_review=given.review or None,
    )


def _finish(session: Session, code: str, summary: str | None) -> dict[str, Any]:
    """Walk the task to Done, starting or resuming it first where the rules want that; a task that needs a review stops in Review.

    What was done is noted once the task has moved, so that a refusal leaves nothing behind.
    """
    task = session.call("get_task_by_code", code=code)
    if task["state"] in ("Created", "Blocked"):
        session.call("set_task_state", code=code, state="InProgress")
    try:
        task = session.call("set_task_state", code=code, state="Done")
    except Refused as no:
        if no.code != "review_required":
            raise
        task = session.call("set_task_state", code=code, state="Review")
    return session.call("update_task", code=code, add_note=summary) if summary else task


def _show_list(answer: dict[str, Any]) -> None:
    rows = [
        (task["code"], task["state"], task["owner_agent_name"], _number(task["priority_score"]), moment(task["inserted_at"]), task["name"])
        for task in answer["items"]
    ]
    print(table(("CODE", "STATE", "OWNER", "PRI", "CREATED", "NAME"), rows) if rows else "No tasks.")
    if "next_cursor" in answer:
        print(escaped(f"More: --cursor {answer['next_cursor']}"))


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _show_line(task: dict[str, Any]) -> None:
    claim = task.get("claim")
    held = f", held by {claim['agent']} with fence {claim['fence']}" if claim else ""
    until = f" until {moment(claim['expires_at'])}" if claim and claim["expires_at"] else ""
    print(escaped(f"{task['code']} {task['state']}{held}{until}: {task['name']}"))


def _show_whole(task: dict[str, Any]) -> None:
    _show_line(task)
    print("\n" + escaped(task["description"], lines=True) + "\n")
    for criterion in task.get("acceptance_criteria", ()):
        print("Done when: " + escaped(criterion))
    rows = [(name, _value(name, value)) for name, value in task.items() if name not in SHOWN_APART and value is not None]
    print(table(("FIELD", "VALUE"), rows))
    for note in task.get("notes", ()):
        print(escaped(f"\n{moment(note['at'])} {note['by']}:", lines=True))
        print("  " + escaped(note["text"], lines=True).replace("\n", "\n  "))


def _value(name: str, value: object) -> str:
    if name.endswith("_at") or name == "not_before":
        return moment(value)
    if isinstance(value, list):
        return ", ".join(each if isinstance(each, str) else " ".join(str(part) for part in each.values()) for each in value)
    return str(value)
