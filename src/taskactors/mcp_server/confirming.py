"""Confirming: what cannot be taken back is done over MCP only when it is meant: the caller says so, or the person at its client does."""

from collections.abc import Mapping
from typing import Any

import mcp_types as types
import trio
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from ..actors.arguments import Arguments
from ..actors.calls import Connection
from ..actors.refusals import NotConfirmed
from ..actors.tools import Tool
from .asking import Context, peer_of

CONFIRM = "confirm"
"""The argument in which the caller says that it is meant, and the name of the question to its person."""

ANSWER_WITHIN_S = 300
"""People leave their desk. Until then the call is under way; in the newer era it is not, and they have all day."""

OLDER = "axon"
"""The profile of clients that know an older server's tools, and this argument on none of them."""

NO_FIELDS: dict[str, Any] = {"type": "object", "properties": {}}
"""To accept is the answer; there is nothing to fill in."""

Settled = Mapping[str, Any] | types.InputRequiredResult


class Confirming:
    """Looks at the calls of those tools that ask before they act."""

    def __init__(self, profiles: Mapping[str, Mapping[str, Tool]]) -> None:
        asking = {name: tool for tools in profiles.values() for name, tool in tools.items() if tool.question}
        self._asking = {name: (tool, Arguments(tool.request)) for name, tool in asking.items()}

    def asks(self, name: str, given: Mapping[str, Any], connection: Connection) -> bool:
        """Whether such a call is one that asks before it acts."""
        if name not in self._asking or connection.profile == OLDER:
            return False
        return all(given.get(argument) == value for argument, value in self._asking[name][0].asked_when.items())

    async def settled(self, context: Context, params: types.CallToolRequestParams) -> Settled:
        """The arguments to go on with, or the question to come back with the answer to. Raises NotConfirmed, InvalidArguments."""
        given = params.arguments or {}
        if not self.asks(params.name, given, peer_of(context).connection):
            return given
        tool, arguments = self._asking[params.name]
        # What is wrong is refused before anybody is bothered, and nobody is shown a question that is not one.
        request: Any = arguments.structure(given, tool.name)
        if request.confirm:
            return given
        if not _may_ask(context):
            raise NotConfirmed(tool=tool.name, asked=False)
        question = _question(tool.question.format(task=_printable(str(request.code or request.id))))
        answer = await _answer(context, params, question)
        if isinstance(answer, types.InputRequiredResult):
            return answer
        if not isinstance(answer, types.ElicitResult) or answer.action != "accept":
            raise NotConfirmed(tool=tool.name, asked=True)
        return {**given, CONFIRM: True}


def _may_ask(context: Context) -> bool:
    can = context.session.client_capabilities
    asking = can.elicitation if can is not None else None
    # Before there were other ways to ask, a client that can be asked said no more than that.
    if asking is None or (asking.form is None and asking.url is not None):
        return False
    return _is_modern(context) or context.session.can_send_request


def _question(said: str) -> types.ElicitRequest:
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=said, requested_schema=NO_FIELDS))


def _printable(named: str) -> str:
    """What the caller wrote, without whatever would command the terminal that shows it."""
    return "".join(each if each.isprintable() else "?" for each in named)


async def _answer(context: Context, params: types.CallToolRequestParams, question: types.ElicitRequest) -> object:
    """What the person said, None for nothing; in the newer era the question itself, until the call comes back with the answer."""
    if _is_modern(context):
        answers = params.input_responses or {}
        return answers[CONFIRM] if CONFIRM in answers else types.InputRequiredResult(input_requests={CONFIRM: question})
    with trio.move_on_after(ANSWER_WITHIN_S):
        try:
            return await context.session.elicit_form(question.params.message, NO_FIELDS, related_request_id=context.request_id)
        except MCPError:
            return None
    return None


def _is_modern(context: Context) -> bool:
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS
