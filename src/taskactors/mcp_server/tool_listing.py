"""How tools are listed: the same bytes for every connection of an era."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import mcp_types as types

from ..actors.argument_schema import input_schema, required_fields
from ..actors.tools import Tool
from ..board.requests.request import Request

UNSAID = frozenset({"minLength", "maxLength", "minItems", "maxItems", "pattern"})
LARGEST_SAID = 1_000


def listed(tools: Mapping[str, Tool]) -> tuple[types.Tool, ...]:
    """Every tool as clients see it, in the order of the table."""
    return tuple(_listed(tool) for tool in tools.values())


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=" ".join((tool.request.__doc__ or "").split()),
        input_schema=_arguments_schema(tool.request),  # type: ignore[arg-type]  # a class is one of a kind, whatever its values
        output_schema=_answer_schema(tool),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.reads or tool.idempotent,
            open_world_hint=False,
        ),
    )


@cache  # a tool is in several profiles
def _arguments_schema(request: type[Request]) -> dict[str, Any]:
    """What a model needs to call it, which every agent pays for in tokens: bounds that hardly anybody meets, and other
    spellings, are not in it. A call is still held to all of them, and a refusal names the one that it broke.
    """
    whole = input_schema(request)
    properties = {name: _said(schema) for name, schema in whole["properties"].items() if name not in request.spellings}
    required = required_fields(request)
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {}), "additionalProperties": False}


def _said(schema: Any) -> Any:
    match schema:
        case dict():
            return {name: _said(value) for name, value in schema.items() if not (name in UNSAID or _goes_without_saying(name, value))}
        case list():
            return [_said(each) for each in schema]
        case _:
            return schema


def _goes_without_saying(name: str, bound: Any) -> bool:
    match name:
        case "minimum":
            return bound in (0, 1)
        case "maximum":
            return bool(bound > LARGEST_SAID)
        case "default":
            # No, nothing and none are what everybody expects of what is left out.
            return bound in (False, 0)
        case _:
            return False


def _answer_schema(tool: Tool) -> dict[str, Any]:
    """Top-level keys only: what is inside them is open, and a model reads the answer itself."""
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in tool.answers.items()},
        "required": list(tool.answers),
    }
