"""Which ready work fits which agent, and in what order it is offered."""

from functools import lru_cache

from attrs import frozen

from .agent import Agent
from .task import Instant, State, Task

AGEING_MS_PER_POINT = 10 * 3600 * 1000
"""Ten hours of waiting weigh as much as one point of priority, so that nothing starves."""

HIGHEST_PRIORITY = 10
"""Ranks count down from it, so that none is ever negative, which no key can hold."""

NO_DUE_DATE: Instant = 2**63 - 1
"""Work without a due date comes after work of the same rank that has one."""


LANES_REMEMBERED = 1_024
"""More than a project has ready at one time: its lanes come again with every task, and their hashes with them."""


@frozen(order=True, cache_hash=True)
class Lane:
    """Ready work of one kind: for one owner or anybody (""), for one role or any (""), needing the same capabilities."""

    owner: str
    role: str
    capabilities: tuple[str, ...]


def is_ready(task: Task) -> bool:
    """Whether somebody may start it now. Delayed and waiting work is not ready; `not_before` is emptied when it passes."""
    return task.state is State.CREATED and task.unmet == 0 and task.not_before is None


def ready_since(task: Task) -> Instant:
    """From when on somebody might have started a ready task: since it last changed, or since it is kept back no more."""
    return max(task.updated_at, task.not_before or 0)


def lane_of(task: Task) -> Lane:
    """The lane in which a ready task waits."""
    return _lane(task.owner_agent_name or "", task.role or "", task.required_capabilities)


@lru_cache(LANES_REMEMBERED)
def _lane(owner: str, role: str, capabilities: tuple[str, ...]) -> Lane:
    return Lane(owner, role, tuple(sorted(capabilities)))


def rank(task: Task) -> tuple[int, Instant, int]:
    """The place in the order of work, smaller first: priority with linear ageing, due date, plan order.

    Ageing is linear, so the order of two tasks never changes while they wait and a rank is written once.
    """
    waited_from = task.inserted_at + (HIGHEST_PRIORITY - task.priority_score) * AGEING_MS_PER_POINT
    return (int(waited_from), NO_DUE_DATE if task.due_at is None else task.due_at, task.id)


def covers(lane: Lane, agent: Agent, capabilities: frozenset[str]) -> bool:
    """Whether work of this lane is for this agent, given what it can do. Work assigned to it is, whatever role it was for."""
    meant = lane.owner == agent.name or (lane.owner == "" and lane.role in ("", agent.role))
    return meant and capabilities.issuperset(lane.capabilities)
