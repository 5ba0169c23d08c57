"""Answers: what a tool's reply and a refusal look like to an MCP client."""

import re
from collections.abc import Mapping
from typing import Any

import mcp_types as types
import msgspec
from attrs import field, frozen

from ..domain.errors import Refusal

EMPTY: Mapping[str, Any] = {}

REFUSAL_KEY = "taskactors/refusal"
"""Where a program finds the refusal's code and facts; a model reads the text."""


NOTICES = "notices"
"""Where an answer has what its agent should hear besides."""


@frozen
class Stamp:
    """What an era wants in every result, and in the `_meta` of each."""

    fields: Mapping[str, Any] = EMPTY
    meta: Mapping[str, Any] = EMPTY
    tail: bytes = field(init=False)
    """The same, for the end of a result that has no `_meta` of its own."""

    @tail.default
    def _written(self) -> bytes:
        whole = {**self.fields, "_meta": self.meta} if self.meta else self.fields
        return b"," + msgspec.json.encode(whole)[1:-1] if whole else b""


UNSTAMPED = Stamp()


def answered(answer: Mapping[str, Any], notices: Mapping[str, Any] = EMPTY) -> types.CallToolResult:
    """The reply twice, because clients show a model one or the other: as text, and as the object itself."""
    whole = _whole(answer, notices)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=whole.decode())], structured_content=msgspec.json.decode(whole), is_error=False
    )


def written_answer(answer: Mapping[str, Any], notices: Mapping[str, Any], stamp: Stamp) -> bytes:
    """The same result as it goes over a wire. It is written once: the text is what the object looks like."""
    whole = _whole(answer, notices)
    text = msgspec.json.encode(whole.decode())
    return b'{"content":[{"type":"text","text":%b}],"structuredContent":%b,"isError":false%b}' % (text, whole, stamp.tail)


def _whole(answer: Mapping[str, Any], notices: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({**answer, NOTICES: notices} if notices else answer)


def refused(refusal: Refusal, notices: Mapping[str, Any] = EMPTY) -> types.CallToolResult:
    """One line for the cause, one for the remedy, and the facts that neither has said. On an error clients show the text alone."""
    text, said = _said_of(refusal, notices)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True, _meta={REFUSAL_KEY: said})


def written_refusal(refusal: Refusal, notices: Mapping[str, Any], stamp: Stamp) -> bytes:
    """The same result as it goes over a wire."""
    text, said = _said_of(refusal, notices)
    meta = {REFUSAL_KEY: said, **stamp.meta}
    return msgspec.json.encode({"content": [{"type": "text", "text": text}], "isError": True, **stamp.fields, "_meta": meta})


def _said_of(refusal: Refusal, notices: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A refusal as a model reads it, and as a program does."""
    facts = msgspec.json.decode(msgspec.json.encode(dict(refusal.facts())))
    cause, remedy = refusal.cause(), refusal.remedy()
    lines = [f"{refusal.code}: {cause}."]
    if remedy:
        lines.append(f"{remedy[:1].upper()}{remedy[1:]}.")
    if unsaid := {name: value for name, value in facts.items() if not _is_said(value, " ".join(lines))}:
        lines.append(msgspec.json.encode(unsaid).decode())
    if notices:
        lines.append(msgspec.json.encode({NOTICES: notices}).decode())
    return "\n".join(lines), {"code": refusal.code, "cause": cause, "remedy": remedy, "facts": facts}


def _is_said(value: Any, text: str) -> bool:
    """Whether a text has a fact in it already, as a word of its own; what is neither name, number nor list of them never counts."""
    match value:
        case bool() | dict():
            return False
        case list():
            return all(_is_said(each, text) for each in value)
        case _:
            return re.search(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", text) is not None
