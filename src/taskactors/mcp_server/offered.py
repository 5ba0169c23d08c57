"""Offered: what a surface lets its clients find, as values: tools, resources and prompts, each with what answers for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import mcp_types as types
from attrs import field, frozen

from ..actors.calls import Connection
from .asking import Context


@frozen(kw_only=True)
class OfferedTool:
    """A tool. Its answer may raise Refusal, which becomes a result that says so, and MCPError."""

    listed: types.Tool
    answer: Callable[[Context, types.CallToolRequestParams], Awaitable[types.CallToolResult | types.InputRequiredResult]]


@frozen(kw_only=True)
class OfferedResource:
    """Something to look at, at one address or at all that fit a template.

    `matches` says whether an address is its own. `heard_as` is the name under which a connection hears that it has changed, None for
    what never changes. `read` may raise NotFound, and Refusal.
    """

    listed: types.Resource | types.ResourceTemplate
    matches: Callable[[str], bool]
    heard_as: Callable[[str, Connection], str | None]
    read: Callable[[Context, str], Awaitable[Sequence[types.TextResourceContents | types.BlobResourceContents]]]


@frozen(kw_only=True)
class OfferedPrompt:
    """A prompt. It is asked for with all the arguments that are listed as required, and no others than those listed; its answer may
    raise Refusal and MCPError.
    """

    listed: types.Prompt
    answer: Callable[[Context, types.GetPromptRequestParams], Awaitable[types.GetPromptResult | types.InputRequiredResult]]


@frozen(kw_only=True)
class Offer:
    """What there is besides what the tables of tools, resources and prompts have."""

    tools: Mapping[str, OfferedTool] = field(factory=dict)
    resources: tuple[OfferedResource, ...] = ()
    prompts: Mapping[str, OfferedPrompt] = field(factory=dict)


NOTHING_MORE = Offer()
