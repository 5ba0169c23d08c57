"""The database desk: says how the store is, and keeps its health."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import trio
from attrs import define

from ...board.requests.admin import MakeBackup
from ...domain.moments import text_of
from ...runtime import Place
from ..auditing import Auditing
from ..backups import Backups
from ..calls import Command
from ..store import StoreHealth
from .desk import Desk


@define(eq=False, kw_only=True)
class DatabaseDesk(Desk):
    """Healthy means that the last commit went through and the store can be read, not merely that a process runs."""

    health: StoreHealth
    started_at: int
    backups: Backups
    auditing: Auditing

    own: ClassVar[Mapping[str, str]] = {"health_check": "check_health", "admin.backup": "back_up"}

    async def run(self, place: Place) -> None:
        """Serve, and make backups when it is time."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.backups.keep_making)
            await super().run(place)
            nursery.cancel_scope.cancel()

    async def back_up(self, command: Command) -> Mapping[str, Any]:
        """A verified copy of everything, while the project serves."""
        assert isinstance(command.request, MakeBackup)
        answered = await self.ask_store(command)
        return {**answered, **await self.backups.make(Path(command.request.to) if command.request.to else None)}

    async def check_health(self, command: Command) -> Mapping[str, Any]:
        """The board's counts, with what this desk knows of the store."""
        counts = await self.ask_store(command)
        fault, broken = self.health.fault, self.auditing.findings
        last = self.health.last_commit_at
        return {
            "status": "unhealthy" if fault or broken else "healthy",
            "database": fault is None,
            "protocol": True,
            "version": version("taskactors"),
            "uptime_s": (self.clock.now() - self.started_at) // 1000,
            "last_commit_at": text_of(last) if last is not None else None,
            "fault": fault,
            **({"broken_rules": list(broken)} if broken else {}),
            **({"backup": backup} if (backup := self.backups.shown()) else {}),
            **counts,
        }
