"""The docs desk: makes the workspace texts from the live roster, tools and state, and writes the main file."""

from collections.abc import Callable, Mapping, Set
from typing import Any, ClassVar

from attrs import define

from ...board.cursors import cursor_after, read_cursor
from ...board.knowledge import shown
from ...board.requests import workspace as ask
from ...board.requests.knowledge import Search
from ...board.view import View
from ...board.wire import page
from ...storage.engine import Snapshot
from ..calls import Command
from ..indexing import Indexing
from ..orders import Read
from ..threads import OffLoop
from ..workspace import create_main_ai_file, facts_from, main_file, manifest, setup_instructions, workflow_description
from ..workspace.facts import Facts, Surroundings
from .desk import STORE_WITHIN_S, Desk

SEARCH_CURSOR = "s"


@define(eq=False, kw_only=True)
class DocsDesk(Desk):
    """Asks the store how things stand, then says so in the words of the tool that asks."""

    surroundings: Callable[[], Surroundings]
    off_loop: OffLoop
    indexing: Indexing

    own: ClassVar[Mapping[str, str]] = {
        "get_setup_instructions": "explain",
        "get_agentic_workflow_description": "explain",
        "get_instructions_for_main_ai_file": "explain",
        "get_workspace_manifest": "explain",
        "create_main_ai_file": "write_main_file",
        "search": "search",
    }
    waiting_own: ClassVar[Set[str]] = frozenset({"search"})

    async def explain(self, command: Command) -> Mapping[str, Any]:
        facts = await self._facts(command)
        match command.request:
            case ask.GetSetupInstructions(ai_tool_type=tool):
                return setup_instructions(facts, tool)
            case ask.GetAgenticWorkflowDescription(requested_agent_count=count, prd_content=plan):
                return workflow_description(facts, count, plan)
            case ask.GetInstructionsForMainAiFile(file_type=file_type):
                return main_file(facts, file_type)
            case ask.GetWorkspaceManifest(ai_tool_type=tool):
                return manifest(facts, tool)
            case other:
                raise TypeError(f"the docs desk was asked for {type(other).__name__}")

    async def write_main_file(self, command: Command) -> Mapping[str, Any]:
        assert isinstance(command.request, ask.CreateMainAiFile)
        written: Mapping[str, Any] = await self.off_loop(create_main_ai_file, await self._facts(command), command.request)
        return written

    async def search(self, command: Command) -> Mapping[str, Any]:
        """Matches in the index, which is brought up to date first, as far as the caller may see them."""
        request = command.request
        assert isinstance(request, Search)
        skip = read_cursor(SEARCH_CURSOR, request.cursor, "search")[0] if request.cursor else 0
        found = await self.indexing.find(request.query, request.within, skip, request.limit)
        items = await self._read(command, lambda view: [shown(view, *match) for match in found])
        more = cursor_after(SEARCH_CURSOR, skip + len(found)) if len(found) == request.limit else None
        return page([item for item in items if item is not None], more)

    async def _read(self, command: Command, look: Callable[[View], Any]) -> Any:
        now, settings = self.clock.now(), self.settings

        def read(snapshot: Snapshot) -> Any:
            return look(View(snapshot, now, command.caller, settings))

        return await self.store.ask(Read(read), STORE_WITHIN_S)

    async def _facts(self, command: Command) -> Facts:
        return facts_from(await self.ask_store(command), self.surroundings())
