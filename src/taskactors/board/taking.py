"""Taking work: the best task that fits, claimed, with everything its new holder should know, in one call."""

from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from typing import Any

from ..domain.agent import Agent
from ..domain.errors import TooManyTasks
from ..domain.task import Task
from . import wire
from .change import Change
from .claims import GIVEN_BACK, claim_for
from .context import context_of
from .discovery import able, is_under, left_for_others, takeable
from .explaining import explained
from .pausing import require_not_paused
from .requests.claims import NextTask, ReleaseTask
from .reservations import reserve_for_claim
from .steps import step_of
from .turns import whole
from .watching import Nothing, Taken, WorkWatch

Answer = Mapping[str, Any]

EXAMINED_LIMIT = 512
"""How many ready tasks one call looks at for one that its filters let through; it says when it stopped there."""

AFFINITY_LIMIT = 8
"""How many tasks of the same rank are looked at for one whose prerequisite the caller did."""

NEAREST_SHOWN = 5


def next_task(change: Change, request: NextTask) -> Answer:
    """Claim the best ready task for the caller, or say what is nearest. Raises TooManyTasks when they hold as many as they may."""
    me = change.acting()
    require_not_paused(change, me)
    held = change.held_within_limit(me)
    if me.max_concurrent_tasks is not None and len(held) >= me.max_concurrent_tasks:
        raise TooManyTasks(agent=me.name, limit=me.max_concurrent_tasks, held=held)
    # What somebody says they can do is not yet registered, and a claim goes by what is.
    capabilities = frozenset[str]() if me.provisional else able(me, request.capabilities)
    examined = 0

    def fitting() -> Iterator[Task]:
        nonlocal examined
        for order in islice(takeable(change, me, capabilities, EXAMINED_LIMIT, request.role), EXAMINED_LIMIT):
            examined += 1
            if _passes(change, task := change.task(order[-1]), request):
                yield task

    task = _preferred(change, fitting(), me)
    if task is None:
        return _nothing(change, me, capabilities, examined, request.wait_s)
    claimed = claim_for(change, task, me.name, request.lease_s)
    assert claimed.claim is not None
    answer = wire.task(claimed) | step_of(change, claimed) | {"context": context_of(change, claimed, request.max_tokens)}
    if reservations := reserve_for_claim(change, claimed, request.reserve):
        answer["reservations"] = reservations
    undoing = ReleaseTask(id=claimed.id, fence=claimed.claim.fence, reason=GIVEN_BACK)
    return Taken(answer, "release_task", undoing, left_for_others(change, request.wait_s))


def _passes(change: Change, task: Task, request: NextTask) -> bool:
    if not set(request.labels) <= set(task.labels):
        return False
    return request.parent is None or is_under(change, task, request.parent)


def _preferred(change: Change, tasks: Iterator[Task], me: Agent) -> Task | None:
    """The first; among equals in priority, waiting and due date, one whose prerequisite this agent did."""
    for _, equals in groupby(tasks, key=lambda task: (task.priority_score, task.inserted_at, task.due_at)):
        same = list(islice(equals, AFFINITY_LIMIT))
        return next((task for task in same if me.name in _implementers(change, task)), same[0])
    return None


def _implementers(change: Change, task: Task) -> set[str | None]:
    return {blocker.implementer for code in task.blockers if (blocker := change.find_coded(code))}


def _nothing(change: Change, me: Agent, capabilities: frozenset[str], examined: int, wait_s: int) -> Nothing:
    mine = f"held by {me.name}"
    open_tasks = whole(explained(change, me, capabilities, NEAREST_SHOWN))
    nearest = [each for each in open_tasks if each.get("why") not in (None, mine)][:NEAREST_SHOWN]
    answer: dict[str, Any] = {"nothing_ready": True, "nearest": nearest}
    if examined == EXAMINED_LIMIT:
        answer["stopped_after"] = EXAMINED_LIMIT
    return Nothing(answer, WorkWatch(me, capabilities), left_for_others(change, wait_s))
