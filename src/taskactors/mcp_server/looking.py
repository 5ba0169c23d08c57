"""Looking: what a client asks of resources, and the changes of them that it is told, in the way of its era."""

from collections.abc import Sequence
from typing import Any

import mcp_types as types
import msgspec
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY, ResourceUpdated, event_to_notification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from ..actors.calls import Connection
from ..domain.errors import NotFound, Refusal
from .asking import Context, peer_of, require_first_page, standing_of
from .connection import TOO_MANY
from .offered import OfferedResource
from .peer import LISTENS_LIMIT
from .pushing import WANTED_LIMIT, Naming, Subscription
from .resources import JSON, RESOURCES, Resource, found, listed, path_of, update_name

LEGACY_NO_RESOURCE = -32002
"""What clients of the older era expect for an address that leads nowhere."""


class Looking:
    """The requests about resources, for every connection."""

    def __init__(self, more: Sequence[OfferedResource] = ()) -> None:
        self._resources = (*OWN, *more)
        every = [each.listed for each in self._resources]
        self._listed = [each for each in every if isinstance(each, types.Resource)]
        self.templates = [each for each in every if isinstance(each, types.ResourceTemplate)]

    async def list_resources(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        require_first_page(params)
        return types.ListResourcesResult(resources=self._listed)

    async def list_templates(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
        require_first_page(params)
        return types.ListResourceTemplatesResult(resource_templates=self.templates)

    async def read(self, context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        if (resource := self._at(uri)) is None:
            raise _no_resource(context, uri)
        try:
            return types.ReadResourceResult(contents=list(await resource.read(context, uri)))
        except NotFound:
            raise _no_resource(context, uri) from None
        except Refusal as no:
            raise MCPError(types.INTERNAL_ERROR, f"{no.code}: {no.cause()}. {no.remedy()}") from None

    async def subscribe(self, context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        peer, uri = standing_of(context), str(params.uri)
        if self._at(uri) is None:
            raise _no_resource(context, uri)
        if peer.standing is None:
            peer.standing = peer.listen(self._naming(peer.connection))
            peer.nursery.start_soon(self._push, peer.standing, context.session)
        if self._naming(peer.connection)(uri) is not None and not peer.standing.want([uri]):
            raise MCPError(types.INVALID_PARAMS, f"Too many subscriptions: {WANTED_LIMIT} at most")
        return types.EmptyResult()

    async def unsubscribe(self, context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        standing = standing_of(context).standing
        if standing is not None:
            standing.forget(str(params.uri))
        return types.EmptyResult()

    async def _push(self, subscription: Subscription, session: ServerSession) -> None:
        async for each in subscription.news():
            if isinstance(each, ResourceUpdated):
                await session.send_resource_updated(each.uri)

    async def listen(self, context: Context, params: types.SubscriptionsListenRequestParams) -> types.SubscriptionsListenResult:
        """One stream of changes: it says first what it will tell, then tells it until either side ends it."""
        peer, asked, request_id = peer_of(context), params.notifications, context.request_id
        if not peer.may_listen:
            raise MCPError(TOO_MANY, f"Too many streams: {LISTENS_LIMIT} subscriptions/listen of this connection are open")
        subscription = peer.listen(self._naming(peer.connection))
        meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: request_id}
        try:
            heard = _wanted(subscription, asked)
            acknowledged = types.SubscriptionsAcknowledgedNotificationParams(notifications=heard, _meta=meta)
            await context.session.send_notification(types.SubscriptionsAcknowledgedNotification(params=acknowledged), request_id)
            async for each in subscription.news():
                await context.session.send_notification(event_to_notification(each, meta), request_id)
        finally:
            peer.leave(subscription)
        return types.SubscriptionsListenResult(_meta=meta)

    def _at(self, uri: str) -> OfferedResource | None:
        return next((each for each in self._resources if each.matches(uri)), None)

    def _naming(self, connection: Connection) -> Naming:
        def name(uri: str) -> str | None:
            resource = self._at(uri)
            return None if resource is None else resource.heard_as(uri, connection)

        return name


def _wanted(subscription: Subscription, asked: types.SubscriptionFilter) -> types.SubscriptionFilter:
    """Hear of all that is asked about and is there; returns that much of it."""
    lists = {
        "lists/tools": asked.tools_list_changed,
        "lists/prompts": asked.prompts_list_changed,
        "lists/resources": asked.resources_list_changed,
    }
    for name, is_wanted in lists.items():
        if is_wanted:
            subscription.want_list(name)
    return types.SubscriptionFilter(
        tools_list_changed=asked.tools_list_changed or None,
        prompts_list_changed=asked.prompts_list_changed or None,
        resources_list_changed=asked.resources_list_changed or None,
        resource_subscriptions=subscription.want(asked.resource_subscriptions or ()) or None,
    )


def _own(resource: Resource) -> OfferedResource:
    async def read(context: Context, uri: str) -> list[types.TextResourceContents]:
        text = await peer_of(context).call(resource.tool, resource.arguments(path_of(uri) or ""), msgspec.json.encode)
        return [types.TextResourceContents(uri=uri, mime_type=JSON, text=text.decode())]

    return OfferedResource(listed=listed(resource), matches=lambda uri: found(uri) is resource, heard_as=update_name, read=read)


OWN = tuple(_own(each) for each in RESOURCES)


def _no_resource(context: Context, uri: str) -> MCPError:
    code = types.INVALID_PARAMS if context.protocol_version in MODERN_PROTOCOL_VERSIONS else LEGACY_NO_RESOURCE
    return MCPError(code, f"Resource not found: {uri[:200]}", {"uri": uri[:200]})
