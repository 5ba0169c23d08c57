"""The qa desk: says how the project stands, from the store and from how work has gone."""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import define

from ..calls import Command
from ..statistics import Statistics
from .desk import Desk


@define(eq=False, kw_only=True)
class QaDesk(Desk):
    """Keeps no figures itself: they belong to the project and survive its crash."""

    statistics: Statistics

    own: ClassVar[Mapping[str, str]] = {"get_project_overview": "look_over"}

    async def look_over(self, command: Command) -> Mapping[str, Any]:
        """The store's part of the overview, with what was counted since the start."""
        return {**await self.ask_store(command), "since_start": self.statistics.shown()}
