"""The mcp-integrator desk: who is on the team and what they tell each other; writes a newcomer's own file."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import trio
from attrs import define

from ...board.requests.team import ListAgents, RegisterAgent
from ...domain.moments import text_of
from ...runtime import Place
from ..calls import Command
from ..presence import Presence
from ..threads import OffLoop
from ..updates import Updates
from ..workspace import agent_registered_files
from ..workspace.facts import Surroundings
from .desk import Desk


@define(eq=False, kw_only=True)
class IntegratorDesk(Desk):
    """Registration first, durably; then the agent's file, whose fate is part of the answer."""

    surroundings: Callable[[], Surroundings]
    off_loop: OffLoop

    presence: Presence
    updates: Updates

    own: ClassVar[Mapping[str, str]] = {"register_agent": "register", "list_agents": "list_agents"}

    async def run(self, place: Place) -> None:
        """Serve, and tell those who listen what has changed."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.updates.tell_the_crowd)
            await super().run(place)
            nursery.cancel_scope.cancel()

    async def register(self, command: Command) -> Mapping[str, Any]:
        entry = await self.ask_store(command)
        assert isinstance(command.request, RegisterAgent)
        files: Mapping[str, Any] = await self.off_loop(agent_registered_files, self.surroundings(), entry, command.request)
        return {**entry, **files}

    async def list_agents(self, command: Command) -> Mapping[str, Any]:
        """The team as registered, and who of them is here."""
        page = await self.ask_store(command)
        assert isinstance(command.request, ListAgents)
        signs = self.presence.signs()
        shown: list[Mapping[str, Any]] = []
        for agent in page["items"]:
            sign = signs.get(agent["name"])
            status = "connected" if sign is not None and sign.connected else "away"
            seen = {"last_call": text_of(sign.last_call)} if sign is not None and sign.last_call is not None else {}
            if command.request.status in (None, status):
                shown.append({**agent, "status": status, **seen})
        return {**page, "items": shown}
