"""The manifest: everything about this workspace as data."""

from collections.abc import Mapping
from typing import Any

from ...domain.agent import ROLES
from ...domain.lifecycle import TABLE
from .ai_tools import AI_TOOLS, tool_named
from .facts import Facts
from .roles import ROLE_TEXTS
from .safe_files import exists_in


def manifest(facts: Facts, ai_tool_type: str) -> Mapping[str, Any]:
    """Project, team, roles, tools, states, files and counts."""
    tool = tool_named(ai_tool_type)
    around = facts.around
    return {
        "project": around.project,
        "version": around.version,
        "url": facts.url,
        "ai_tool_type": tool.name,
        "main_file_name": tool.main_file,
        "files_can_be_written": around.root is not None,
        "main_files": [each.main_file for each in AI_TOOLS.values() if around.root and exists_in(around.root, each.main_file)],
        "roles": [{"role": role, "duty": ROLE_TEXTS[role].duty, "agents": list(facts.with_role(role))} for role in ROLES],
        "agents": [
            {
                "name": member.agent.name,
                "role": member.agent.role,
                "capabilities": list(member.agent.capabilities),
                "coordinator": member.agent.coordinator,
                "holding": list(member.holding),
            }
            for member in facts.roster
        ],
        "tools": [{"name": name, "what": what} for name, what in around.tools.items()],
        "states": {state: list(steps) for state, steps in TABLE.items()},
        "tasks": dict(facts.counts),
        "ready": facts.ready,
    }
