"""Reading: what a tool reads, in one go."""

from collections.abc import Mapping
from types import GeneratorType
from typing import Any

from taskactors.actors.tools import Tool
from taskactors.board.requests.request import Request
from taskactors.board.turns import whole
from taskactors.board.view import View


def read_whole(tool: Tool, view: View, request: Request) -> Mapping[str, Any]:
    """The answer of a tool that reads, all of its turns over one moment."""
    answer: Any = tool.unit(view, request)
    found: Mapping[str, Any] = whole(answer) if isinstance(answer, GeneratorType) else answer
    return found
