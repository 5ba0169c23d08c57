"""Argument schemas: what a tool's request class publishes of its arguments, as JSON Schema 2020-12, small and without references."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..board.requests.request import Request

Schema = dict[str, Any]

FIRST = ("type", "enum", "anyOf", "description")
"""What a reader looks for comes first; the limits follow as they are."""


def input_schema(request: type[Request]) -> Schema:
    """The schema of a request's arguments: the same bytes every time, nothing in it but what decides or explains.

    What is needed comes first. Every other spelling is a property too; where there is one, neither of the two can be called
    required, since either will do.
    """
    whole = msgspec.json.schema(request)
    found = _plain(whole["$defs"][request.__name__], whole["$defs"])
    required = tuple(found.get("required", ()))
    properties = {name: found["properties"][name] for name in sorted(found["properties"], key=lambda name: name not in required)}
    for spelling, name in request.spellings.items():
        properties[spelling] = _in_order(_without(properties[name], "description", "default") | {"description": f"same as {name}"})
    needed = [name for name in required if name not in request.spellings.values()]
    return {"type": "object", "properties": properties, **({"required": needed} if needed else {}), "additionalProperties": False}


def required_fields(request: type[Request]) -> tuple[str, ...]:
    """The arguments that have to be there, in whichever spelling."""
    return tuple(msgspec.json.schema(request)["$defs"][request.__name__].get("required", ()))


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The same schema with references resolved, and without titles, nulls, and whatever says nothing."""
    if isinstance(node, list | tuple):
        return [_plain(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        described = {name: node[name] for name in ("description", "default") if name in node}
        return _tidy(_without(_plain(definitions[node["$ref"].removeprefix("#/$defs/")], definitions), "description") | described)
    plain = {name: _plain(value, definitions) for name, value in node.items() if name not in ("title", "properties")}
    if "properties" in node:
        plain["properties"] = {name: _plain(value, definitions) for name, value in node["properties"].items()}
        plain["additionalProperties"] = False
    return _tidy(_without_null(plain))


def _without_null(node: Schema) -> Schema:
    if "anyOf" not in node:
        return node
    choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
    if len(choices) > 1:
        return node | {"anyOf": [_without(choice, "description") for choice in choices]}
    # What was said of the whole comes before what was said of its one kind.
    return {**choices[0], **_without(node, "anyOf")}


def _tidy(node: Schema) -> Schema:
    if node.get("default", node) in (None, [], (), ""):
        node = _without(node, "default")
    if node.get("minLength") == 1 and not re.search(node.get("pattern", ""), ""):
        # The pattern refuses the empty text already.
        node = _without(node, "minLength")
    if "items" in node and "description" in node:
        node = node | {"items": _without(node["items"], "description")}
    return _in_order(node)


def _in_order(node: Schema) -> Schema:
    first = {name: node[name] for name in FIRST if name in node}
    return first | node


def _without(node: Schema, *names: str) -> Schema:
    return {name: value for name, value in node.items() if name not in names}
