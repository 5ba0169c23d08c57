"""The dependency graph: what waits for what around some tasks, the longest way through it, and what stands still."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..domain.task import CLOSED, RUNNING, DependencyKind, State, Task
from ..storage.keys import last_number
from . import layout
from .requests.plans import GetDependencyGraph
from .turns import RECORDS_A_TURN, Turns
from .view import View

Answer = Mapping[str, Any]

NODES_LIMIT = 300
"""More than this nobody reads; the answer says that it stopped."""

USUAL_MINUTES = 30
"""For a task that nobody has estimated."""

Edges = dict[tuple[str, str], str]
"""From what is waited for to what waits, by the kind of dependency."""

SHAPES = {"Done": "done", "Archived": "done", "Blocked": "stuck", "Quarantined": "stuck"}


def get_dependency_graph(view: View, request: GetDependencyGraph) -> Turns[Answer]:
    """The tasks around those named, or around all that are open, as data or as a Mermaid drawing."""
    start = [view.task_coded(code) for code in request.codes] or (yield from _open(view))
    tasks, stopped = yield from _around(view, start, request.depth)
    edges = _edges(view, tasks)
    yield
    path = _critical_path(tasks)
    yield
    answer: dict[str, Any] = {"critical_path": path, "blocked": (yield from _blocked(view, tasks))}
    if request.format == "mermaid":
        answer["mermaid"] = _mermaid(tasks, edges, set(path))
    else:
        answer["nodes"] = [_node(task) for task in tasks.values()]
        answer["edges"] = [{"from": before, "to": after, "kind": kind} for (before, after), kind in edges.items()]
    return answer | ({"stopped_after": NODES_LIMIT} if stopped else {})


def _open(view: View) -> Turns[list[Task]]:
    """One more than are shown, when there are more."""
    found: list[Task] = []
    for state in State:
        if state not in CLOSED:
            for entry, _ in view.snapshot.range(*layout.tasks_in_state(state), limit=NODES_LIMIT + 1 - len(found)):
                found.append(view.task(last_number(entry)))
                if len(found) % RECORDS_A_TURN == 0:
                    yield
    return found


def _around(view: View, start: list[Task], depth: int) -> Turns[tuple[dict[str, Task], bool]]:
    tasks = {task.code: task for task in start[:NODES_LIMIT]}
    edge = list(tasks.values())
    for _ in range(depth):
        found: dict[str, Task] = {}
        for task in edge:
            # Few tasks have more neighbours than fit in a turn, and those have up to a thousand.
            for seen, other in enumerate(_neighbours(view, task), 1):
                if other.code not in tasks:
                    found[other.code] = other
                if seen % RECORDS_A_TURN == 0:
                    yield
            yield
            if len(found) > NODES_LIMIT - len(tasks):
                break
        edge = list(found.values())[: NODES_LIMIT - len(tasks)]
        tasks |= {task.code: task for task in edge}
        if len(edge) < len(found):
            return tasks, True
    return dict(sorted(tasks.items(), key=lambda item: item[1].id)), len(start) > NODES_LIMIT


def _neighbours(view: View, task: Task) -> Iterator[Task]:
    for each in task.depends_on:
        yield view.task_coded(each.code)
    for span in (layout.dependants(task.code), layout.fan_ins(task.code), layout.tasks_under(task.code)):
        for entry, _ in view.snapshot.range(*span, limit=NODES_LIMIT):
            yield view.task(last_number(entry))
    if task.parent_code:
        yield view.task_coded(task.parent_code)


def _edges(view: View, tasks: Mapping[str, Task]) -> Edges:
    edges: Edges = {(task.code, str(task.parent_code)): "part-of" for task in tasks.values() if task.parent_code in tasks}
    for task in tasks.values():
        for each in task.depends_on:
            # A whole may wait for one part by name: that says more than that it is a part, a mere pointer says less.
            if each.code in tasks and ((each.code, task.code) not in edges or each.kind is not DependencyKind.RELATED):
                edges[each.code, task.code] = each.kind
    return edges


def _minutes(task: Task) -> int:
    return 0 if task.state in CLOSED else task.estimated_effort or USUAL_MINUTES


def _critical_path(tasks: Mapping[str, Task]) -> list[str]:
    """The codes on the longest way through what is not finished, by estimated minutes, in the order of work."""
    before = {code: [each for each in task.blockers if each in tasks] for code, task in tasks.items()}
    for code, task in tasks.items():
        if task.parent_code in tasks and tasks[str(task.parent_code)].decomposed:
            before[str(task.parent_code)].append(code)
    longest: dict[str, tuple[int, list[str]]] = {}

    def way_to(code: str) -> tuple[int, list[str]]:
        stack = [code]
        while stack:
            here = stack[-1]
            if missing := [each for each in before[here] if each not in longest]:
                stack.extend(missing)
                continue
            stack.pop()
            length, line = max((longest[each] for each in before[here]), default=(0, []), key=lambda way: way[0])
            longest[here] = (length + _minutes(tasks[here]), [*line, here])
        return longest[code]

    length, line = max((way_to(code) for code in tasks), default=(0, []), key=lambda way: way[0])
    return [code for code in line if tasks[code].state not in CLOSED] if length else []


def _blocked(view: View, tasks: Mapping[str, Task]) -> Turns[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    for task in tasks.values():
        if task.state is State.BLOCKED:
            found.append({"code": task.code, "why": task.blocked_reason or "no reason given", "holder": task.holder})
        elif task.unmet and task.state not in CLOSED:
            yield
            waits = list(view.unmet_blockers(task))
            found.append({"code": task.code, "waits_for": waits} | ({"blocker_cancelled": True} if task.cancelled_blockers else {}))
    return found


def _node(task: Task) -> dict[str, Any]:
    node: dict[str, Any] = {"code": task.code, "name": task.name, "state": task.state}
    return node | ({"holder": task.holder} if task.holder else {})


def _mermaid(tasks: Mapping[str, Task], edges: Edges, critical: set[str]) -> str:
    lines = ["graph LR"]
    for code, task in tasks.items():
        kind = SHAPES.get(task.state, "running" if task.state in RUNNING else "open")
        lines.append(f'  {_id(code)}["{code} {_text(task.name)}<br/>{task.state}"]:::{kind}')
    for (first, then), kind in edges.items():
        arrow = "==>" if {first, then} <= critical and kind == "blocks" else "-->" if kind == "blocks" else f"-.->|{kind}|"
        lines.append(f"  {_id(first)} {arrow} {_id(then)}")
    lines += ["  classDef done fill:#cfc", "  classDef running fill:#ffc", "  classDef stuck fill:#fcc", "  classDef open fill:#fff"]
    return "\n".join(lines)


def _id(code: str) -> str:
    return "t_" + code.replace("-", "_")


def _text(name: str) -> str:
    """Nothing in a name may end its box or be markup."""
    return "".join(char if char.isalnum() or char in " .,:-_/" else " " for char in name)[:60]
