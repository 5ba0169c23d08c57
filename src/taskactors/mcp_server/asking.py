"""Asking: what a request brings along besides its parameters: who asks, on what connection."""

from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from .peer import Peer

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
