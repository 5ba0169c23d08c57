"""taskactors task: the board from the shell."""

import argparse
from typing import Any

from .server import Server, add_server_arguments
from .shown import escaped, moment, show_json, table

LISTED = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|show|claim|release|done")
    add = _action(actions, "add", "add a task")
    add.add_argument("name", help="short title")
    add.add_argument("description", nargs="?", help="what to do (default: the title)")
    add.add_argument("--code", default="TASK", help="code (ARCH-01) or prefix (SEC) (default: TASK)")
    add.add_argument("--owner", help="agent that alone may claim it")
    add.add_argument("--role", help="role it is for")
    add.add_argument("--priority", type=float, help="0 to 10 (default: 5)")
    add.add_argument("--depends-on", action="append", metavar="CODE", help="a task to wait for; may be given again")
    add.add_argument("--capability", action="append", help="what its agent must be able to do; may be given again")
    add.add_argument("--review", action="store_true", help="somebody other than the implementer must approve it")
    listing = _action(actions, "list", "list tasks, newest first")
    listing.add_argument("--state")
    listing.add_argument("--owner")
    listing.add_argument("--limit", type=int, default=LISTED)
    listing.add_argument("--cursor", help="go on where the last list ended")
    _action(actions, "show", "show one task whole").add_argument("code")
    claim = _action(actions, "claim", "claim a task")
    claim.add_argument("code")
    claim.add_argument("--lease", type=int, help="seconds")
    release = _action(actions, "release", "give a task back")
    release.add_argument("code")
    release.add_argument("--reason")
    release.add_argument("--failure", help="class of failure, as in transient or logic_error")
    done = _action(actions, "done", "finish a task")
    done.add_argument("code")
    done.add_argument("--note", help="what was done")


def _action(actions: Any, name: str, what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=what, allow_abbrev=False)
    add_server_arguments(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    answer = _ask(Server(arguments), arguments)
    if arguments.json:
        show_json(answer)
    elif arguments.action == "list":
        _show_list(answer)
    elif arguments.action == "show":
        _show_whole(answer)
    else:
        _show_line(answer)
    return 0


def _ask(server: Server, given: argparse.Namespace) -> dict[str, Any]:
    match given.action:
        case "add":
            return server.call(
                "create_task",
                code=given.code,
                name=given.name,
                description=given.description or given.name,
                owner_agent_name=given.owner,
                role=given.role,
                priority_score=given.priority,
                depends_on=given.depends_on,
                required_capabilities=given.capability,
                requires_review=given.review or None,
            )
        case "list":
            return server.call("list_tasks", state=given.state, owner=given.owner, limit=given.limit, cursor=given.cursor)
        case "show":
            return server.call("get_task_by_code", code=given.code)
        case "claim":
            return server.call("claim_task", code=given.code, lease_s=given.lease)
        case "release":
            return server.call("release_task", code=given.code, reason=given.reason, failure=given.failure)
        case _:
            if given.note:
                server.call("update_task", code=given.code, add_note=given.note)
            return server.call("set_task_state", code=given.code, state="Done")


def _show_list(answer: dict[str, Any]) -> None:
    rows = [
        (task["code"], task["state"], task["owner_agent_name"], f"{task['priority_score']:g}", moment(task["inserted_at"]), task["name"])
        for task in answer["items"]
    ]
    print(table(("CODE", "STATE", "OWNER", "PRI", "CREATED", "NAME"), rows) if rows else "No tasks.")
    if "next_cursor" in answer:
        print(f"More: --cursor {answer['next_cursor']}")


def _show_line(task: dict[str, Any]) -> None:
    claim = task.get("claim")
    held = f", held by {claim['agent']} with fence {claim['fence']}" if claim else ""
    until = f" until {moment(claim['expires_at'])}" if claim and claim["expires_at"] else ""
    print(escaped(f"{task['code']} {task['state']}{held}{until}: {task['name']}"))


def _show_whole(task: dict[str, Any]) -> None:
    _show_line(task)
    print("\n" + escaped(task["description"], lines=True) + "\n")
    shown = {"id", "code", "name", "description", "state", "claim"}
    rows = [(name, _value(name, value)) for name, value in task.items() if name not in shown and value is not None]
    print(table(("FIELD", "VALUE"), rows))


def _value(name: str, value: object) -> str:
    if name.endswith("_at") or name == "not_before":
        return moment(str(value))
    if isinstance(value, list):
        return ", ".join(each if isinstance(each, str) else " ".join(str(part) for part in each.values()) for each in value)
    return str(value)
