"""The AI tools we know: where each keeps its main file and its agents, and how it is told about a server."""

import json
from collections.abc import Mapping

from attrs import frozen

from ...domain.errors import InvalidArguments


@frozen
class AiTool:
    """One AI tool. `speaks_websocket` tells whether it can connect to this server by itself."""

    name: str
    main_file: str
    agent_folder: str
    speaks_websocket: bool
    config_file: str | None = None


AI_TOOLS: Mapping[str, AiTool] = {
    tool.name: tool
    for tool in (
        AiTool("claude-code", "CLAUDE.md", ".claude/agents", True, ".mcp.json"),
        AiTool("codex", "AGENTS.md", ".codex/agents", False, "~/.codex/config.toml"),
        AiTool("cursor", ".cursor/rules/taskactors.mdc", ".cursor/agents", False, ".cursor/mcp.json"),
        AiTool("generic", "TASKACTORS.md", ".agents", True),
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


def configuration(tool: AiTool, url: str) -> str | None:
    """The text that connects this tool to the server, or None when it cannot connect by itself."""
    if not tool.speaks_websocket:
        return None
    entry = {"type": "ws", "url": f"{url}?agent=YOUR-NAME"}
    return json.dumps({"mcpServers": {"taskactors": entry}}, indent=2)
