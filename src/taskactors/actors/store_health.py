"""How a store is doing."""

from attrs import Factory, define

from ..domain.task import Instant
from ..storage.errors import Damaged
from .metrics import BATCH_UNITS, COMMIT_S, Distribution


@define
class StoreHealth:
    """How the store is doing, for health checks: the last commit, and the last thing that went wrong since."""

    last_commit_at: Instant | None = None
    fault: str | None = None
    damage: str | None = None
    """What a read or a unit of work found that is not what was written; nothing but another file mends it."""
    commits: int = 0
    units: int = 0
    """Those that were run to their end, also in vain."""
    batch_units: Distribution = Factory(lambda: Distribution(BATCH_UNITS))
    commit_s: Distribution = Factory(lambda: Distribution(COMMIT_S))

    def saw(self, error: Exception) -> None:
        """A read or a unit of work ended so."""
        if isinstance(error, Damaged):
            self.damage = error.fact
