"""Prompting: what a client asks of prompts, and how it is helped to fill in what they and addresses ask for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import mcp_types as types
import msgspec
from mcp.shared.exceptions import MCPError

from ..domain.agent import ROLES
from ..domain.errors import Refusal
from .asking import Context, peer_of, require_first_page
from .offered import OfferedPrompt
from .peer import Peer
from .prompts import PROMPTS, Prompt, listed, missing, written
from .resources import SCHEME

VALUES_LIMIT = 100
"""As many as the protocol allows in one answer."""

ANSWERS = f"{SCHEME}answers/"
"""Where the answers that come with a prompt say that they are from; they are part of it and cannot be read again."""

Values = Callable[[Peer], Awaitable[list[str]]]


class Prompting:
    """The requests about prompts and completions, for every connection; the templates are those of resources."""

    def __init__(self, templates: Sequence[types.ResourceTemplate], more: Mapping[str, OfferedPrompt]) -> None:
        self._prompts = {**OWN, **more}
        self._listed = [each.listed for each in self._prompts.values()]
        self._templates = frozenset(each.uri_template for each in templates)

    async def list_prompts(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        require_first_page(params)
        return types.ListPromptsResult(prompts=self._listed)

    async def get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult | types.InputRequiredResult:
        prompt = self._prompts.get(params.name)
        if prompt is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name[:100]}; there are {', '.join(self._prompts)}")
        if problems := missing(prompt.listed, params.arguments or {}):
            raise MCPError(types.INVALID_PARAMS, f"{params.name}: {'; '.join(problems)}")
        try:
            return await prompt.answer(context, params)
        except Refusal as no:
            raise MCPError(types.INVALID_PARAMS, f"{no.code}: {no.cause()}. {no.remedy()}") from None

    async def complete(self, context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        values_of = self._source(params)
        values = await values_of(peer_of(context)) if values_of is not None else []
        begun = params.argument.value.lower()
        found = [each for each in values if each.lower().startswith(begun)]
        found += [each for each in values if begun in each.lower() and each not in found]
        return types.CompleteResult(
            completion=types.Completion(values=found[:VALUES_LIMIT], total=len(found), has_more=len(found) > VALUES_LIMIT)
        )

    def _source(self, params: types.CompleteRequestParams) -> Values | None:
        """Where the values of an argument are found. Raises MCPError for a prompt or template that is not there."""
        match params.ref:
            case types.PromptReference(name=name):
                if name not in self._prompts:
                    raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {name[:100]}")
            case types.ResourceTemplateReference(uri=uri):
                if uri not in self._templates:
                    raise MCPError(types.INVALID_PARAMS, f"Unknown resource template: {uri[:100]}")
        return {"role": _roles, "code": _codes}.get(params.argument.name)


def _own(prompt: Prompt) -> OfferedPrompt:
    async def answer(context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        peer, given = peer_of(context), dict(params.arguments or {})
        answers = []
        for data in prompt.data:
            text = await peer.call(data.tool, data.arguments(given), msgspec.json.encode)
            answers.append((f"{ANSWERS}{data.tool}", text.decode()))
        return written(prompt, given, answers)

    return OfferedPrompt(listed=listed(prompt), answer=answer)


OWN = {prompt.name: _own(prompt) for prompt in PROMPTS}


async def _roles(peer: Peer) -> list[str]:
    return list(ROLES)


async def _codes(peer: Peer) -> list[str]:
    """The newest tasks, which are the likeliest to be meant."""

    def shown(answer: Mapping[str, Any]) -> list[str]:
        return [each["code"] for each in answer["items"]]

    return await peer.call("list_tasks", {"limit": VALUES_LIMIT}, shown)
