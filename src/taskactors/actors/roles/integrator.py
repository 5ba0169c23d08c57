"""The mcp-integrator desk: who is on the team and what they tell each other; writes a newcomer's own file."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from attrs import define

from ...board.requests.team import RegisterAgent
from ..calls import Command
from ..store import OffLoop
from ..workspace import agent_registered_files
from ..workspace.facts import Surroundings
from .desk import Desk


@define(eq=False, kw_only=True)
class IntegratorDesk(Desk):
    """Registration first, durably; then the agent's file, whose fate is part of the answer."""

    surroundings: Callable[[], Surroundings]
    off_loop: OffLoop

    own: ClassVar[Mapping[str, str]] = {"register_agent": "register"}

    async def register(self, command: Command) -> Mapping[str, Any]:
        entry = await self.ask_store(command)
        assert isinstance(command.request, RegisterAgent)
        files: Mapping[str, Any] = await self.off_loop(agent_registered_files, self.surroundings(), entry, command.request)
        return {**entry, **files}
