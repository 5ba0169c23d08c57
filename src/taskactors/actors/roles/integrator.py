"""The mcp-integrator desk: who is on the team and what they tell each other; writes a newcomer's own file."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import trio
from attrs import define

from ...board.requests.team import RegisterAgent
from ..calls import Command
from ..workspace import agent_registered_files
from ..workspace.facts import Surroundings
from .desk import Desk


@define(eq=False, kw_only=True)
class IntegratorDesk(Desk):
    """Registration first, durably; then the agent's file, whose fate is part of the answer."""

    surroundings: Callable[[], Surroundings]

    own: ClassVar[Mapping[str, str]] = {"register_agent": "register"}

    async def register(self, command: Command) -> Mapping[str, Any]:
        entry = await self.ask_store(command)
        assert isinstance(command.request, RegisterAgent)
        files = await trio.to_thread.run_sync(agent_registered_files, self.surroundings(), entry, command.request)
        return {**entry, **files}
