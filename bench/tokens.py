"""What a model reads of the tools of each profile: name, description and input schema, four characters a token."""

import msgspec

from taskactors.actors.profiles import PROFILES
from taskactors.mcp_server.tool_listing import listed

CHARACTERS_A_TOKEN = 4


def tokens() -> dict[str, int]:
    return {profile: sum(map(_characters, listed(tools))) // CHARACTERS_A_TOKEN for profile, tools in PROFILES.items()}


def _characters(tool: object) -> int:
    said = tool.model_dump(by_alias=True, include={"name", "description", "input_schema"}, exclude_none=True)  # type: ignore[attr-defined]
    return len(msgspec.json.encode(said).decode())
