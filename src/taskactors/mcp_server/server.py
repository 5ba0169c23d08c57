"""The MCP server: one registry for every connection, project and protocol era."""

from collections.abc import Mapping
from typing import Any

import mcp_types as types
import trio
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from .. import __version__
from ..actors.calls import Connection, TellingFront, UnknownTool
from ..actors.tools import Tool
from ..actors.wires import Wire
from ..domain.errors import Refusal
from .answers import answered, refused
from .asking import Context, peer_of, require_first_page
from .confirming import Confirming
from .dispatcher import Dispatcher
from .instructions import INSTRUCTIONS
from .looking import Looking
from .offered import NOTHING_MORE, Offer, OfferedTool
from .peer import Peer
from .plain import Plain
from .progressing import telling
from .prompting import Prompting
from .tool_listing import listed

LIST_FRESH_MS = 300_000
"""The list of tools changes only with the software."""


class McpSurface:
    """Serves MCP on any wire, both eras, by passing tool calls to the front. Whatever `more` there is, is listed in every profile."""

    def __init__(self, front: TellingFront, profiles: Mapping[str, Mapping[str, Tool]], more: Offer = NOTHING_MORE) -> None:
        self._front = front
        self._tools: dict[str, OfferedTool] = {}
        self._listed: dict[str, types.ListToolsResult] = {}
        for profile, tools in profiles.items():
            offered = {each.name: OfferedTool(listed=each, answer=self._pass_on) for each in listed(tools)} | dict(more.tools)
            self._tools |= offered
            self._listed[profile] = types.ListToolsResult(tools=[each.listed for each in offered.values()])
        self._confirming = Confirming(profiles)
        looking = Looking(more.resources)
        prompting = Prompting(looking.templates, more.prompts)
        self.server: Server[Any] = Server(
            "taskactors",
            version=__version__,
            title="taskactors",
            instructions=INSTRUCTIONS,
            cache_hints={
                "tools/list": CacheHint(ttl_ms=LIST_FRESH_MS, scope="private"),
                "server/discover": CacheHint(ttl_ms=LIST_FRESH_MS, scope="public"),
                "prompts/list": CacheHint(ttl_ms=LIST_FRESH_MS, scope="public"),
                "resources/list": CacheHint(ttl_ms=LIST_FRESH_MS, scope="public"),
                "resources/templates/list": CacheHint(ttl_ms=LIST_FRESH_MS, scope="public"),
            },
            # Without it the whole list would be made for every call over HTTP, to look for one schema.
            get_tool_input_schema=self._input_schema,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=looking.list_resources,
            on_list_resource_templates=looking.list_templates,
            on_read_resource=looking.read,
            on_subscribe_resource=looking.subscribe,
            on_unsubscribe_resource=looking.unsubscribe,
            on_subscriptions_listen=looking.listen,
            on_list_prompts=prompting.list_prompts,
            on_get_prompt=prompting.get_prompt,
            on_completion=prompting.complete,
        )
        # Tracing that nobody has turned on would still cost a tenth of every call.
        self.server.middleware.clear()
        self._plain = Plain(self.server, self._tools.keys() - more.tools.keys(), self._confirming)

    async def serve(self, wire: Wire, connection: Connection) -> None:
        """Serve one connection until its wire ends; what is under way then is cancelled, unless the wire asks to finish it."""
        self._front.opened(connection)
        dispatcher = None
        try:
            async with trio.open_nursery() as nursery:
                peer = Peer(connection, self._front, nursery)
                dispatcher = Dispatcher(self.server, self._plain, peer, wire)
                try:
                    await dispatcher.run()
                finally:
                    peer.close()
                    nursery.cancel_scope.cancel()
        finally:
            self._front.closed(connection)
            if dispatcher is not None:
                await dispatcher.aclose()

    async def _list_tools(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        require_first_page(params)
        return self._listed[peer_of(context).connection.profile]

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        tool = self._tools.get(name)
        return None if tool is None else tool.listed.input_schema

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult | types.InputRequiredResult:
        # What this surface does not list does not exist on it, whatever other doors know.
        if (tool := self._tools.get(params.name)) is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:100]}")
        try:
            return await tool.answer(context, params)
        except Refusal as refusal:
            return refused(refusal, self._front.notices(peer_of(context).connection))
        except UnknownTool as unknown:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {unknown.tool[:100]}") from None

    async def _pass_on(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult | types.InputRequiredResult:
        peer, arguments = peer_of(context), await self._confirming.settled(context, params)
        if isinstance(arguments, types.InputRequiredResult):
            return arguments
        answer = peer.call(params.name, arguments, lambda answer: answered(answer, self._front.notices(peer.connection)))
        return await telling(context, arguments, answer)
