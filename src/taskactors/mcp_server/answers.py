"""Answers: what a tool's reply and a refusal look like to an MCP client."""

from collections.abc import Mapping
from typing import Any

import mcp_types as types
import msgspec

from ..domain.errors import InvalidArguments, Refusal

REFUSAL_KEY = "taskactors/refusal"
"""Where a program finds the refusal's code and facts; a model reads the text."""


def answered(answer: Mapping[str, Any]) -> types.CallToolResult:
    """The reply twice, because clients show a model one or the other: as text, and as the object itself."""
    text = msgspec.json.encode(answer)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text.decode())], structured_content=msgspec.json.decode(text), is_error=False
    )


def refused(refusal: Refusal) -> types.CallToolResult:
    """One line for the cause, one for the remedy, and the facts. On an error clients show the text alone."""
    facts = msgspec.json.decode(msgspec.json.encode(dict(refusal.facts())))
    lines = [f"{refusal.code}: {refusal.cause()}."]
    if remedy := refusal.remedy():
        lines.append(f"{remedy[:1].upper()}{remedy[1:]}.")
    # Its cause names every problem already.
    if facts and not isinstance(refusal, InvalidArguments):
        lines.append(msgspec.json.encode(facts).decode())
    return types.CallToolResult(
        content=[types.TextContent(type="text", text="\n".join(lines))],
        is_error=True,
        _meta={REFUSAL_KEY: {"code": refusal.code, "cause": refusal.cause(), "remedy": refusal.remedy(), "facts": facts}},
    )
