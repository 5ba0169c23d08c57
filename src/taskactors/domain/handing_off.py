"""Handing off: a holder offers its task to another, with what they need to go on, and they take it or not."""

from enum import StrEnum

from attrs import frozen

from .agent import Agent
from .caller import Caller, Kind
from .errors import HandoffClosed, LacksCapabilities, NotAddressed, TooManyTasks
from .events import EventKind, Fact
from .evolving import evolve
from .finishing import require_holder
from .lifecycle import advance, permit
from .message import role_addressed
from .task import Claim, Instant, State, Task

CAPABILITY_PREFIX = "capability:"

DEFAULT_EXPIRY_S = 3600


class HandoffState(StrEnum):
    """`in_review` waits until somebody has approved that the work is fit to be handed on."""

    IN_REVIEW = "in_review"
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


UNDECIDED = frozenset({HandoffState.IN_REVIEW, HandoffState.OPEN})


@frozen(kw_only=True)
class Handoff:
    """One offer. `to` is an agent, role:NAME or capability:NAME; `fence` is the claim that it was made under.

    `declined_by` are those of a role or with a capability who said no; the offer stays open for the others.
    """

    id: int
    task_id: int
    task_code: str
    fence: int
    from_agent: str
    to: str
    summary: str
    offered_at: Instant
    expires_at: Instant
    state: HandoffState = HandoffState.OPEN
    artifacts: tuple[str, ...] = ()
    known_limitations: tuple[str, ...] = ()
    next_steps: str | None = None
    confidence: float | None = None
    answered_by: str | None = None
    answered_at: Instant | None = None
    reason: str | None = None
    declined_by: tuple[str, ...] = ()


def is_addressed(to: str, agent: Agent) -> bool:
    """Whether an offer to that address is for this agent."""
    if to.startswith(CAPABILITY_PREFIX):
        return to.removeprefix(CAPABILITY_PREFIX) in agent.capabilities
    return to == agent.name or role_addressed(to) == agent.role


def offer(task: Task, caller: Caller, handoff: Handoff, now: Instant) -> tuple[Fact, Handoff]:
    """The task waits for an answer; one that its holder is less sure of than it asks for is reviewed first."""
    require_holder(task, caller, handoff.fence)
    unsure = handoff.confidence is not None and handoff.confidence < task.confidence_threshold
    to = State.REVIEW if unsure else State.PENDING_HANDOFF
    permit(task, to, caller, None)
    offered = evolve(handoff, state=HandoffState.IN_REVIEW if unsure else HandoffState.OPEN)
    data = {"from": task.state, "to": to, "handoff": handoff.id, "offered_to": handoff.to, "fence": handoff.fence}
    return Fact(EventKind.HANDOFF_OFFERED, advance(task, to, now), data), offered


def put_forward(task: Task, handoff: Handoff, now: Instant) -> tuple[Fact, Handoff]:
    """After its review: the work goes on in its holder's hands, and the offer is made."""
    going_on = advance(task, State.IN_PROGRESS, now)
    data = {"from": task.state, "to": State.PENDING_HANDOFF, "handoff": handoff.id, "offered_to": handoff.to}
    return Fact(EventKind.HANDOFF_OFFERED, advance(going_on, State.PENDING_HANDOFF, now), data), evolve(handoff, state=HandoffState.OPEN)


def require_open(handoff: Handoff) -> None:
    """Refuse an answer to what has been decided, or is not offered yet."""
    if handoff.state is not HandoffState.OPEN:
        raise HandoffClosed(handoff_id=handoff.id, task=handoff.task_code, state=handoff.state, by=handoff.answered_by)


def require_addressed(handoff: Handoff, agent: Agent, caller: Caller) -> None:
    """Refuse an answer by somebody whom the offer is not for."""
    if not (is_addressed(handoff.to, agent) and agent.name != handoff.from_agent):
        raise NotAddressed(handoff_id=handoff.id, task=handoff.task_code, to=handoff.to, agent=caller.name)


def accept(task: Task, handoff: Handoff, agent: Agent, held: tuple[str, ...], now: Instant) -> tuple[Fact, Handoff]:
    """The task is theirs from now on, with a new fence and a lease that starts anew."""
    # People are not asked what they can do, as when they claim.
    if agent.kind is not Kind.HUMAN and (lacking := tuple(sorted(set(task.required_capabilities) - set(agent.capabilities)))):
        raise LacksCapabilities(task=task.code, agent=agent.name, lacking=lacking)
    if agent.max_concurrent_tasks is not None and len(held) >= agent.max_concurrent_tasks:
        raise TooManyTasks(agent=agent.name, limit=agent.max_concurrent_tasks, held=held)
    assert task.claim is not None
    fence = task.fence + 1
    lease: Claim = evolve(task.claim, fence=fence, agent=agent.name, claimed_at=now)
    taken = advance(evolve(task, fence=fence, claim=lease, owner_agent_name=agent.name), State.IN_PROGRESS, now)
    data = {"from": task.state, "to": taken.state, "handoff": handoff.id, "agent": agent.name, "before": handoff.from_agent, "fence": fence}
    return Fact(EventKind.HANDOFF_ACCEPTED, taken, data), _decided(handoff, HandoffState.ACCEPTED, agent.name, None, now)


def decline(task: Task, handoff: Handoff, agent: Agent, reason: str | None, now: Instant) -> tuple[Fact | None, Handoff]:
    """A no. From the one agent it was for, the work goes on where it was; from one of many, the others may still take it."""
    if handoff.to != agent.name and agent.name != handoff.from_agent:
        return None, evolve(handoff, declined_by=tuple(dict.fromkeys((*handoff.declined_by, agent.name))))
    state = HandoffState.WITHDRAWN if agent.name == handoff.from_agent else HandoffState.DECLINED
    return _back(task, handoff, EventKind.HANDOFF_DECLINED, now, reason), _decided(handoff, state, agent.name, reason, now)


def expire(task: Task, handoff: Handoff, now: Instant) -> tuple[Fact, Handoff]:
    """Nobody took it in time: the work goes on where it was, with a lease that starts anew."""
    return _back(task, handoff, EventKind.HANDOFF_EXPIRED, now, None), _decided(handoff, HandoffState.EXPIRED, None, None, now)


def overtaken(handoff: Handoff, now: Instant) -> Handoff:
    """The task went another way while the offer stood."""
    return _decided(handoff, HandoffState.WITHDRAWN, None, None, now)


def _back(task: Task, handoff: Handoff, kind: EventKind, now: Instant, reason: str | None) -> Fact:
    data = {"from": task.state, "to": State.IN_PROGRESS, "handoff": handoff.id, "agent": task.holder}
    return Fact(kind, advance(task, State.IN_PROGRESS, now), data).because(reason)


def _decided(handoff: Handoff, state: HandoffState, by: str | None, reason: str | None, now: Instant) -> Handoff:
    return evolve(handoff, state=state, answered_by=by, answered_at=now, reason=reason)
