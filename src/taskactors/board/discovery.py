"""Finding work: the ready tasks that fit an agent, in the order of work, without ever scanning the queue."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from ..domain.agent import Agent, provisional
from ..domain.caller import Kind
from ..domain.matching import Lane, covers
from ..domain.task import Task
from ..storage.keys import split
from . import layout, wire
from .explaining import explained
from .requests import claims as ask
from .turns import Turns
from .view import View
from .watching import Nothing, Ready, WorkWatch

Answer = Mapping[str, Any]

Order = tuple[int, int, int]
"""A ready task's place in the order of work; the last part is its id."""

READ_AT_ONCE = 16
"""Of each lane: mostly the first is taken, and a team has dozens of lanes."""


def discover_work(view: View, request: ask.DiscoverWork) -> Turns[Answer]:
    """The best ready tasks for the caller. Work of others, delayed, waiting or taken work is not among them."""
    me = view.me() or provisional(view.caller.name, view.now)
    capabilities = able(me, request.capabilities)
    tasks = [
        view.task(order[-1]) for order, _ in zip(best(view, me, capabilities, request.max_tasks), range(request.max_tasks), strict=False)
    ]
    answer = wire.page([wire.task(task, "brief") for task in tasks], None)
    if me.provisional and request.capabilities:
        answer["hint"] = "register_agent with your capabilities before you claim work that needs them"
    if request.explain:
        answer["explained"] = yield from explained(view, me, capabilities, request.max_tasks)
    return answer if tasks else Nothing(answer, WorkWatch(me, capabilities), left_for_others(view, request.wait_s))


def left_for_others(view: View, wait_s: int) -> tuple[Ready, ...]:
    """Where there is ready work now. Asked of a call that may wait: only such calls are woken, in a line with others."""
    return tuple(map(Ready, _lanes(view))) if wait_s else ()


def able(me: Agent, asked: tuple[str, ...] | None) -> frozenset[str]:
    """What an agent is offered work for: what it has registered, narrowed by what it asks for now."""
    # What an agent has registered is what claim_task goes by, so work beyond it is not offered either.
    wanted = None if asked is None else frozenset(asked)
    if me.provisional:
        return wanted or frozenset()
    registered = frozenset(me.capabilities)
    return registered if wanted is None else registered & wanted


def best(view: View, me: Agent, capabilities: frozenset[str], limit: int) -> Iterator[Order]:
    """Ready work for this agent, best first, up to `limit` of each lane. People are shown everybody's."""
    return _merged(view, [lane for lane in _lanes(view) if me.kind is Kind.HUMAN or covers(lane, me, capabilities)], limit)


def takeable(view: View, me: Agent, capabilities: frozenset[str], limit: int, role: str | None) -> Iterator[Order]:
    """Ready work that this agent may claim, best first, up to `limit` of each lane; of this role only, if one is named."""

    def fits(lane: Lane) -> bool:
        return lane.owner in ("", me.name) if me.kind is Kind.HUMAN else covers(lane, me, capabilities)

    return _merged(view, [lane for lane in _lanes(view) if fits(lane) and (role is None or lane.role in ("", role))], limit)


def _merged(view: View, lanes: Iterable[Lane], limit: int) -> Iterator[Order]:
    return heapq.merge(*(_ready_in(view, lane, limit) for lane in lanes))


def _lanes(view: View) -> Iterator[Lane]:
    for entry, _ in view.walk(layout.LANES):
        yield layout.lane_from(split(entry))


def _ready_in(view: View, lane: Lane, limit: int) -> Iterator[Order]:
    for entry, _ in islice(view.walk(layout.ready_in(lane), at_once=READ_AT_ONCE), limit):
        rank, due_at, task_id = split(entry)[-3:]
        yield int(rank), int(due_at), int(task_id)


def is_under(view: View, task: Task, parent: str) -> bool:
    """Whether a task is a part of that one, or of a part of it."""
    seen: set[str] = set()
    above = task.parent_code
    while above is not None and above not in seen:
        if above.upper() == parent.upper():
            return True
        seen.add(above)
        found = view.find_coded(above)
        above = found.parent_code if found else None
    return False
