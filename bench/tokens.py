"""What a model reads of the tools of each profile: name, description and input schema, four characters a token."""

from typing import Any

import msgspec

from taskactors.actors.profiles import PROFILES
from taskactors.mcp_server.tool_listing import listed

CHARACTERS_A_TOKEN = 4


def tokens() -> dict[str, int]:
    return {profile: sum(map(_characters, listed(tools))) // CHARACTERS_A_TOKEN for profile, tools in PROFILES.items()}


def _characters(tool: Any) -> int:
    return len(tool.name) + len(tool.description) + len(msgspec.json.encode(tool.input_schema).decode())
