"""The work session: one agent's stretch of time on one task, with the pauses taken out."""

from attrs import frozen

from .evolving import evolve
from .task import Instant

MS_PER_MINUTE = 60_000


@frozen(kw_only=True)
class Session:
    """A stretch of work. It is open until `ended_at` is set; an agent has at most one open on a task, and only while its
    lease runs. While `paused_at` is set its clock stands; `paused_ms` is how long it stood before that.
    One that ended with its claim is `unsigned` until its agent has said how it went.
    """

    id: int
    task_id: int
    task_code: str
    agent_name: str
    started_at: Instant
    ended_at: Instant | None = None
    paused_at: Instant | None = None
    paused_ms: int = 0
    notes: str | None = None
    productivity_score: float | None = None
    unsigned: bool = False

    def active_minutes(self, now: Instant) -> float:
        """Minutes worked, up to its end, to its pause or to now."""
        until = self.ended_at or self.paused_at or now
        return round((until - self.started_at - self.paused_ms) / MS_PER_MINUTE, 1)


def paused(session: Session, now: Instant) -> Session:
    """The session with its clock stopped for now."""
    return session if session.paused_at is not None else evolve(session, paused_at=now)


def resumed(session: Session, now: Instant) -> Session:
    """The session with its clock running."""
    if session.paused_at is None:
        return session
    return evolve(session, paused_at=None, paused_ms=session.paused_ms + now - session.paused_at)


def ended(session: Session, now: Instant) -> Session:
    """The session at its end."""
    return evolve(resumed(session, now), ended_at=now)
