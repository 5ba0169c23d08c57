"""Lists of tasks: newest first, by the narrowest index, a bounded walk a page."""

from collections.abc import Callable, Mapping
from typing import Any

from ..domain.task import State, Task
from ..storage.keys import last_number
from . import layout, wire
from .cursors import cursor_after, read_cursor
from .requests.tasks import ListTasks
from .stored import TASK
from .turns import RECORDS_A_TURN, Turns
from .view import View

Answer = Mapping[str, Any]

EXAMINED_LIMIT = 1_000
"""How many tasks one page looks at: a filter that matches little answers early, with a cursor, rather than late."""

READ_BYTES = 4 << 20
"""The same by what is stored of them: thousands of usual tasks, and few of the largest, of which a page would hold everybody up."""

READ_AT_ONCE = 32
"""Entries fetched ahead of being looked at; a page is usually twenty."""

CURSOR = "t"


def list_tasks(view: View, request: ListTasks) -> Turns[Answer]:
    """One page of tasks that match every filter. A page may be short, even empty, and still have a next one."""
    start, end = _narrowest(request)
    skip = request.offset
    if request.cursor is not None:
        before, skip = read_cursor(CURSOR, request.cursor, "list_tasks")
        end = min(end, _before(start, before))
    matches = _filter(request)
    items: list[dict[str, Any]] = []
    read = 0
    for examined, (entry, record) in enumerate(view.walk((start, end), reverse=True, at_once=READ_AT_ONCE), 1):
        if examined % RECORDS_A_TURN == 0:
            yield
        last = last_number(entry)
        stored = record or view.stored_task(last)
        read += len(stored)
        task = TASK.decode(stored)
        if matches(task):
            if skip:
                skip -= 1
            else:
                items.append(wire.task(task, request.detail))
        if len(items) == request.limit or examined == EXAMINED_LIMIT or read >= READ_BYTES:
            return wire.page(items, cursor_after(CURSOR, last, skip) if last > 1 else None)
    return wire.page(items, None)


def _narrowest(request: ListTasks) -> layout.Span:
    if request.parent_code is not None:
        return layout.tasks_under(request.parent_code)
    if request.owner is not None:
        return layout.tasks_of_owner(request.owner)
    if request.state is not None:
        return layout.tasks_in_state(request.state)
    return layout.ALL_TASKS


def _before(start: bytes, task_id: int) -> bytes:
    # Every index ends in the task's id, so the key of an id in this index is the index's prefix and the id.
    return start + layout.task(task_id)[len(layout.ALL_TASKS[0]) :]


def _filter(request: ListTasks) -> Callable[[Task], bool]:
    tests: list[Callable[[Task], bool]] = []
    if request.owner is not None:
        tests.append(lambda task: task.owner_agent_name == request.owner)
    if request.state is not None:
        state = State(request.state)
        tests.append(lambda task: task.state is state)
    if request.role is not None:
        tests.append(lambda task: task.role == request.role)
    if request.label is not None:
        tests.append(lambda task: request.label in task.labels)
    if request.created_after is not None:
        created_after = wire.instant_of(request.created_after)
        tests.append(lambda task: task.inserted_at > created_after)
    if request.created_before is not None:
        created_before = wire.instant_of(request.created_before)
        tests.append(lambda task: task.inserted_at < created_before)
    if request.completed_after is not None:
        completed_after = wire.instant_of(request.completed_after)
        tests.append(lambda task: task.done_at is not None and task.done_at > completed_after)
    if request.completed_before is not None:
        completed_before = wire.instant_of(request.completed_before)
        tests.append(lambda task: task.done_at is not None and task.done_at < completed_before)
    return lambda task: all(test(task) for test in tests)
