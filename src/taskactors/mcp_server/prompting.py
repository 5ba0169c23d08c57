"""Prompting: what a client asks of prompts, and how it is helped to fill in what they and addresses ask for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
import msgspec
from mcp.shared.exceptions import MCPError

from ..domain.agent import ROLES
from ..domain.errors import Refusal
from .looking import Context, peer_of, require_first_page
from .peer import Peer
from .prompts import BY_NAME, LISTED, Prompt, missing, written
from .resources import SCHEME, TEMPLATES

VALUES_LIMIT = 100
"""As many as the protocol allows in one answer."""

ANSWERS = f"{SCHEME}answers/"
"""Where the answers that come with a prompt say that they are from; they are part of it and cannot be read again."""

Values = Callable[[Peer], Awaitable[list[str]]]


class Prompting:
    """The requests about prompts and completions, for every connection."""

    async def list_prompts(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        require_first_page(params)
        return types.ListPromptsResult(prompts=LISTED)

    async def get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        prompt, given = BY_NAME.get(params.name), dict(params.arguments or {})
        if prompt is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name[:100]}; there are {', '.join(BY_NAME)}")
        if problems := missing(prompt, given):
            raise MCPError(types.INVALID_PARAMS, f"{prompt.name}: {'; '.join(problems)}")
        return written(prompt, given, await _answers(peer_of(context), prompt, given))

    async def complete(self, context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        values_of = _source(params)
        values = await values_of(peer_of(context)) if values_of is not None else []
        begun = params.argument.value.lower()
        found = [each for each in values if each.lower().startswith(begun)]
        found += [each for each in values if begun in each.lower() and each not in found]
        return types.CompleteResult(
            completion=types.Completion(values=found[:VALUES_LIMIT], total=len(found), has_more=len(found) > VALUES_LIMIT)
        )


async def _answers(peer: Peer, prompt: Prompt, given: Mapping[str, str]) -> list[tuple[str, str]]:
    answers = []
    for data in prompt.data:
        try:
            text = await peer.call(data.tool, data.arguments(given), msgspec.json.encode)
        except Refusal as no:
            raise MCPError(types.INVALID_PARAMS, f"{no.code}: {no.cause()}. {no.remedy()}") from None
        answers.append((f"{ANSWERS}{data.tool}", text.decode()))
    return answers


def _source(params: types.CompleteRequestParams) -> Values | None:
    """Where the values of an argument are found. Raises MCPError for a prompt or template that is not there."""
    match params.ref:
        case types.PromptReference(name=name):
            if name not in BY_NAME:
                raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {name[:100]}")
        case types.ResourceTemplateReference(uri=uri):
            if uri not in {each.uri_template for each in TEMPLATES}:
                raise MCPError(types.INVALID_PARAMS, f"Unknown resource template: {uri[:100]}")
    return {"role": _roles, "code": _codes}.get(params.argument.name)


async def _roles(peer: Peer) -> list[str]:
    return list(ROLES)


async def _codes(peer: Peer) -> list[str]:
    """The newest tasks, which are the likeliest to be meant."""

    def shown(answer: Mapping[str, Any]) -> list[str]:
        return [each["code"] for each in answer["items"]]

    return await peer.call("list_tasks", {"limit": VALUES_LIMIT}, shown)
