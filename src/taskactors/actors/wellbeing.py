"""Wellbeing: how a project is, from what is known in memory, so that to ask about it wakes, uses and waits for nothing."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import frozen

from ..domain.moments import text_of
from ..domain.task import Instant
from .auditing import Auditing
from .backups import Backups
from .store_health import StoreHealth

COMMIT_WITHIN_S = 30.0
"""A commit takes milliseconds. One that takes longer than this hangs on a disk that does not answer, and fails nowhere by itself."""


class Whereabouts(StrEnum):
    """Where a project is between two of its lives."""

    OPEN = "open"
    RESTING = "resting"
    STARTING = "starting"
    FAILED = "failed"


@frozen(kw_only=True)
class Condition:
    """How one project is. `why` says what is wrong with it, and nothing while all is well, as with one that rests or starts."""

    whereabouts: Whereabouts
    why: tuple[str, ...] = ()
    last_commit_at: Instant | None = None

    @property
    def is_well(self) -> bool:
        return not self.why

    def shown(self) -> Mapping[str, Any]:
        """For whoever may know of this project."""
        return {
            **status_of([self]),
            "project": str(self.whereabouts),
            **({"why": list(self.why)} if self.why else {}),
            **({"last_commit_at": text_of(self.last_commit_at)} if self.last_commit_at is not None else {}),
        }


def status_of(conditions: Sequence[Condition]) -> dict[str, Any]:
    """All that anybody may know: whether everything is well."""
    return {"status": "healthy" if all(each.is_well for each in conditions) else "unhealthy"}


def troubles(health: StoreHealth, auditing: Auditing, backups: Backups, committing_s: float = 0.0) -> tuple[str, ...]:
    """What is wrong with an open project. It is well while its last commit went through, no rule is broken and it can be backed up."""
    broken = auditing.findings
    found = {
        f"the last commit failed: {health.fault}": health.fault is not None,
        f"a commit has not come to an end for {committing_s:.0f} s": committing_s > COMMIT_WITHIN_S,
        f"the data is damaged: {health.damage}": health.damage is not None,
        f"the stored data breaks its own rules {len(broken)} times, first: {next(iter(broken), None)}": bool(broken),
        f"the last backup failed: {backups.fault}": backups.fault is not None,
    }
    return tuple(said for said, is_so in found.items() if is_so)
