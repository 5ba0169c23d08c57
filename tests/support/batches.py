"""Batches as the store does them: drafted, then committed."""

from collections.abc import Sequence
from typing import Any

from taskactors.storage.engine import Done, Engine, Failed, Unit


def write(engine: Engine, units: Sequence[Unit], now_ms: int, batch_id: bytes) -> list[Done[Any] | Failed]:
    """Run these units as one batch, and say what became of each. Raises what draft and commit raise."""
    with engine.draft(now_ms) as draft:
        outcomes = [draft.run(unit) for unit in units]
        writes = draft.writes(batch_id)
    if writes:
        engine.commit(writes, batch_id)
    return outcomes
