"""taskactors plan: create a whole plan from a file, and see what waits for what."""

from __future__ import annotations

import argparse
import sys

from .arguments import add_server_arguments
from .errors import CliError, Refused, Usage
from .escaping import escaped
from .server import Session
from .shown import show_json, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

KEYS = frozenset({"tasks", "parent"})
DEEPEST = 32
"""Levels of the tree of what waits; below it only says that there is more."""

PLAIN = "blocks"
"""The kind of dependency that goes without saying."""

NOTHING_CREATED = "nothing was created; docs/examples/plan.toml shows how a plan is written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument(
        "what", nargs="*", metavar="FILE | CODE", help="a plan in TOML or JSON, - for JSON from standard input; with --graph, codes"
    )
    parser.add_argument("--parent", metavar="CODE", help="make the plan the parts of this task")
    parser.add_argument("--dry-run", action="store_true", help="check the file and show what would be created, without a server")
    parser.add_argument("--idempotency-key", metavar="KEY", help="said again with the same key, the plan is created once")
    parser.add_argument("--graph", action="store_true", help="show what waits for what, around these codes or all that is open")
    parser.add_argument("--mermaid", action="store_true", help="with --graph: as a drawing in Mermaid")


def run(arguments: argparse.Namespace) -> int:
    if arguments.graph:
        if arguments.parent or arguments.dry_run or arguments.idempotency_key:
            raise Usage("--graph only looks", "leave out --parent, --dry-run and --idempotency-key")
        return _graph(arguments)
    if arguments.mermaid:
        raise Usage("--mermaid is a way to show a graph", "add --graph")
    if len(arguments.what) != 1:
        raise Usage("a plan is one file", "name it, or give --graph to see what waits for what")
    return _plan(arguments, arguments.what[0])


def _plan(arguments: argparse.Namespace, name: str) -> int:
    plan = _read(name)
    if arguments.parent:
        plan["parent"] = arguments.parent
    # The server checks everything; here only what would never get there as what it is, and a dry run, which does not ask it.
    if arguments.dry_run or not plan.keys() <= KEYS or not isinstance(plan.get("tasks"), list):
        from .plan_checks import problems_of

        if problems := problems_of(plan):
            raise CliError(f"{name} is no plan", NOTHING_CREATED, problems)
    if arguments.dry_run:
        return _would_be(plan["tasks"], plan.get("parent"), arguments.json)
    answer = _created(arguments, name, plan)
    if arguments.json:
        show_json(answer)
        return 0
    names = {task["ref"]: task["name"] for task in plan["tasks"]}
    rows = [[each["ref"], each["code"], each["state"], names[each["ref"]]] for each in answer["items"]]
    print(table(["REF", "CODE", "STATE", "NAME"], rows))
    if "parent" in answer:
        print(escaped(f"{answer['parent']['code']} is {answer['parent']['state']} until its parts are Done."))
    return 0


def _created(arguments: argparse.Namespace, name: str, plan: dict[str, Any]) -> dict[str, Any]:
    with Session(arguments) as session:
        try:
            return session.call("plan_tasks", **plan, idempotency_key=arguments.idempotency_key)
        except Refused as no:
            if no.code != "invalid_arguments":
                raise
            from .plan_checks import problems_of

            # Its list of problems ends where a model has read enough; whoever mends a file wants them all.
            if not (problems := problems_of(plan)):
                raise
            raise CliError(f"{name} is no plan", NOTHING_CREATED, problems) from None


def _read(name: str) -> dict[str, Any]:
    import json
    import tomllib

    try:
        if name == "-":
            found = json.load(sys.stdin)
        else:
            with open(name, "rb") as file:
                found = json.load(file) if name.endswith(".json") else tomllib.load(file)
        # TOML has moments and infinity, which no plan has and JSON cannot say.
        plain = json.loads(json.dumps(found, default=str, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise CliError(f"{name} cannot be read: {error}", "write it in TOML, or in JSON with .json at the end of its name") from None
    # A list alone says the same as an object that has nothing else.
    if isinstance(plain, list):
        return {"tasks": plain}
    if isinstance(plain, dict):
        return plain
    raise CliError(f"{name} is no plan: it has one value alone", NOTHING_CREATED)


def _would_be(tasks: list[dict[str, Any]], parent: str | None, as_json: bool) -> int:
    if as_json:
        show_json({"tasks": tasks, "parent": parent})
        return 0
    rows = [[task["ref"], task["code"], ", ".join(_waits_for(task)), task["name"]] for task in tasks]
    print(table(["REF", "CODE", "WAITS FOR", "NAME"], rows))
    named = {name for task in tasks for name in (*_waits_for(task), *([task["parent"]] if task.get("parent") else []))}
    if others := sorted(named - {task["ref"] for task in tasks}):
        print(escaped(f"Not of this plan, so they have to be tasks that exist: {', '.join(others)}."))
    under = f" as parts of {parent}" if parent else ""
    print(escaped(f"{len(tasks)} {'task' if len(tasks) == 1 else 'tasks'} would be created{under}. Nothing was."))
    return 0


def _waits_for(task: dict[str, Any]) -> list[str]:
    return [str(each["code"] if isinstance(each, dict) else each) for each in task.get("depends_on") or ()]


def _graph(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        form = "mermaid" if arguments.mermaid else "json"
        answer = session.call("get_dependency_graph", codes=arguments.what or None, format=form)
    if arguments.json:
        show_json(answer)
        return 0
    if arguments.mermaid:
        print(escaped(answer["mermaid"], lines=True))
    else:
        print("\n".join(_tree(answer)) or "Nothing is open.")
        if len(answer["critical_path"]) > 1:
            print(escaped(f"The longest way: {' → '.join(answer['critical_path'])}."))
    if "stopped_after" in answer:
        print(
            f"There is more: it stopped after {answer['stopped_after']} tasks. Name some codes to see what is around them.", file=sys.stderr
        )
    return 0


def _tree(graph: dict[str, Any]) -> Iterator[str]:
    """What waits for nothing, and under each what waits for it; a task that waits for several is told once and then only named."""
    nodes = {node["code"]: node for node in graph["nodes"]}
    why = {each["code"]: f"blocked: {each['why']}" for each in graph["blocked"] if "why" in each}
    why |= {each["code"]: "what it waits for was cancelled" for each in graph["blocked"] if each.get("blocker_cancelled")}
    after: dict[str, list[tuple[str, str]]] = {}
    waits: set[str] = set()
    for edge in graph["edges"]:
        if edge["kind"] != "related":
            after.setdefault(edge["from"], []).append((edge["to"], edge["kind"]))
            waits.add(edge["to"])
    told: set[str] = set()

    def branch(code: str, kind: str, depth: int) -> Iterator[str]:
        below, margin = after.get(code, []), "  " * depth
        line = margin + _line(nodes[code], kind, why.get(code))
        if code in told and below:
            yield f"{line}  (see above)"
            return
        told.add(code)
        yield line
        if depth == DEEPEST and below:
            yield f"{margin}  …"
            return
        for other, how in below:
            yield from branch(other, how, depth + 1)

    for code in nodes:
        if code not in waits:
            yield from branch(code, PLAIN, 0)


def _line(node: dict[str, Any], kind: str, why: str | None) -> str:
    notes = [kind] if kind != PLAIN else []
    notes += [f"held by {node['holder']}"] if "holder" in node else []
    notes += [why] if why else []
    return escaped(f"{node['code']}  {node['state']}  {node['name']}" + (f"  ({'; '.join(notes)})" if notes else ""))
