"""Answers: what a tool's reply and a refusal look like to an MCP client."""

import re
from collections.abc import Mapping
from typing import Any

import mcp_types as types
import msgspec

from ..domain.errors import Refusal

EMPTY: Mapping[str, Any] = {}

REFUSAL_KEY = "taskactors/refusal"
"""Where a program finds the refusal's code and facts; a model reads the text."""


NOTICES = "notices"
"""Where an answer has what its agent should hear besides."""


def answered(answer: Mapping[str, Any], notices: Mapping[str, Any] = EMPTY) -> types.CallToolResult:
    """The reply twice, because clients show a model one or the other: as text, and as the object itself."""
    text = msgspec.json.encode({**answer, NOTICES: notices} if notices else answer)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text.decode())], structured_content=msgspec.json.decode(text), is_error=False
    )


def refused(refusal: Refusal, notices: Mapping[str, Any] = EMPTY) -> types.CallToolResult:
    """One line for the cause, one for the remedy, and the facts that neither has said. On an error clients show the text alone."""
    facts = msgspec.json.decode(msgspec.json.encode(dict(refusal.facts())))
    lines = [f"{refusal.code}: {refusal.cause()}."]
    if remedy := refusal.remedy():
        lines.append(f"{remedy[:1].upper()}{remedy[1:]}.")
    if unsaid := {name: value for name, value in facts.items() if not _is_said(value, " ".join(lines))}:
        lines.append(msgspec.json.encode(unsaid).decode())
    if notices:
        lines.append(msgspec.json.encode({NOTICES: notices}).decode())
    return types.CallToolResult(
        content=[types.TextContent(type="text", text="\n".join(lines))],
        is_error=True,
        _meta={REFUSAL_KEY: {"code": refusal.code, "cause": refusal.cause(), "remedy": refusal.remedy(), "facts": facts}},
    )


def _is_said(value: Any, text: str) -> bool:
    """Whether a text has a fact in it already, as a word of its own; what is neither name, number nor list of them never counts."""
    match value:
        case bool() | dict():
            return False
        case list():
            return all(_is_said(each, text) for each in value)
        case _:
            return re.search(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", text) is not None
