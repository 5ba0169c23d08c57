"""The kernel is the SDK's; how one connection is served by it, in the era that the client opened it with."""

from collections.abc import Mapping
from typing import Any, Protocol

from mcp.server.connection import Connection, NotifyOnlyOutbound
from mcp.server.lowlevel import Server
from mcp.server.runner import ServerRunner, aclose_shielded, serve_one
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import InboundLadderRejection, classify_inbound_request
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    INVALID_REQUEST,
    PROTOCOL_VERSION_META_KEY,
    UNSUPPORTED_PROTOCOL_VERSION,
    CallToolRequestParams,
    UnsupportedProtocolVersionErrorData,
)
from mcp_types.methods import validate_client_request
from mcp_types.version import LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from .frames import written
from .line import BOTH_WAYS, ONE_WAY, Channel, Line

INITIALIZE = "initialize"

REMEMBERED_BYTES = 4_096
"""A client says a few hundred bytes about itself with each request. Far more are looked at anew each time, and not kept."""

Params = Mapping[str, Any] | None


class Kernel(Protocol):
    """What both eras have in common."""

    transport: TransportContext

    async def serve(self, channel: Channel, method: str, params: Params) -> dict[str, Any]:
        """The result of a request. Raises MCPError, ValidationError, and whatever a handler raises that nobody foresaw."""
        ...

    async def notice(self, channel: Channel, method: str, params: Params) -> None:
        """Take a notification."""
        ...

    def version_for(self, meta: Mapping[str, Any] | None) -> str | None:
        """The protocol version of a request of ours with this `_meta`, None if it had to be refused; a progress token is left out of it."""
        ...

    async def aclose(self) -> None:
        """The connection is over."""
        ...


def opened_by(method: str, params: Params, server: Server[Any], line: Line, session: str) -> Kernel:
    """The kernel of the era that the first request of a connection belongs to. It stays the connection's era."""
    if method != INITIALIZE and _has_envelope(params):
        return Stateless(server, line)
    return Handshaken(server, line, session)


class Handshaken:
    """2025: there is a handshake, and what it said holds for the connection."""

    transport = BOTH_WAYS

    def __init__(self, server: Server[Any], line: Line, session: str) -> None:
        self._connection = Connection.for_loop(line, session_id=session)
        self._runner = ServerRunner(server, self._connection, {}, init_options=server.create_initialization_options())
        self._good: Mapping[str, Any] = {}

    async def serve(self, channel: Channel, method: str, params: Params) -> dict[str, Any]:
        if method != INITIALIZE and _has_envelope(params):
            said = "this connection serves the handshake protocol era; requests carrying the 2026-07-28 envelope are not accepted on it"
            raise MCPError(INVALID_REQUEST, said)
        return await self._runner.on_request(channel, method, params)

    async def notice(self, channel: Channel, method: str, params: Params) -> None:
        await self._runner.on_notify(channel, method, params)

    def version_for(self, meta: Mapping[str, Any] | None) -> str | None:
        if not self._connection.initialize_accepted:
            return None
        version = self._connection.protocol_version
        if not meta or meta == self._good:
            return version
        if PROTOCOL_VERSION_META_KEY in meta or not _is_good(version, meta):
            return None
        self._good = meta if len(written(meta)) <= REMEMBERED_BYTES else {}
        return version

    async def aclose(self) -> None:
        await aclose_shielded(self._connection)


class Stateless:
    """2026: every request says for itself what it needs to be known."""

    transport = ONE_WAY

    def __init__(self, server: Server[Any], line: Line) -> None:
        self._server = server
        self._outbound = NotifyOnlyOutbound(line)
        self._good: Mapping[str, Any] | None = None
        self._version = LATEST_MODERN_VERSION

    async def serve(self, channel: Channel, method: str, params: Params) -> dict[str, Any]:
        if method == INITIALIZE:
            said = "connection is serving the 2026-07-28 protocol; the initialize handshake is not accepted"
            raise MCPError(UNSUPPORTED_PROTOCOL_VERSION, said, _what_is_served(params))
        route = classify_inbound_request({"method": method, "params": params})
        if isinstance(route, InboundLadderRejection):
            raise MCPError(route.code, route.message, route.data)
        known = Connection.from_envelope(route.protocol_version, route.client_info, route.client_capabilities, outbound=self._outbound)
        return await serve_one(self._server, channel, method, params, connection=known, lifespan_state={})

    async def notice(self, channel: Channel, method: str, params: Params) -> None:
        # Only requests have an envelope, so a notification is taken at the newest version.
        known = Connection.from_envelope(LATEST_MODERN_VERSION, None, None, outbound=self._outbound)
        try:
            await ServerRunner(self._server, known, {}).on_notify(channel, method, params)
        finally:
            await aclose_shielded(known)

    def version_for(self, meta: Mapping[str, Any] | None) -> str | None:
        if meta is None:
            return None
        if meta != self._good:
            route = classify_inbound_request({"params": {"_meta": meta}})
            if isinstance(route, InboundLadderRejection) or not _is_good(route.protocol_version, meta):
                return None
            self._good, self._version = meta if len(written(meta)) <= REMEMBERED_BYTES else None, route.protocol_version
        return self._version

    async def aclose(self) -> None:
        """Nothing lasts longer than its request."""


def _has_envelope(params: Params) -> bool:
    """Whether a request says that it is of the newer era, however badly: the key is its own, and no older client has it."""
    meta = (params or {}).get("_meta")
    return isinstance(meta, Mapping) and PROTOCOL_VERSION_META_KEY in meta


def _is_good(version: str, meta: Mapping[str, Any]) -> bool:
    """Whether the SDK accepts it: asked once for what a client then sends with every request."""
    params: dict[str, Any] = {"name": "", "_meta": meta}
    try:
        validate_client_request("tools/call", version, params)
        CallToolRequestParams.model_validate(params, by_name=False)
    except ValidationError:
        return False
    return True


def _what_is_served(params: Params) -> dict[str, Any]:
    requested, supported = (params or {}).get("protocolVersion"), list(MODERN_PROTOCOL_VERSIONS)
    if isinstance(requested, str):
        return UnsupportedProtocolVersionErrorData(supported=supported, requested=requested).model_dump(mode="json")
    return {"supported": supported}
