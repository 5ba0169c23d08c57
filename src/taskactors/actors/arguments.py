"""Arguments: the schema that a request's class publishes, and the check that every call goes through."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

import msgspec
from attrs import define, field, fields
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ..board.requests.request import Request
from ..domain.errors import InvalidArguments

R = TypeVar("R", bound=Request)

PROBLEMS_LIMIT = 20
"""Whoever makes more mistakes in one call than this is helped enough by the first ones."""

SHOWN_CHARACTERS = 60
"""How much of a wrong value is repeated to its sender."""

NESTED = "arguments are nested too deeply"

Schema = dict[str, Any]


@define(eq=False)
class Arguments(Generic[R]):
    """How one request's arguments are published and checked. Made once for a tool."""

    request: type[R]
    schema: Schema = field(init=False)
    _required: tuple[str, ...] = field(init=False)
    _validator: Draft202012Validator = field(init=False)

    def __attrs_post_init__(self) -> None:
        whole = msgspec.json.schema(self.request)
        schema = _plain(whole["$defs"][self.request.__name__], whole["$defs"])
        self._required = tuple(schema.get("required", ()))
        self.schema = _published(self.request, schema, self._required)
        self._validator = Draft202012Validator(self.schema)

    def structure(self, arguments: Mapping[str, Any], tool: str) -> R:
        """The request that these arguments make. Raises InvalidArguments naming every violation, each with its path."""
        given = {name: value for name, value in arguments.items() if value is not None}
        known = self.schema["properties"]
        unknown = [name for name in given if name not in known]
        renamed, clashes = _in_one_spelling(self.request, given)
        if unknown or clashes:
            raise InvalidArguments(tool=tool, problems=_problems([*_unknown(unknown, known), *clashes, *self._violations(renamed)]))
        try:
            request = msgspec.convert(renamed, self.request)
        except (msgspec.ValidationError, RecursionError) as error:
            raise InvalidArguments(tool=tool, problems=_problems(self._violations(renamed) or [_of_msgspec(error)])) from None
        if between := request.problems():
            raise InvalidArguments(tool=tool, problems=between)
        if (where := _half_a_character(renamed)) is not None:
            raise InvalidArguments(tool=tool, problems=(f"{where}: is no valid text (half a surrogate pair)",))
        return request

    def _violations(self, given: Mapping[str, Any]) -> list[str]:
        wanted = {each.name for each in fields(self.request)}
        known = {name: value for name, value in given.items() if name in wanted}
        missing = [f"{name}: is required" for name in self._required if name not in known]
        try:
            errors = list(self._validator.iter_errors(known))
        except RecursionError:
            return [NESTED]
        return [*missing, *(_sentence(error) for error in errors if error.validator != "required")]


def _published(request: type[Request], schema: Schema, required: tuple[str, ...]) -> Schema:
    """What is needed comes first; every other spelling is a property too, and then neither of the two can be required."""
    found = schema["properties"]
    properties = {name: found[name] for name in sorted(found, key=lambda name: name not in required)}
    for spelling, name in request.spellings.items():
        properties[spelling] = _without_text(properties[name]) | {"description": f"same as {name}"}
    needed = [name for name in required if name not in request.spellings.values()]
    return {"type": "object", "properties": properties, **({"required": needed} if needed else {}), "additionalProperties": False}


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The same schema with references resolved, and without titles, nulls and defaults that say nothing."""
    if isinstance(node, list | tuple):
        return [_plain(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        described = {"description": node["description"]} if "description" in node else {}
        return _without_text(_plain(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)) | described
    plain = {name: _plain(value, definitions) for name, value in node.items() if name not in ("title", "properties")}
    if "properties" in node:
        plain["properties"] = {name: _plain(value, definitions) for name, value in node["properties"].items()}
        plain["additionalProperties"] = False
    return _without_null(_without_empty_default(plain))


def _without_null(node: Schema) -> Schema:
    if "anyOf" not in node:
        return node
    choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
    if len(choices) > 1:
        return node | {"anyOf": choices}
    # What was said of the whole comes before what was said of its one kind.
    return {**choices[0], **{name: value for name, value in node.items() if name != "anyOf"}}


def _without_empty_default(node: Schema) -> Schema:
    empty = node.get("default", node) in (None, [], (), "")
    return {name: value for name, value in node.items() if not (name == "default" and empty)}


def _without_text(node: Schema) -> Schema:
    return {name: value for name, value in node.items() if name not in ("description", "default")}


def _in_one_spelling(request: type[Request], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    renamed: dict[str, Any] = {}
    clashes = []
    for name, value in given.items():
        field_name = request.spellings.get(name, name)
        if field_name in renamed and renamed[field_name] != value:
            clashes.append(f"{name}: means the same as {field_name}, which was given too, with another value")
        renamed[field_name] = value
    return renamed, clashes


def _unknown(names: list[str], known: Mapping[str, Any]) -> list[str]:
    problems = []
    for name in names:
        near = get_close_matches(name[:SHOWN_CHARACTERS], known, n=1)
        problems.append(f"{_short(name)}: there is no such argument" + (f"; did you mean {near[0]}?" if near else ""))
    return problems


def _of_msgspec(error: Exception) -> str:
    return NESTED if isinstance(error, RecursionError) else str(error)


def _sentence(error: ValidationError) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    return f"{path}: {_said(error)}" if path else _said(error)


def _said(error: ValidationError) -> str:
    limit: Any = error.validator_value
    found: Any = error.instance
    match error.validator:
        case "type":
            return f"must be {_article(limit)}, not {_short(found)}"
        case "enum":
            return f"must be one of {', '.join(map(str, limit))}, not {_short(found)}"
        case "minLength":
            return "must not be empty"
        case "pattern":
            return f"{_short(found)} does not match {limit}"
        case "maxLength":
            return f"is {len(found)} characters long; the limit is {limit}"
        case "maxItems":
            return f"has {len(found)} entries; the limit is {limit}"
        case "minimum" | "maximum":
            return f"{_short(found)} is out of range; the {error.validator} is {limit}"
        case "additionalProperties":
            return f"has a field that does not exist here: {_short(found)}"
        case _:
            return f"{_short(found)} does not fit"


def _article(kind: object) -> str:
    return {"object": "an object", "array": "a list", "integer": "a whole number", "number": "a number", "boolean": "true or false"}.get(
        str(kind), f"a {kind}"
    )


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or value.bit_length() < 1_000 else "a number of over 300 digits"
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _problems(found: list[str]) -> tuple[str, ...]:
    distinct = list(dict.fromkeys(found))
    more = len(distinct) - PROBLEMS_LIMIT
    return (*distinct[:PROBLEMS_LIMIT], *((f"and {more} more",) if more > 0 else ()))


def _half_a_character(value: Any, path: str = "arguments") -> str | None:
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                return path
        case Mapping():
            for name, inner in value.items():
                if (found := _half_a_character(inner, str(name) if path == "arguments" else f"{path}.{name}")) is not None:
                    return found
        case list() | tuple():
            for place, inner in enumerate(value):
                if (found := _half_a_character(inner, f"{path}[{place}]")) is not None:
                    return found
    return None
