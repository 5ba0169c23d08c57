"""Moments as text: RFC 3339 in UTC, to the millisecond, as everything outside reads them."""

from datetime import UTC, datetime
from functools import lru_cache

from .task import Instant


# All that happens in one commit happens at one moment, and each of its times is written several times over.
@lru_cache(256)
def text_of(moment: Instant) -> str:
    """A moment as RFC 3339, as in 2026-01-31T09:30:00.000Z."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
