"""How tools are listed: the same bytes for every connection of an era."""

from collections.abc import Mapping
from typing import Any

import mcp_types as types

from ..actors.arguments import Arguments
from ..actors.tools import Tool


def listed(tools: Mapping[str, Tool]) -> tuple[types.Tool, ...]:
    """Every tool as clients see it, in the order of the table."""
    return tuple(_listed(tool) for tool in tools.values())


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=" ".join((tool.request.__doc__ or "").split()),
        input_schema=Arguments(tool.request).schema,
        output_schema=_answer_schema(tool),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.reads or tool.idempotent,
            open_world_hint=False,
        ),
    )


def _answer_schema(tool: Tool) -> dict[str, Any]:
    """Top-level keys only: what is inside them is open, and a model reads the answer itself."""
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in tool.answers.items()},
        "required": list(tool.answers),
    }
