"""Setup instructions: how one AI tool joins this project's team, step by step."""

from collections.abc import Mapping
from typing import Any

from .ai_tools import AiTool, configuration, tool_named
from .facts import Facts
from .ways import loop_of, manners_of

NOT_BY_ITSELF = (
    "This server is reached over WebSocket, and {tool} does not speak it by itself. Let its agents use the shell instead: "
    "`taskactors task`, `taskactors send`, `taskactors inbox`, `taskactors wait` and `./log.sh` reach the same board."
)


def setup_instructions(facts: Facts, ai_tool_type: str) -> Mapping[str, Any]:
    """Steps (as text and as a list), configuration and the present team, for one AI tool."""
    tool = tool_named(ai_tool_type)
    config = configuration(tool, facts.url)
    steps = _steps(facts, tool, config)
    return {
        "ai_tool_type": tool.name,
        "instructions": "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        "setup_steps": steps,
        "main_file_name": tool.main_file,
        "config_file": None if config is None else tool.config_file,
        "config": config,
        "url": facts.url,
        "project": facts.around.project,
        "team": [f"{member.agent.name} ({member.agent.role})" for member in facts.roster],
        "required_tools": list(facts.around.tools),
    }


def _steps(facts: Facts, tool: AiTool, connect: str | None) -> list[str]:
    taken = ", ".join(member.agent.name for member in facts.roster) or "nobody yet"
    free = f"Choose a name that nobody has (on the team now: {taken})"
    join, *loop = loop_of(tool, facts.around)
    if connect is None:
        keep = f"Let a client of the board call get_instructions_for_main_ai_file for {tool.name}, and keep its text in {tool.main_file}."
        return [NOT_BY_ITSELF.format(tool=tool.name), f"{free}.", join, keep, *loop, *manners_of(tool)]
    if tool.config_file:
        first = f"Put this into {tool.config_file} and start a new session, with your agent's name in place of YOUR-NAME:\n{connect}"
    else:
        first = f"Connect an MCP client by WebSocket (subprotocol mcp) to {facts.url}?agent=YOUR-NAME"
    return [
        first,
        f"{free} and call register_agent with your role and capabilities.",
        f"Call get_instructions_for_main_ai_file and keep its text in {tool.main_file} (create_main_ai_file writes it).",
        *loop,
        *manners_of(tool),
    ]
