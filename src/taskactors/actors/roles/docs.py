"""The docs desk: makes the workspace texts from the live roster, tools and state, and writes the main file."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from attrs import define

from ...board.requests import workspace as ask
from ..calls import Command
from ..store import OffLoop
from ..workspace import create_main_ai_file, facts_from, main_file, manifest, setup_instructions, workflow_description
from ..workspace.facts import Facts, Surroundings
from .desk import Desk


@define(eq=False, kw_only=True)
class DocsDesk(Desk):
    """Asks the store how things stand, then says so in the words of the tool that asks."""

    surroundings: Callable[[], Surroundings]
    off_loop: OffLoop

    own: ClassVar[Mapping[str, str]] = {
        "get_setup_instructions": "explain",
        "get_agentic_workflow_description": "explain",
        "get_instructions_for_main_ai_file": "explain",
        "get_workspace_manifest": "explain",
        "create_main_ai_file": "write_main_file",
    }

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

    async def _facts(self, command: Command) -> Facts:
        return facts_from(await self.ask_store(command), self.surroundings())
