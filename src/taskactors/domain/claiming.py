"""Claims: who may take a task, how long they hold it, and how that ends."""

from .agent import Agent
from .caller import Caller
from .errors import (
    AssignedToAnother,
    InvalidTransition,
    LacksCapabilities,
    NotClaimable,
    NotHolder,
    NotYet,
    StaleClaim,
    TaskClosed,
    TooManyTasks,
)
from .events import EventKind, Fact
from .evolving import evolve
from .failing import Failure, failed
from .lifecycle import DEADLINE_MS, advance, allowed_from
from .matching import ready_since
from .task import CLOSED, RUNNING, SUSPENDED, Claim, Instant, Seconds, State, Task
from .waiting import settled

DEFAULT_LEASE_S: Seconds = 15 * 60
LEASE_LIMITS_S = (1, 24 * 3600)
QUIET_MS = 3600 * 1000
"""An open connection counts as a sign of life for at most this long after the last call."""

RESTART_GRACE_MS = 60 * 1000
"""After a restart every live lease has at least this much left, or its whole length when that is shorter."""


def claim(task: Task, by: Agent, held: tuple[str, ...], lease_s: Seconds, now: Instant) -> Fact:
    """A task in Created may be taken by one agent whose capabilities cover it, until the lease runs out.

    The holder who claims again renews and keeps the fence. `held` are the codes of the tasks whose leases `by` holds.
    """
    if task.holder == by.name and task.state in RUNNING:
        return renewed(task, lease_s, now)
    if task.state is not State.CREATED:
        raise NotClaimable(task=task.code, state=task.state, holder=task.holder, until=task.claim.expires_at if task.claim else None)
    if task.owner_agent_name not in (None, by.name):
        raise AssignedToAnother(task=task.code, owner=str(task.owner_agent_name))
    if task.not_before is not None and task.not_before > now:
        raise NotYet(task=task.code, not_before=task.not_before)
    if lacking := tuple(sorted(set(task.required_capabilities) - set(by.capabilities))):
        raise LacksCapabilities(task=task.code, agent=by.name, lacking=lacking)
    if by.max_concurrent_tasks is not None and len(held) >= by.max_concurrent_tasks:
        raise TooManyTasks(agent=by.name, limit=by.max_concurrent_tasks, held=held)
    return _taken(task, by.name, lease_s, now)


def _taken(task: Task, by: str, lease_s: Seconds, now: Instant) -> Fact:
    fence = task.fence + 1
    lease = Claim(fence, by, claimed_at=now, lease_s=lease_s, expires_at=now + lease_s * 1000, deadline=now + DEADLINE_MS)
    taken = advance(evolve(task, fence=fence, claim=lease, owner_agent_name=by), State.IN_PROGRESS, now)
    if task.blocked_reason is not None:
        # A task that expired while Blocked keeps its reason, so that the next holder learns what stood in the way.
        taken = evolve(taken, blocked_reason=task.blocked_reason)
    return Fact(
        EventKind.TASK_CLAIMED,
        taken,
        {
            "from": task.state,
            "to": taken.state,
            "agent": by,
            "fence": fence,
            "expires_at": lease.expires_at,
            "waited_s": round((now - ready_since(task)) / 1000, 3),
        },
    )


def renewed(task: Task, lease_s: Seconds, now: Instant) -> Fact:
    """The same claim with its lease started again. Keeping alive is not an event, so the fact is never logged."""
    assert task.claim is not None
    # Never shown to last beyond the deadline, because it will not.
    lease = evolve(task.claim, lease_s=lease_s, expires_at=min(now + lease_s * 1000, task.claim.deadline))
    return Fact(EventKind.TASK_CLAIMED, evolve(task, claim=lease), {"renewed": True})


def require_fence(task: Task, fence: int | None) -> None:
    """Refuse a write that carries the fence of a claim that has ended."""
    if fence is not None and (task.claim is None or task.claim.fence != fence):
        raise StaleClaim(task=task.code, fence=fence, current_fence=task.fence, state=task.state, holder=task.holder)


def release(task: Task, caller: Caller, fence: int | None, failure: Failure | None, not_before: Instant | None, now: Instant) -> Fact:
    """The holder gives the task back, people and coordinators may take it back; a failure counts and may quarantine it."""
    require_fence(task, fence)
    if task.claim is None:
        raise NotHolder(task=task.code, caller=caller.name) if task.state not in CLOSED else _not_releasable(task)
    if caller.name != task.holder and not caller.may_override:
        raise NotHolder(task=task.code, caller=caller.name, holder=task.holder)
    ended = _ended(task, failure, now)
    if not_before is not None:
        ended = evolve(ended, not_before=not_before)
    return Fact(EventKind.TASK_RELEASED, ended, _ending(task, ended, failure))


def _not_releasable(task: Task) -> InvalidTransition:
    return InvalidTransition(task=task.code, state=task.state, to=State.CREATED, allowed=allowed_from(task.state))


def last_sign_of_life(task: Task, last_call: Instant | None, connected: bool, now: Instant) -> Instant:
    """When the holder last showed that it lives: a call, or an open connection for up to QUIET_MS after the last call."""
    assert task.claim is not None
    called = last_call if last_call is not None else task.claim.claimed_at
    return min(now, called + QUIET_MS) if connected else called


def at_expiry(task: Task, last_sign: Instant, now: Instant) -> Fact | None:
    """What the timer finds when a lease may have run out: None while it runs, else the claim extended or ended.

    An extension (kind TASK_CLAIMED with `renewed`) is not an event. Beyond the deadline no sign of life helps. A task
    that was Blocked keeps its reason and counts no failure.
    """
    lease = task.claim
    if lease is None or lease.expires_at is None or min(lease.expires_at, lease.deadline) > now:
        return None
    alive_until = min(last_sign + lease.lease_s * 1000, lease.deadline)
    if alive_until > now:
        return Fact(EventKind.TASK_CLAIMED, evolve(task, claim=evolve(lease, expires_at=alive_until)), {"renewed": True})
    failure = None if task.state is State.BLOCKED else Failure.LEASE_EXPIRED
    ended = _ended(task, failure, now)
    return Fact(EventKind.CLAIM_EXPIRED, ended, _ending(task, ended, failure))


def with_grace(task: Task, now: Instant) -> Task | None:
    """After a restart: the task with at least the grace left on its lease, or None when it has that already.

    The deadline gives way too: a clock that was set forward while nobody served must not end every claim at once.
    """
    lease = task.claim
    if lease is None or lease.expires_at is None:
        return None
    grace = now + min(lease.lease_s * 1000, RESTART_GRACE_MS)
    if min(lease.expires_at, lease.deadline) >= grace:
        return None
    return evolve(task, claim=evolve(lease, expires_at=max(lease.expires_at, grace), deadline=max(lease.deadline, grace)))


def _ended(task: Task, failure: Failure | None, now: Instant) -> Task:
    reason = task.blocked_reason
    back = evolve(advance(task, State.CREATED, now), blocked_reason=reason)
    # A blocker may have been reopened while it was worked on: it then waits again instead of being ready.
    return settled(failed(back, failure, now) if failure else back, now)


def _ending(task: Task, ended: Task, failure: Failure | None) -> dict[str, object]:
    data: dict[str, object] = {"from": task.state, "to": ended.state, "agent": task.holder, "fence": task.fence}
    if failure:
        data |= {"failure": failure, "attempts": ended.attempts}
    if ended.not_before is not None and ended.not_before > (task.not_before or 0):
        data["not_before"] = ended.not_before
    return data


def assign(task: Task, owner: str, caller: Caller, now: Instant) -> Fact:
    """Give the task to `owner`. An open one then waits for them alone; a held one moves to them with a new fence."""
    if task.state in CLOSED:
        raise TaskClosed(task=task.code, state=task.state)
    if task.claim and caller.name != task.holder and not caller.may_override:
        raise NotHolder(task=task.code, caller=caller.name, holder=task.holder)
    # Giving it to somebody decides an offer that stands, too.
    open_to_work = advance(task, State.IN_PROGRESS, now) if task.state is State.PENDING_HANDOFF and task.holder != owner else task
    assigned = evolve(open_to_work, owner_agent_name=owner, updated_at=now)
    if task.claim and task.holder != owner:
        assigned = _handed_over(assigned, owner, now)
    return Fact(EventKind.TASK_ASSIGNED, assigned, {"from": task.owner_agent_name, "to": owner, "fence": assigned.fence})


def _handed_over(task: Task, owner: str, now: Instant) -> Task:
    assert task.claim is not None
    fence = task.fence + 1
    expires_at = None if task.state in SUSPENDED else now + task.claim.lease_s * 1000
    lease = evolve(task.claim, fence=fence, agent=owner, claimed_at=now, expires_at=expires_at, deadline=now + DEADLINE_MS)
    return evolve(task, fence=fence, claim=lease, implementer=owner if task.state in RUNNING else task.implementer)
