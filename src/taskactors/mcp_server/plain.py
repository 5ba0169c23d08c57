"""Plain requests: what is answered without the kernel, because all that it would add is known already."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
from mcp.server.lowlevel import Server
from mcp_types import SERVER_INFO_META_KEY
from mcp_types.jsonrpc import JSONRPCRequest
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from ..actors.calls import Connection
from ..actors.depth import DEPTH_LIMIT, fits
from .answers import UNSTAMPED, Stamp
from .confirming import Confirming
from .frames import Id
from .kernel import Kernel
from .progressing import is_told_of

CALL = "tools/call"
LISTS = frozenset({"tools/list", "prompts/list", "resources/list", "resources/templates/list"})

PROGRESS_TOKEN = "progressToken"

ListAsked = tuple[str, str, str]
"""A list by its method, the version of the protocol and the profile of whoever asks."""

CALL_DEPTH = 2
"""How deep in its message a call's arguments and `_meta` are."""


class _Params(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] | None = None
    meta: dict[str, Any] | None = msgspec.field(name="_meta", default=None)


class PlainCall(msgspec.Struct, forbid_unknown_fields=True):
    """A call of a tool as nearly all are, and nothing besides."""

    jsonrpc: Literal["2.0"]
    id: Id
    method: Literal["tools/call"]
    params: _Params


_calls = msgspec.json.Decoder(PlainCall)


def read_call(frame: str | bytes) -> PlainCall | None:
    """The plain call in a frame; None for everything else, whatever it is."""
    try:
        call = _calls.decode(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # So few brackets cannot nest too deeply; only where there are more is it worth a look.
    brackets = (frame.count("{") + frame.count("[")) if isinstance(frame, str) else (frame.count(b"{") + frame.count(b"["))
    inner = (call.params.arguments, call.params.meta)
    return call if brackets <= DEPTH_LIMIT or all(fits(each, DEPTH_LIMIT - CALL_DEPTH) for each in inner) else None


class Plain:
    """What of one surface can be answered so, for all its connections."""

    def __init__(self, server: Server[Any], tools: Collection[str], confirming: Confirming) -> None:
        self._server = server
        self._tools = frozenset(tools)
        self._confirming = confirming
        self._handlers = {method: server.get_request_handler(method) for method in (CALL, *LISTS)}
        self.lists: dict[ListAsked, bytes] = {}
        """Results that were written before: whoever asks for the same is told the same."""
        self._stamp = Stamp({"resultType": "complete"}, {SERVER_INFO_META_KEY: server.server_info_stamp})

    def may_call(self, call: PlainCall, connection: Connection) -> bool:
        """Whether its tool is one of ours, which asks nobody before it acts and tells nobody how long it has waited."""
        name, arguments, meta = call.params.name, call.params.arguments or {}, call.params.meta
        if name not in self._tools or not self._is_as_it_was(CALL) or self._confirming.asks(name, arguments, connection):
            return False
        return not has_odd_token(meta) and not is_told_of(arguments, (meta or {}).get(PROGRESS_TOKEN))

    def stamp(self, version: str) -> Stamp:
        """What every result has in that version of the protocol."""
        return self._stamp if version in MODERN_PROTOCOL_VERSIONS else UNSTAMPED

    def list_asked_for(self, request: JSONRPCRequest, kernel: Kernel, profile: str) -> ListAsked | None:
        """The list that a request asks for, if it asks for the whole of it."""
        params = request.params or {}
        meta = params.get("_meta")
        if request.method not in LISTS or params.get("cursor") is not None or not self._is_as_it_was(request.method):
            return None
        if not (meta is None or isinstance(meta, dict)) or has_odd_token(meta):
            return None
        version = kernel.version_for(known_meta(meta))
        return None if version is None else (request.method, version, profile)

    def _is_as_it_was(self, method: str) -> bool:
        """Whether nobody has put something of theirs into the registry since."""
        return not self._server.middleware and self._server.get_request_handler(method) is self._handlers[method]


def known_meta(meta: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What of it a client says with every request: a progress token is another each time."""
    return meta if meta is None or PROGRESS_TOKEN not in meta else {name: meta[name] for name in meta if name != PROGRESS_TOKEN}


def has_odd_token(meta: Mapping[str, Any] | None) -> bool:
    """Whether a progress token is in it that cannot be one."""
    return meta is not None and PROGRESS_TOKEN in meta and type(meta[PROGRESS_TOKEN]) not in (str, int)
