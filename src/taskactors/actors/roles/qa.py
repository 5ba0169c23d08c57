"""The qa desk: says how the project stands, from the store and from how work has gone, and audits it all the time."""

from collections.abc import Mapping
from typing import Any, ClassVar

import trio
from attrs import define

from ...runtime import Place
from ..auditing import Auditing
from ..calls import Command
from ..statistics import Statistics
from .desk import Desk


@define(eq=False, kw_only=True)
class QaDesk(Desk):
    """Keeps no figures itself: they belong to the project and survive its crash."""

    statistics: Statistics
    auditing: Auditing

    own: ClassVar[Mapping[str, str]] = {"get_project_overview": "look_over"}

    async def run(self, place: Place) -> None:
        """Serve, and go on auditing."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.auditing.keep_on)
            await super().run(place)
            nursery.cancel_scope.cancel()

    async def look_over(self, command: Command) -> Mapping[str, Any]:
        """The store's part of the overview, with what was counted since the start."""
        broken = {"broken_rules": list(self.auditing.findings)} if self.auditing.findings else {}
        return {**await self.ask_store(command), **broken, "since_start": self.statistics.shown()}
