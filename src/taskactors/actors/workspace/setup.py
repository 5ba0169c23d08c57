"""Setup instructions: how one AI tool joins this project's team, step by step."""

from collections.abc import Mapping
from typing import Any

from .ai_tools import AiTool, configuration, tool_named
from .facts import Facts
from .roles import LOOP, MANNERS

NOT_BY_ITSELF = (
    "This server is reached over WebSocket, and {tool} does not speak it by itself. Let its agents use the shell instead: "
    "`taskactors task`, `taskactors send`, `taskactors inbox` and `./log.sh` reach the same board; "
    "set TASKACTORS_AGENT to the agent's name."
)


def setup_instructions(facts: Facts, ai_tool_type: str) -> Mapping[str, Any]:
    """Steps (as text and as a list), configuration and the present team, for one AI tool."""
    tool = tool_named(ai_tool_type)
    steps = _steps(facts, tool)
    return {
        "ai_tool_type": tool.name,
        "instructions": "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        "setup_steps": steps,
        "main_file_name": tool.main_file,
        "config_file": tool.config_file,
        "config": configuration(tool, facts.url),
        "url": facts.url,
        "project": facts.around.project,
        "team": [f"{member.agent.name} ({member.agent.role})" for member in facts.roster],
        "required_tools": list(facts.around.tools),
    }


def _steps(facts: Facts, tool: AiTool) -> list[str]:
    connect = configuration(tool, facts.url)
    if connect is None:
        first = NOT_BY_ITSELF.format(tool=tool.name)
    elif tool.config_file:
        first = f"Put this into {tool.config_file} and start a new session, with your agent's name in place of YOUR-NAME:\n{connect}"
    else:
        first = f"Connect an MCP client by WebSocket (subprotocol mcp) to {facts.url}?agent=YOUR-NAME"
    taken = ", ".join(member.agent.name for member in facts.roster) or "nobody yet"
    return [
        first,
        f"Choose a name that nobody has (on the team now: {taken}) and call register_agent with your role and capabilities.",
        f"Call get_instructions_for_main_ai_file and keep its text in {tool.main_file} (create_main_ai_file writes it).",
        *LOOP[1:],
        *MANNERS,
    ]
