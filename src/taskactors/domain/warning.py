"""Warning: a holder hears that a claim is about to end by itself, in time to do something about it."""

from attrs import frozen

from .evolving import evolve
from .lifecycle import DEADLINE_MS
from .task import Claim, Instant, Seconds, Task

SHARE = 5
"""A fifth of the time is left: enough to save the work, little enough to mean it."""

SHORTEST_S: Seconds = 60
"""A lease shorter than this is over before anybody has read that it ends."""


@frozen
class Warning:
    """What comes near: the end of the lease, which any call moves, or the deadline, which reported progress moves."""

    ends_at: Instant
    of_deadline: bool


def look_at(claim: Claim) -> Instant:
    """When time has something to do about a claim that runs: warn of its end, or end it."""
    assert claim.expires_at is not None
    return min(claim.expires_at, claim.deadline, *[at for at, _, _ in _ahead(claim)])


def before_end(task: Task, last_sign: Instant, now: Instant) -> tuple[Task, Warning | None]:
    """A look before the end: a holder that shows signs of life has its lease moved on, another is warned, once for each end."""
    claim = task.claim
    assert claim is not None
    assert claim.expires_at is not None
    alive_until = min(last_sign + claim.lease_s * 1000, claim.deadline)
    if alive_until > claim.expires_at:
        claim = evolve(claim, expires_at=alive_until)
    due = [Warning(ends_at, of_deadline) for at, ends_at, of_deadline in _ahead(claim) if at <= now]
    if due:
        claim = evolve(claim, warned=tuple({*claim.warned, *(warning.ends_at for warning in due)} & {claim.expires_at, claim.deadline}))
    return evolve(task, claim=claim), min(due, key=lambda warning: warning.ends_at, default=None)


def _ahead(claim: Claim) -> list[tuple[Instant, Instant, bool]]:
    """The warnings that were not given yet: when each is due, of which end, and whether that is the deadline."""
    assert claim.expires_at is not None
    ahead: list[tuple[Instant, Instant, bool]] = []
    if claim.deadline not in claim.warned:
        ahead.append((claim.deadline - DEADLINE_MS // SHARE, claim.deadline, True))
    if claim.expires_at not in claim.warned and claim.lease_s >= SHORTEST_S:
        ahead.append((claim.expires_at - claim.lease_s * 1000 // SHARE, claim.expires_at, False))
    return ahead
