"""Units of work on claims: take a task, give it back."""

from collections.abc import Mapping
from typing import Any

from ..domain import claiming
from ..domain.agent import Agent
from ..domain.caller import Kind
from ..domain.failing import Failure
from ..domain.task import Seconds, Task
from . import wire
from .aftermath import follow
from .change import Change
from .pausing import require_not_paused
from .requests import claims as ask
from .reservations import reserve_for_claim
from .steps import step_of
from .watching import Taken

Answer = Mapping[str, Any]

GIVEN_BACK = "whoever took it had left before they heard of it"


def claim_task(change: Change, request: ask.ClaimTask) -> Answer:
    """Take a ready task for the caller; the holder who asks again renews."""
    task = change.named(request)
    claimed = claim_for(change, task, change.caller.name, request.lease_s)
    answer = wire.task(claimed) | step_of(change, claimed)
    if reservations := reserve_for_claim(change, claimed, request.reserve):
        answer["reservations"] = reservations
    if claimed.fence == task.fence:
        return answer
    return Taken(answer, "release_task", ask.ReleaseTask(id=claimed.id, fence=claimed.fence, reason=GIVEN_BACK))


def claim_for(change: Change, task: Task, name: str, lease_s: Seconds | None, reason: str | None = None) -> Task:
    """The task, claimed for that agent by the rules. Who claims again without naming a lease keeps the one they have."""
    agent = _able(change.introduce(name), task)
    if task.holder != agent.name:
        require_not_paused(change, agent)
    held = change.held_within_limit(agent)
    current = task.claim.lease_s if task.claim else None
    lease = lease_s or current or task.lease_s or change.settings.lease_s
    fact = claiming.claim(task, agent, held, lease, change.now)
    if fact.data.get("renewed"):
        assert isinstance(fact.after, Task)
        return change.keep(fact.after)
    return change.record_task(fact.because(reason))


def _able(agent: Agent, task: Task) -> Agent:
    """People are not asked what they can do."""
    if agent.kind is Kind.HUMAN:
        return Agent(
            name=agent.name,
            role=agent.role,
            kind=agent.kind,
            registered_at=agent.registered_at,
            updated_at=agent.updated_at,
            capabilities=task.required_capabilities,
        )
    return agent


def release_task(change: Change, request: ask.ReleaseTask) -> Answer:
    """The holder gives the task back, saying what went wrong if something did."""
    task = change.named(request)
    not_before = change.now + request.not_before_s * 1000 if request.not_before_s else None
    failure = Failure(request.failure) if request.failure else None
    fact = claiming.release(task, change.caller, request.fence, failure, not_before, change.now)
    released = change.record_task(fact.because(request.reason))
    follow(change, task, released)
    return wire.task(released)
