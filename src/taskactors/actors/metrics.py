"""Metrics: what the server counts about itself while it works, in a few steps each, for whoever watches it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from attrs import Factory, define

from ..runtime import ActorCrashedEvent, ActorRestarted, Observed

CALL_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
BATCH_UNITS = (1, 2, 4, 8, 16, 32, 64, 128)
DELIVERY_S = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
WAIT_S = (0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)

ANSWERED = "ok"

UNKNOWN = "unknown"
"""The name of every tool that there is not: names that clients make up must not become series."""

NO_PROJECT = "?"
"""The same for projects; no project can be called so."""


@define(eq=False)
class Distribution:
    """How often a value was at most each bound, and the sum of all values."""

    bounds: Sequence[float]
    sum: float = 0.0
    _counts: list[int] = Factory(lambda self: [0] * (len(self.bounds) + 1), takes_self=True)

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[tuple[str, int]]:
        """Each bound, as Prometheus writes it, with how many values were at most that."""
        total, found = 0, []
        for bound, count in zip((*self.bounds, float("inf")), self._counts, strict=True):
            total += count
            found.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
        return found


@define(eq=False)
class Metrics:
    """What is counted for the whole server, from its start."""

    calls: Counter[tuple[str, str, str]] = Factory(Counter)
    """By project, tool and outcome, which is ANSWERED or the code of a refusal."""
    call_s: dict[str, Distribution] = Factory(dict)
    """By tool, without those that were asked to wait."""
    crashes: Counter[str] = Factory(Counter)
    restarts: Counter[str] = Factory(Counter)

    def called(self, project: str, tool: str, outcome: str, took_s: float, waited: bool) -> None:
        """One call has ended."""
        self.calls[project, tool, outcome] += 1
        if not waited:
            if (known := self.call_s.get(tool)) is None:
                known = self.call_s[tool] = Distribution(CALL_S)
            known.observe(took_s)

    def refused(self, project: str, tool: str, outcome: str) -> None:
        """One call was not even begun."""
        self.calls[project, tool, outcome] += 1

    def observe(self, event: Observed) -> None:
        """Count what the supervisors see."""
        match event:
            case ActorCrashedEvent(actor, _):
                self.crashes[actor] += 1
            case ActorRestarted(actor, _):
                self.restarts[actor] += 1
            case _:
                pass
