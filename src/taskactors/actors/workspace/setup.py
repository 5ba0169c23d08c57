"""Setup instructions: how one AI tool joins this project's team, step by step."""

from collections.abc import Mapping
from typing import Any

from .ai_tools import AiTool, tool_named
from .connections import BRIDGE, HTTP, WS, McpClient, address, as_text, bridge_entry, configuration, network_entry
from .facts import Facts
from .roles import LOOP, MANNERS

NAME = "YOUR-NAME"
TOKENS = (
    "A connection over the network shows a token, which the client takes from TASKACTORS_TOKEN or asks for: "
    "a person makes one with `taskactors token add YOUR-NAME`. The bridge finds the token of its own machine by itself."
)


def setup_instructions(facts: Facts, ai_tool_type: str) -> Mapping[str, Any]:
    """Steps (as text and as a list), configuration for each way in, and the present team, for one AI tool."""
    tool = tool_named(ai_tool_type)
    configs = {} if tool.client is None else _configurations(tool.client, facts)
    steps = _steps(facts, tool, configs)
    return {
        "ai_tool_type": tool.name,
        "instructions": "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        "setup_steps": steps,
        "main_file_name": tool.main_file,
        "config_file": tool.client.file if tool.client else None,
        "config": configs.get(BRIDGE),
        "configs": configs,
        "url": facts.url,
        "http_url": facts.around.http_url,
        "project": facts.around.project,
        "team": [f"{member.agent.name} ({member.agent.role})" for member in facts.roster],
        "required_tools": list(facts.around.tools),
    }


def _configurations(client: McpClient, facts: Facts) -> dict[str, str]:
    """The text of the client's file for each way in that both have."""
    there = {WS: facts.url, HTTP: facts.around.http_url}
    command = ["taskactors", "bridge", "--project", facts.around.project, "--agent", NAME]
    entries = {BRIDGE: bridge_entry(client, command)} | {
        way: network_entry(client, way, address(url, agent=NAME)) for way, url in there.items() if way in client.ways and url
    }
    return {way: as_text(client, configuration(client, entry)) for way, entry in entries.items()}


def _steps(facts: Facts, tool: AiTool, configs: Mapping[str, str]) -> list[str]:
    taken = ", ".join(member.agent.name for member in facts.roster) or "nobody yet"
    return [
        *_connecting(facts, tool, configs),
        TOKENS,
        f"Choose a name that nobody has (on the team now: {taken}) and call register_agent with your role and capabilities.",
        f"Call get_instructions_for_main_ai_file and keep its text in {tool.main_file} (create_main_ai_file writes it).",
        *LOOP[1:],
        *MANNERS,
    ]


def _connecting(facts: Facts, tool: AiTool, configs: Mapping[str, str]) -> list[str]:
    around = facts.around
    if tool.client is None:
        over_http = f", or over HTTP to {address(around.http_url, agent=NAME)}" if around.http_url else ""
        bridge = f"`taskactors bridge --project {around.project} --agent {NAME}`"
        network = f"Connect an MCP client by WebSocket (subprotocol mcp) to {address(facts.url, agent=NAME)}{over_http}."
        return [f"{network} One that only starts commands gets {bridge}."]
    command = f"`taskactors connect {tool.client.name} --write --project {around.project} --agent {NAME}`"
    network = "".join(f"\nOr, over the network:\n{text}" for way, text in configs.items() if way != BRIDGE)
    return [
        f"In the project's folder run {command}, or put this into {tool.client.file}:\n{configs[BRIDGE]}{network}",
        f"Then {tool.client.next_step}.",
    ]
