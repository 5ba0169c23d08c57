"""The database desk: says how the store is, and keeps its health."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar

from attrs import define

from ...domain.moments import text_of
from ..calls import Command
from ..store import StoreHealth
from .desk import Desk


@define(eq=False, kw_only=True)
class DatabaseDesk(Desk):
    """Healthy means that the last commit went through and the store can be read, not merely that a process runs."""

    health: StoreHealth
    started_at: int

    own: ClassVar[Mapping[str, str]] = {"health_check": "check_health"}

    async def check_health(self, command: Command) -> Mapping[str, Any]:
        """The board's counts, with what this desk knows of the store."""
        counts = await self.ask_store(command)
        fault = self.health.fault
        last = self.health.last_commit_at
        return {
            "status": "unhealthy" if fault else "healthy",
            "database": fault is None,
            "protocol": True,
            "version": version("taskactors"),
            "uptime_s": (self.clock.now() - self.started_at) // 1000,
            "last_commit_at": text_of(last) if last is not None else None,
            "fault": fault,
            **counts,
        }
