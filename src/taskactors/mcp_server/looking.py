"""Looking: what a client asks of resources, and the changes of them that it is told, in the way of its era."""

from typing import Any

import mcp_types as types
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY, ResourceUpdated, event_to_notification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from ..domain.errors import NotFound, Refusal
from .peer import LISTENS_LIMIT, Peer
from .pushing import WANTED_LIMIT, Subscription
from .resources import JSON, LISTED, ROLES, SCHEME, TEMPLATES, found, path_of

LEGACY_NO_RESOURCE = -32002
"""What clients of the older era expect for an address that leads nowhere."""

Context = ServerRequestContext[Any, Any]
"""Its request is the peer of a WebSocket, or an HTTP request that has one."""


IN_SCOPE = "taskactors.peer"
"""Where an HTTP request has its peer."""

STANDING = "taskactors.standing"


def peer_of(context: Context) -> Peer:
    """Whoever asked."""
    asked: Any = context.request
    found: Peer = asked if isinstance(asked, Peer) else asked.scope[IN_SCOPE]
    return found


def standing_of(context: Context) -> Peer:
    """The same, for what lasts as long as the connection. Over HTTP a request is gone when it is answered, and its session stays."""
    peer, is_of_wire = peer_of(context), isinstance(context.request, Peer)
    if is_of_wire:
        return peer
    session = context.session._connection
    if STANDING not in session.state:
        session.state[STANDING] = standing = Peer(peer.connection, peer.front, peer.nursery)
        session.exit_stack.callback(standing.close)
    found: Peer = session.state[STANDING]
    return found


def require_first_page(params: types.PaginatedRequestParams | None) -> None:
    """Our lists are one page, so that any cursor is a mistake."""
    if params is not None and params.cursor is not None:
        raise MCPError(types.INVALID_PARAMS, "Unknown cursor: the list is one page")


class Looking:
    """The requests about resources, for every connection."""

    async def list_resources(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        require_first_page(params)
        return types.ListResourcesResult(resources=LISTED)

    async def list_templates(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
        require_first_page(params)
        return types.ListResourceTemplatesResult(resource_templates=TEMPLATES)

    async def read(self, context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        resource, path = found(uri), path_of(uri)
        if resource is None or path is None:
            raise _no_resource(context, uri)
        try:
            text = await peer_of(context).call(resource.tool, resource.arguments(path), msgspec.json.encode)
        except NotFound:
            raise _no_resource(context, uri) from None
        except Refusal as no:
            raise MCPError(types.INTERNAL_ERROR, f"{no.code}: {no.cause()}. {no.remedy()}") from None
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=JSON, text=text.decode())])

    async def subscribe(self, context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        peer, uri = standing_of(context), str(params.uri)
        if found(uri) is None:
            raise _no_resource(context, uri)
        if peer.standing is None:
            peer.standing = peer.listen()
            peer.nursery.start_soon(self._push, peer.standing, context.session)
        if uri != f"{SCHEME}{ROLES}" and not peer.standing.want([uri]):
            raise MCPError(types.INVALID_PARAMS, f"Too many subscriptions: {WANTED_LIMIT} at most")
        return types.EmptyResult()

    async def unsubscribe(self, context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        standing = standing_of(context).standing
        if standing is not None:
            standing.forget(str(params.uri))
        return types.EmptyResult()

    async def _push(self, subscription: Subscription, session: ServerSession) -> None:
        async for uri in subscription.news():
            await session.send_resource_updated(uri)

    async def listen(self, context: Context, params: types.SubscriptionsListenRequestParams) -> types.SubscriptionsListenResult:
        """One stream of changes: it says first what it will tell, then tells it until either side ends it."""
        peer, asked, request_id = peer_of(context), params.notifications, context.request_id
        if not peer.may_listen:
            raise MCPError(types.INTERNAL_ERROR, f"Too many streams: {LISTENS_LIMIT} subscriptions/listen of this connection are open")
        subscription = peer.listen()
        meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: request_id}
        try:
            heard = types.SubscriptionFilter(
                # Our lists change with the software alone: nobody has to ask again, and nothing will ever come.
                tools_list_changed=True if asked.tools_list_changed else None,
                prompts_list_changed=True if asked.prompts_list_changed else None,
                resources_list_changed=True if asked.resources_list_changed else None,
                resource_subscriptions=subscription.want(asked.resource_subscriptions or ()) or None,
            )
            acknowledged = types.SubscriptionsAcknowledgedNotificationParams(notifications=heard, _meta=meta)
            await context.session.send_notification(types.SubscriptionsAcknowledgedNotification(params=acknowledged), request_id)
            async for uri in subscription.news():
                await context.session.send_notification(event_to_notification(ResourceUpdated(uri), meta), request_id)
        finally:
            peer.leave(subscription)
        return types.SubscriptionsListenResult(_meta=meta)


def _no_resource(context: Context, uri: str) -> MCPError:
    code = types.INVALID_PARAMS if context.protocol_version in MODERN_PROTOCOL_VERSIONS else LEGACY_NO_RESOURCE
    return MCPError(code, f"Resource not found: {uri[:200]}", {"uri": uri[:200]})
