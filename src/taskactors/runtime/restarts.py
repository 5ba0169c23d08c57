"""How many crashes a supervisor puts up with: a pure value."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RestartBudget:
    """At most `restarts` restarts in any `within_s` seconds, shared by all children of one supervisor; 0 means none at all."""

    restarts: int
    within_s: float
    spent: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.restarts < 0:
            raise ValueError(f"restarts must not be negative: {self.restarts}")
        if not self.within_s > 0:
            raise ValueError(f"within_s must be positive: {self.within_s}")

    def spend(self, now: float) -> RestartBudget | None:
        """The budget after one more restart at `now` (seconds, never going back); None when it does not allow one."""
        recent = tuple(at for at in self.spent if now - at < self.within_s)
        if len(recent) >= self.restarts:
            return None
        return replace(self, spent=(*recent, now))
