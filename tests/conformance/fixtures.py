"""Fixtures: what the suite wants to find, on one board that every file of them adds to."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
from attrs import Factory, define

from taskactors.mcp_server.asking import Context
from taskactors.mcp_server.offered import Offer, OfferedPrompt, OfferedResource, OfferedTool

Params = types.CallToolRequestParams
Prompted = types.GetPromptResult | types.InputRequiredResult
Answered = types.CallToolResult | types.InputRequiredResult
ToolAnswer = Callable[[Context, Params], Awaitable[Answered]]
PromptAnswer = Callable[[Context, types.GetPromptRequestParams], Awaitable[Prompted]]

TEXT: Mapping[str, Any] = {"type": "string"}
NUMBER: Mapping[str, Any] = {"type": "number"}
BOOLEAN: Mapping[str, Any] = {"type": "boolean"}

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SOUND = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="


@define
class Fixtures:
    """What has been added so far."""

    tools: dict[str, OfferedTool] = Factory(dict)
    prompts: dict[str, OfferedPrompt] = Factory(dict)
    resources: list[OfferedResource] = Factory(list)

    def tool(self, name: str, schema: Mapping[str, Any] | None = None) -> Callable[[ToolAnswer], ToolAnswer]:
        """Add a tool that is answered by what this decorates."""
        takes = {"type": "object", "additionalProperties": False} if schema is None else dict(schema)

        def add(answer: ToolAnswer) -> ToolAnswer:
            listed = types.Tool(name=name, description=answer.__doc__ or name, input_schema=takes)
            self.tools[name] = OfferedTool(listed=listed, answer=answer)
            return answer

        return add

    def prompt(self, name: str, *arguments: str) -> Callable[[PromptAnswer], PromptAnswer]:
        """Add a prompt that wants all of these arguments."""

        def add(answer: PromptAnswer) -> PromptAnswer:
            asked = [types.PromptArgument(name=each, description=each, required=True) for each in arguments]
            listed = types.Prompt(name=name, description=answer.__doc__ or name, arguments=asked)
            self.prompts[name] = OfferedPrompt(listed=listed, answer=answer)
            return answer

        return add

    def offer(self) -> Offer:
        """All of it, for a surface."""
        return Offer(tools=self.tools, prompts=self.prompts, resources=tuple(self.resources))


def takes(*required: str, **properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": {name: dict(each) for name, each in properties.items()}, "required": list(required)}


def text(said: str) -> types.TextContent:
    return types.TextContent(type="text", text=said)


def embedded(uri: str, said: str, kind: str = "text/plain") -> types.EmbeddedResource:
    return types.EmbeddedResource(type="resource", resource=types.TextResourceContents(uri=uri, mime_type=kind, text=said))


def picture() -> types.ImageContent:
    return types.ImageContent(type="image", data=PICTURE, mime_type="image/png")


def said(*content: types.ContentBlock | str, is_error: bool = False) -> types.CallToolResult:
    """A result that has this content."""
    return types.CallToolResult(content=[text(each) if isinstance(each, str) else each for each in content], is_error=is_error)
