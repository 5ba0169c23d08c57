"""The board's part of a health check: what the store holds and that it can be read."""

from collections.abc import Mapping
from typing import Any

from ..domain.moments import text_of
from . import chain, layout
from .requests.workspace import HealthCheck
from .view import View

AGENTS_COUNTED = 10_000


def health_check(view: View, request: HealthCheck) -> Mapping[str, Any]:
    """Counts by state, agents, events, and the board's own clock. The database desk adds what only it knows."""
    counts = view.state_counts()
    return {
        "timestamp": text_of(view.now),
        "project": view.settings.project,
        "total_tasks": sum(counts.values()),
        "tasks": counts,
        "agents": len(view.snapshot.range(*layout.AGENTS, limit=AGENTS_COUNTED)),
        "events": chain.read_head(view.snapshot).seq,
    }
