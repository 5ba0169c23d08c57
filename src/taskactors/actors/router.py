"""The router: turns a call into a checked command and hands it to its desk. It never waits."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import Factory, define

from ..board.requests.request import Request
from ..domain.errors import Refusal
from ..runtime import Address, Letter, Place, in_batches
from .arguments import Arguments
from .calls import Call, Command, UnknownTool
from .clock import Clock
from .command_ids import command_ids
from .identity import require_scope, speaker
from .patience import require_patience
from .presence import Presence
from .tools import Tool

ADMIN_PREFIX = "admin."
"""Methods of this name are for operators; to everybody else they do not exist."""

BATCH_LIMIT = 64
"""Calls checked in a row before other tasks run; each takes some tens of microseconds."""


@define(eq=False)
class Router:
    """One project's front desk: checks arguments, settles who calls, and forwards to the desk that owns the tool."""

    tools: Mapping[str, Tool]
    desks: Mapping[str, Address]
    presence: Presence
    clock: Clock
    _arguments: dict[str, Arguments[Request]] = Factory(dict)
    _ids: Iterator[str] = Factory(command_ids)

    async def run(self, place: Place) -> None:
        await in_batches(place, self._route, BATCH_LIMIT)

    async def _route(self, letters: Sequence[Letter[Call]]) -> None:
        for letter in letters:
            try:
                command = self._command(letter.message)
            except (Refusal, UnknownTool) as no:
                letter.refuse(no)
            else:
                letter.forward(self.desks[self.tools[command.tool].desk], command)

    def _command(self, call: Call) -> Command:
        tool = self.tools.get(call.tool)
        if tool is None or (call.tool.startswith(ADMIN_PREFIX) and not call.connection.operator):
            raise UnknownTool(call.tool)
        require_scope(call.connection, tool)
        request = self._arguments_of(tool).structure(call.arguments, call.tool)
        require_patience(call.connection, request, call.tool)
        caller = speaker(call.connection, request, call.tool)
        self.presence.called(caller.name, self.clock.now())
        return Command(id=next(self._ids), tool=call.tool, request=request, caller=caller)

    def _arguments_of(self, tool: Tool) -> Arguments[Request]:
        known = self._arguments.get(tool.name)
        if known is None:
            known = self._arguments[tool.name] = Arguments(tool.request)
        return known
