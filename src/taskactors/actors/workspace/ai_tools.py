"""The AI tools we know: where each keeps its main file and its agents, and which MCP client it is."""

from collections.abc import Mapping

from attrs import frozen

from ...domain.errors import InvalidArguments
from .connections import MCP_CLIENTS, McpClient


@frozen
class AiTool:
    """One AI tool. `client` is what it is among the clients whose configuration we know, None for any other."""

    name: str
    main_file: str
    agent_folder: str
    client: McpClient | None = None


AI_TOOLS: Mapping[str, AiTool] = {
    tool.name: tool
    for tool in (
        AiTool("claude-code", "CLAUDE.md", ".claude/agents", MCP_CLIENTS["claude"]),
        AiTool("codex", "AGENTS.md", ".codex/agents", MCP_CLIENTS["codex"]),
        AiTool("cursor", ".cursor/rules/taskactors.mdc", ".cursor/agents", MCP_CLIENTS["cursor"]),
        AiTool("generic", "TASKACTORS.md", ".agents"),
    )
}


def tool_named(name: str | None) -> AiTool:
    """The AI tool of that name, or whose main file has that name; claude-code when none is given. Raises InvalidArguments."""
    if name is None:
        return AI_TOOLS["claude-code"]
    for tool in AI_TOOLS.values():
        if name in (tool.name, tool.main_file, tool.main_file.rsplit("/", 1)[-1]):
            return tool
    known = ", ".join(f"{tool.name} ({tool.main_file})" for tool in AI_TOOLS.values())
    raise InvalidArguments(
        tool="get_instructions_for_main_ai_file", problems=(f"file_type: {name[:50]!r} is not known; there are {known}",)
    )
