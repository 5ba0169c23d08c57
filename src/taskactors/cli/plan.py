"""taskactors plan: create a whole plan from a file, and see what waits for what."""

from __future__ import annotations

import argparse
import sys

from .arguments import add_server_arguments
from .errors import CliError, Usage
from .escaping import escaped
from .server import Session
from .shown import show_json, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NEEDED = ("ref", "code", "name", "description")
DEEPEST = 32
"""Levels of the tree of what waits; below it only says that there is more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument(
        "what", nargs="*", metavar="FILE | CODE", help="a plan in TOML or JSON, - for JSON from standard input; with --graph, codes"
    )
    parser.add_argument("--parent", metavar="CODE", help="make the plan the parts of this task")
    parser.add_argument("--dry-run", action="store_true", help="check the file and show what would be created")
    parser.add_argument("--idempotency-key", metavar="KEY", help="said again with the same key, the plan is created once")
    parser.add_argument("--graph", action="store_true", help="show what waits for what, around these codes or all that is open")
    parser.add_argument("--mermaid", action="store_true", help="with --graph: as a drawing in Mermaid")


def run(arguments: argparse.Namespace) -> int:
    if arguments.graph:
        return _graph(arguments)
    if len(arguments.what) != 1:
        raise Usage("a plan is one file", "name it, or give --graph to see what waits for what")
    plan = _read(arguments.what[0])
    parent = arguments.parent or plan.get("parent")
    if problems := list(_problems(plan)):
        raise CliError("\n".join([f"{arguments.what[0]} is no plan:", *problems]), "nothing was created; docs/examples/plan.toml shows one")
    if arguments.dry_run:
        return _would_be(plan["tasks"], parent, arguments.json)
    with Session(arguments) as session:
        answer = session.call("plan_tasks", tasks=plan["tasks"], parent=parent, idempotency_key=arguments.idempotency_key)
    if arguments.json:
        show_json(answer)
        return 0
    names = {task["ref"]: task["name"] for task in plan["tasks"]}
    print(
        table(
            ["REF", "CODE", "STATE", "NAME"], [[each["ref"], each["code"], each["state"], names[each["ref"]]] for each in answer["items"]]
        )
    )
    if "parent" in answer:
        print(escaped(f"{answer['parent']['code']} is {answer['parent']['state']} until its parts are Done."))
    return 0


def _read(name: str) -> dict[str, Any]:
    import json
    import tomllib

    try:
        if name == "-":
            found = json.load(sys.stdin)
        else:
            with open(name, "rb") as file:
                found = json.load(file) if name.endswith(".json") else tomllib.load(file)
    except (ValueError, UnicodeDecodeError) as error:
        raise CliError(f"{name} cannot be read: {error}", "write it in TOML, or in JSON with .json at the end of its name") from None
    # A list alone says the same as an object that has nothing else.
    return {"tasks": found} if isinstance(found, list) else found if isinstance(found, dict) else {}


def _problems(plan: dict[str, Any]) -> Iterator[str]:
    """What can be seen without the server, which checks everything else; a line each, with its path."""
    for name in plan.keys() - {"tasks", "parent"}:
        yield f"  {name}: there is no such key; a plan has tasks and maybe a parent"
    tasks = plan.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        yield "  tasks: a plan has one task at least"
        return
    seen: set[str] = set()
    for place, task in enumerate(tasks):
        if not isinstance(task, dict):
            yield f"  tasks[{place}]: is no table of fields"
            continue
        for name in NEEDED:
            if not isinstance(task.get(name), str) or not task[name].strip():
                yield f"  tasks[{place}].{name}: is required, as text"
        if (ref := task.get("ref")) in seen:
            yield f"  tasks[{place}].ref: {ref!r} is the ref of an earlier task"
        seen.add(str(ref))


def _would_be(tasks: list[dict[str, Any]], parent: str | None, as_json: bool) -> int:
    if as_json:
        show_json({"tasks": tasks, "parent": parent})
        return 0
    rows = [[task["ref"], task["code"], ", ".join(map(_named, task.get("depends_on", []))), task["name"]] for task in tasks]
    print(table(["REF", "CODE", "WAITS FOR", "NAME"], rows))
    refs = {task["ref"] for task in tasks}
    others = sorted({_named(each) for task in tasks for each in task.get("depends_on", [])} - refs)
    if others:
        print(escaped(f"Not of this plan, so they have to be tasks that exist: {', '.join(others)}."))
    under = f" as parts of {parent}" if parent else ""
    print(escaped(f"{len(tasks)} {'task' if len(tasks) == 1 else 'tasks'} would be created{under}. Nothing was."))
    return 0


def _named(dependency: object) -> str:
    return str(dependency.get("code")) if isinstance(dependency, dict) else str(dependency)


def _graph(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        form = "mermaid" if arguments.mermaid else "json"
        answer = session.call("get_dependency_graph", codes=arguments.what or None, format=form)
    if arguments.json:
        show_json(answer)
    elif arguments.mermaid:
        print(answer["mermaid"])
    else:
        print("\n".join(_tree(answer)) or "Nothing is open.")
        if len(answer["critical_path"]) > 1:
            print(escaped(f"The longest way: {' → '.join(answer['critical_path'])}."))
    return 0


def _tree(graph: dict[str, Any]) -> Iterator[str]:
    """What waits for nothing, and under each what waits for it; a task that waits for several is told once and then only named."""
    nodes = {node["code"]: node for node in graph["nodes"]}
    after: dict[str, list[str]] = {}
    waits: set[str] = set()
    for edge in graph["edges"]:
        if edge["kind"] != "related":
            after.setdefault(edge["from"], []).append(edge["to"])
            waits.add(edge["to"])
    told: set[str] = set()
    for code in nodes:
        if code not in waits:
            yield from _branch(code, nodes, after, told, 0)


def _branch(code: str, nodes: dict[str, Any], after: dict[str, list[str]], told: set[str], depth: int) -> Iterator[str]:
    node = nodes.get(code, {})
    line = f"{'  ' * depth}{code}  {node.get('state', '')}  {node.get('name', '')}".rstrip()
    below = after.get(code, [])
    if code in told and below:
        yield escaped(f"{line}  (see above)")
        return
    told.add(code)
    yield escaped(line)
    if depth == DEEPEST:
        yield f"{'  ' * depth}  …"
        return
    for other in below:
        yield from _branch(other, nodes, after, told, depth + 1)
