"""Failures: their classes, how long each keeps a task back, and when a task is put aside."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from .evolving import evolve
from .lifecycle import advance
from .task import Instant, Seconds, State, Task


class Failure(StrEnum):
    TRANSIENT = "transient"
    CAPABILITY_MISMATCH = "capability_mismatch"
    CONTEXT_OVERFLOW = "context_overflow"
    LOGIC_ERROR = "logic_error"
    ENVIRONMENTAL = "environmental"
    INVALID_REQUIREMENTS = "invalid_requirements"
    LEASE_EXPIRED = "lease_expired"


@frozen
class BackOff:
    """How long a failed task is kept back: `first_s` after the first attempt, times `factor` for each one more."""

    first_s: Seconds
    factor: int = 1

    def delay_s(self, attempts: int) -> Seconds:
        """Seconds to wait after that many failed attempts."""
        grown: int = self.first_s * self.factor ** max(0, attempts - 1)
        return min(grown, LONGEST_BACK_OFF_S)


LONGEST_BACK_OFF_S: Seconds = 3600
"""Beyond an hour a person should look; quarantine brings them."""

ATTEMPTS_LIMIT = 3
"""After this many failed attempts a task is put aside until somebody decides what is wrong with it."""

BACK_OFF: Mapping[Failure, BackOff] = {
    Failure.TRANSIENT: BackOff(30),
    Failure.CAPABILITY_MISMATCH: BackOff(0),
    Failure.CONTEXT_OVERFLOW: BackOff(0),
    Failure.LOGIC_ERROR: BackOff(60, factor=2),
    Failure.ENVIRONMENTAL: BackOff(60, factor=2),
    Failure.INVALID_REQUIREMENTS: BackOff(0),
    Failure.LEASE_EXPIRED: BackOff(0),
}
"""Environmental and logic errors need time or a fresh look; a mismatch only needs somebody else at once."""


def failed(task: Task, failure: Failure, now: Instant) -> Task:
    """The task, back in Created, after one more failed attempt: kept back for a while, or put aside at the limit."""
    attempts = task.attempts + 1
    if attempts >= ATTEMPTS_LIMIT:
        return evolve(advance(task, State.QUARANTINED, now), attempts=attempts)
    delay_s = BACK_OFF[failure].delay_s(attempts)
    return evolve(task, attempts=attempts, not_before=now + delay_s * 1000 if delay_s else task.not_before)
