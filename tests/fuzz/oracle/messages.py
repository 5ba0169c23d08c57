"""Messages: what each JSON-RPC message may get on a connection of either protocol era, from the protocol's rules alone.

Knows nothing of the server but what it publishes: the tools, resources and prompts that it lists.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from attrs import evolve, frozen
from jsonschema import Draft202012Validator

from tests.fuzz.oracle.json_text import DEPTH_LIMIT, depth, has_half_character, id_of, read
from tests.fuzz.oracle.replies import (
    INVALID_ARGUMENTS,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY_NO_RESOURCE,
    METHOD_NOT_FOUND,
    NOTHING,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    Allowed,
    error,
)

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
MODERN_VERSION = "2026-07-28"

Message = dict[str, Any]


class Era(StrEnum):
    """What a connection speaks: since its first request, or after its handshake."""

    MODERN = "2026"
    LEGACY = "2025"


@frozen
class Published:
    """What a server says of itself."""

    tools: Mapping[str, Draft202012Validator]
    resources: frozenset[str]
    prompts: Mapping[str, frozenset[str]]
    """Each with the arguments that it needs."""


@frozen
class Oracle:
    """Says what a message may get."""

    published: Published

    def of(self, frame: str | bytes, era: Era, is_stream: bool = True) -> Allowed:
        """Of what is in one frame or line; or in one body, where a connection has no era and each request says its own."""
        found = read(frame)
        if not found.is_json:
            return Allowed(codes={PARSE_ERROR, INVALID_REQUEST} if found.deep else {PARSE_ERROR})
        refused = _malformed(found.value)
        if found.deep:
            # It has to be refused; whether as no JSON or as too deep is its reader's matter.
            return Allowed(codes={PARSE_ERROR, INVALID_REQUEST}, ids=(id_of(found.value),))
        return refused or self._of_request(found.value, era, is_stream)

    def _of_request(self, message: Message, era: Era, is_stream: bool) -> Allowed:
        to, method, params = message["id"], message["method"], message.get("params", {})
        refused = _of_envelope(method, params, to) if era is Era.MODERN else _of_handshaken(method, params, to)
        if refused is not None and is_stream:
            return refused
        if refused is not None:
            return refused if era is Era.MODERN and method != "initialize" else self._of_other_era(message, era, refused)
        is_wrapped = isinstance(params.get("_meta", {}), dict | None)
        if (knows := METHODS[era].get(method)) is None:
            # What the protocol defines may have its parameters looked at first, and everything its envelope.
            return Allowed(codes={METHOD_NOT_FOUND, INVALID_PARAMS} if method in UNSERVED or not is_wrapped else {METHOD_NOT_FOUND}, id=to)
        if not is_wrapped:
            return error(INVALID_PARAMS, to)
        allowed = evolve(knows(self.published, params, era), id=to)
        # Fields of the envelope that nobody needs may be of the wrong kind, and then nothing else was looked at.
        return evolve(allowed, codes={*allowed.codes, INVALID_PARAMS}) if _is_oddly_wrapped(params) else allowed

    def _of_other_era(self, message: Message, era: Era, refused: Allowed) -> Allowed:
        """Of a request that has something of the other era: it may be refused for that, or what is of the other era is passed over."""
        if era is Era.MODERN:
            return evolve(refused, codes={*refused.codes, METHOD_NOT_FOUND, INVALID_PARAMS})
        meta = {key: value for key, value in message["params"]["_meta"].items() if key != VERSION_KEY}
        allowed = self._of_request({**message, "params": {**message["params"], "_meta": meta}}, era, is_stream=False)
        return evolve(allowed, codes={*allowed.codes, *refused.codes})


def _malformed(found: Any) -> Allowed | None:
    """What everything but a request gets."""
    if not isinstance(found, dict):
        return error(INVALID_REQUEST)
    if "method" not in found and ("result" in found or "error" in found):
        return NOTHING
    to = id_of(found)
    if depth(found) > DEPTH_LIMIT or found.get("jsonrpc") != "2.0" or not isinstance(found.get("method"), str):
        return error(INVALID_REQUEST, to)
    if "id" not in found:
        # Nobody hears of what is wrong with a notification; but what can be none, as its params are no object, is no message at all.
        return NOTHING if isinstance(found.get("params", {}), dict | None) else error(INVALID_REQUEST)
    if to is None:
        return error(INVALID_REQUEST)
    return None if isinstance(found.get("params", {}), dict) else error(INVALID_PARAMS, to)


def _of_envelope(method: str, params: Message, to: Any) -> Allowed | None:
    if method == "initialize":
        return error(UNSUPPORTED_VERSION, to)
    meta = params.get("_meta")
    if not isinstance(meta, dict) or not isinstance(meta.get(VERSION_KEY), str) or CAPABILITIES_KEY not in meta:
        return error(INVALID_PARAMS, to)
    if meta[VERSION_KEY] != MODERN_VERSION:
        return error(UNSUPPORTED_VERSION, to)
    if not isinstance(meta[CAPABILITIES_KEY], dict):
        # Of a method that nobody knows nothing else has to be looked at.
        return Allowed(codes={INVALID_PARAMS, *({METHOD_NOT_FOUND} if method not in METHODS[Era.MODERN] else ())}, id=to)
    return None


def _of_handshaken(method: str, params: Message, to: Any) -> Allowed | None:
    meta = params.get("_meta")
    # The handshake is of this era, whatever is written on it.
    is_of_the_other = method != "initialize" and isinstance(meta, dict) and VERSION_KEY in meta
    return error(INVALID_REQUEST, to) if is_of_the_other else None


def _is_oddly_wrapped(params: Message) -> bool:
    meta = params.get("_meta") or {}
    token = meta.get("progressToken", 0)
    odd = isinstance(token, bool) or not isinstance(token, str | int)
    return odd or bool(meta.keys() - {VERSION_KEY, CAPABILITIES_KEY, "progressToken"})


# What is known of the parameters of each method. Each says what they may get; the id is put in by the caller.

Knows = Callable[[Published, Message, Era], Allowed]
RESULT = Allowed(result=True)
EITHER = Allowed(result=True, codes={INVALID_PARAMS})


def _page(published: Published, params: Message, era: Era) -> Allowed:
    if params.get("cursor") is not None:
        return error(INVALID_PARAMS)
    return EITHER if "cursor" in params else RESULT


def _call(published: Published, params: Message, era: Era) -> Allowed:
    name, arguments = params.get("name"), params.get("arguments", {})
    if not isinstance(name, str) or name not in published.tools or not isinstance(arguments, dict | None):
        return error(INVALID_PARAMS)
    allowed = of_arguments(published.tools[name], arguments or {})
    return evolve(allowed, codes={INVALID_PARAMS}) if params.keys() - {"name", "arguments", "_meta"} or arguments is None else allowed


def of_arguments(schema: Draft202012Validator, arguments: Mapping[str, Any]) -> Allowed:
    """Of the arguments of a tool with this schema. Null is not given."""
    given = {name: value for name, value in arguments.items() if value is not None}
    if has_half_character(given) or not schema.is_valid(given):
        return Allowed(refusals={INVALID_ARGUMENTS})
    return Allowed(result=True, refusals=None)


def _resource(published: Published, params: Message, era: Era) -> Allowed:
    uri = params.get("uri")
    if not isinstance(uri, str):
        return error(INVALID_PARAMS)
    if uri in published.resources:
        return EITHER if params.keys() - {"uri", "_meta"} else RESULT
    return Allowed(codes={INVALID_PARAMS, LEGACY_NO_RESOURCE} if era is Era.LEGACY else {INVALID_PARAMS}, result=uri.startswith("tasks://"))


def _unsubscribe(published: Published, params: Message, era: Era) -> Allowed:
    return EITHER if isinstance(params.get("uri"), str) else error(INVALID_PARAMS)


def _prompt(published: Published, params: Message, era: Era) -> Allowed:
    name, arguments = params.get("name"), params.get("arguments") or {}
    if not isinstance(name, str) or name not in published.prompts or not isinstance(arguments, dict):
        return error(INVALID_PARAMS)
    complete = published.prompts[name] <= arguments.keys() and all(isinstance(each, str) for each in arguments.values())
    return EITHER if complete else error(INVALID_PARAMS)


def _complete(published: Published, params: Message, era: Era) -> Allowed:
    argument, ref = params.get("argument"), params.get("ref")
    if not isinstance(argument, dict) or not isinstance(argument.get("value"), str) or not isinstance(ref, dict):
        return error(INVALID_PARAMS)
    return EITHER


def _either(published: Published, params: Message, era: Era) -> Allowed:
    return EITHER


def _ping(published: Published, params: Message, era: Era) -> Allowed:
    return RESULT


_SHARED: Mapping[str, Knows] = {
    "tools/list": _page,
    "tools/call": _call,
    "resources/list": _page,
    "resources/templates/list": _page,
    "resources/read": _resource,
    "prompts/list": _page,
    "prompts/get": _prompt,
    "completion/complete": _complete,
}

METHODS: Mapping[Era, Mapping[str, Knows]] = {
    Era.MODERN: {**_SHARED, "server/discover": _either, "subscriptions/listen": _either},
    Era.LEGACY: {
        **_SHARED,
        "initialize": _either,
        "ping": _ping,
        "resources/subscribe": _resource,
        "resources/unsubscribe": _unsubscribe,
    },
}

UNSERVED = frozenset(
    {"logging/setLevel", "tasks/get", "tasks/update", "tasks/cancel", "ping", "resources/subscribe", "resources/unsubscribe"}
)
"""Methods of some version of the protocol that are not served, or not in every era."""
