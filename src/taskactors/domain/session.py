"""The work session: one agent's stretch of time on one task."""

from attrs import frozen

from .task import Instant

MS_PER_MINUTE = 60_000


@frozen(kw_only=True)
class Session:
    """A stretch of work. It is open until `ended_at` is set; an agent has at most one open on a task."""

    id: int
    task_id: int
    task_code: str
    agent_name: str
    started_at: Instant
    ended_at: Instant | None = None
    notes: str | None = None
    productivity_score: float | None = None

    def active_minutes(self, now: Instant) -> float:
        """Minutes worked, up to its end or to now."""
        return round(((self.ended_at or now) - self.started_at) / MS_PER_MINUTE, 1)
