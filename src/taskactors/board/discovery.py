"""Finding work: the ready tasks that fit an agent, in the order of work, without ever scanning the queue."""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from ..domain.agent import Agent, provisional
from ..domain.caller import Kind
from ..domain.matching import Lane, covers
from ..storage.keys import split
from . import layout, wire
from .requests import claims as ask
from .view import View

Answer = Mapping[str, Any]


def discover_work(view: View, request: ask.DiscoverWork) -> Answer:
    """The best ready tasks for the caller. Work of others, delayed, waiting or taken work is not among them."""
    me = view.me() or provisional(view.caller.name, view.now)
    capabilities = _capabilities(me, request)
    lanes = [lane for lane in _lanes(view) if me.kind is Kind.HUMAN or covers(lane, me, capabilities)]
    best = heapq.merge(*(_ready_in(view, lane, request.max_tasks) for lane in lanes))
    tasks = [view.task(order[-1]) for order, _ in zip(best, range(request.max_tasks), strict=False)]
    answer = wire.page([wire.task(task, "brief") for task in tasks], None)
    if me.provisional and request.capabilities:
        answer["hint"] = "register_agent with your capabilities before you claim work that needs them"
    return answer


def _capabilities(me: Agent, request: ask.DiscoverWork) -> frozenset[str]:
    # What an agent has registered is what claim_task goes by, so work beyond it is not offered either.
    asked = None if request.capabilities is None else frozenset(request.capabilities)
    if me.provisional:
        return asked or frozenset()
    registered = frozenset(me.capabilities)
    return registered if asked is None else registered & asked


def _lanes(view: View) -> Iterator[Lane]:
    for entry, _ in view.walk(layout.LANES):
        yield layout.lane_from(split(entry))


def _ready_in(view: View, lane: Lane, limit: int) -> Iterator[tuple[int, int, int]]:
    for entry, _ in view.snapshot.range(*layout.ready_in(lane), limit=limit):
        rank, due_at, task_id = split(entry)[-3:]
        yield int(rank), int(due_at), int(task_id)
