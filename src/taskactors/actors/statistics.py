"""Statistics: how work has gone since the project was opened, counted from what commits tell."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.events import Event, EventKind
from .feed import Feed
from .metrics import WAIT_S, Distribution

WAITS_KEPT = 1_000
"""Percentiles are of the last thousand claims: recent enough to mean something, many enough to be steady."""

AGENTS_COUNTED = 1_000

BY_AGENT = {
    EventKind.TASK_CLAIMED: "claimed",
    EventKind.TASK_COMPLETED: "completed",
    EventKind.TASK_RELEASED: "released",
    EventKind.CLAIM_EXPIRED: "expired",
    EventKind.TASK_REVIEWED: "reviewed",
}


class Statistics:
    """Belongs to the project, and begins anew with it: the log has the whole story."""

    def __init__(self, feed: Feed) -> None:
        self.kinds: Counter[str] = Counter()
        self.claim_wait_s = Distribution(WAIT_S)
        self._waits_s: deque[float] = deque(maxlen=WAITS_KEPT)
        self._by_agent: dict[str, Counter[str]] = {}
        feed.listen(self._heard)

    def _heard(self, told: Sequence[object]) -> None:
        for each in told:
            if isinstance(each, Event):
                self._count(each)

    def _count(self, event: Event) -> None:
        self.kinds[event.kind] += 1
        if (waited := event.data.get("waited_s")) is not None:
            self._waits_s.append(waited)
            self.claim_wait_s.observe(waited)
        if (did := BY_AGENT.get(event.kind)) is not None:
            self._count_for(str(event.data.get("agent") or event.acting_for or event.by), did)

    def _count_for(self, agent: str, did: str) -> None:
        counts = self._by_agent.get(agent)
        if counts is None:
            if len(self._by_agent) >= AGENTS_COUNTED:
                return
            counts = self._by_agent[agent] = Counter()
        counts[did] += 1

    def shown(self) -> Mapping[str, Any]:
        """Counts, rates and waits."""
        claims = self.kinds[EventKind.TASK_CLAIMED]
        waits = sorted(self._waits_s)
        answer: dict[str, Any] = {
            "claims": claims,
            "completed": self.kinds[EventKind.TASK_COMPLETED],
            "expired": self.kinds[EventKind.CLAIM_EXPIRED],
            "messages": self.kinds[EventKind.MESSAGE_SENT],
            "expiry_rate": round(self.kinds[EventKind.CLAIM_EXPIRED] / claims, 3) if claims else 0.0,
            "by_agent": {name: dict(did) for name, did in sorted(self._by_agent.items())},
        }
        if waits:
            answer["claim_wait_s"] = {f"p{share}": waits[min(len(waits) - 1, len(waits) * share // 100)] for share in (50, 90, 99)}
        return answer
