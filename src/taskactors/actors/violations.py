"""Violations: every way in which arguments break their schema, each as one sentence that starts with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from .argument_schema import Schema
from .depth import DEPTH_LIMIT, TOO_DEEP

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

PROBLEMS_LIMIT = 20
"""Whoever makes more mistakes in one call than this is helped enough by the first ones."""

SHOWN_CHARACTERS = 60
"""How much of a wrong value is repeated to its sender."""

EXTRA_SHOWN = 5
"""How many keys that an inner object does not have are repeated to its sender."""

VALUES_LIMIT = 10_000
"""The largest arguments that fit their schemas hold some hundred values; to look at each of a million would stop everybody else."""

LARGEST_BITS = 1024
"""Python refuses to write out much longer numbers; everything that long is out of every range anyway."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class TooMuch(ValueError):
    """There is more of it than anybody needs to look at."""


def make_validator(schema: Schema) -> Draft202012Validator:
    """A validator that accepts exactly what the conversion accepts: real numbers, times with a zone."""
    from jsonschema import FormatChecker

    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=msgspec.ValidationError)(_is_moment)
    validator: Draft202012Validator = _validator_class()(schema, format_checker=formats)
    return validator


def violations(validator: Draft202012Validator, given: Mapping[str, Any], spelled: Mapping[str, str]) -> list[str]:
    """What is wrong with each of the arguments, up to one more than the limit; `spelled` says how the caller wrote their names."""
    said, rest = _too_long(validator, given, spelled)
    try:
        sane = _Sane().of(rest)
    except TooMuch as too_much:
        return [*said, f"arguments: {too_much}"]
    errors = (error for error in validator.iter_errors(sane) if error.validator != "required" or error.path)
    found = (f"{_path(deepest, spelled)}: {_said(deepest)}" for error in errors for deepest in _deepest(error))
    halves = (f"{spelled.get(name, name)}{path}: is no valid text (half of a surrogate pair)" for name, path in _half_characters(sane))
    return list(islice(dict.fromkeys([*said, *islice(found, 4 * PROBLEMS_LIMIT), *islice(halves, PROBLEMS_LIMIT)]), PROBLEMS_LIMIT + 1))


def shown(value: object) -> str:
    """A short excerpt of a value."""
    try:
        text = value if isinstance(value, str) and value.isidentifier() else repr(value)
    except (ValueError, RecursionError):
        return "a value too large to show"
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _too_long(validator: Any, given: Mapping[str, Any], spelled: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """Lists that are too long are refused for that alone: nobody needs to hear of each of their million entries."""
    properties = validator.schema["properties"]
    limits = {name: properties[name].get("maxItems", VALUES_LIMIT) for name, value in given.items() if isinstance(value, list)}
    long = {name for name, limit in limits.items() if len(given[name]) > limit}
    said = [f"{spelled.get(name, name)}: has {len(given[name])} entries; the limit is {limits[name]}" for name in given if name in long]
    return said, {name: value for name, value in given.items() if name not in long}


def _half_characters(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The arguments, and the paths in them, of texts that no encoding can write because half of a surrogate pair is missing."""
    for name, value in given.items():
        for path in _unwritable(value, ""):
            yield name, path


def _unwritable(value: Any, path: str) -> Iterator[str]:
    match value:
        case str() if not _is_writable(value):
            yield path
        case dict():
            for name, inner in value.items():
                yield from _unwritable(inner, f"{path}.{shown(name)}")
        case list():
            for place, inner in enumerate(value):
                yield from _unwritable(inner, f"{path}[{place}]")


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_moment(value: object) -> bool:
    if isinstance(value, str):
        msgspec.convert(value, Moment)
    return True


def _is_number(_: object, value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and (isinstance(value, int) or isfinite(value))


def _is_integer(_: object, value: object) -> bool:
    return _is_number(_, value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


@cache
def _validator_class() -> Any:
    # Loaded by the first call that is looked at closely: every start would pay for it.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})
    return extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]


class _Sane:
    """Makes of a value the same value as far as it can be looked at and written out."""

    def __init__(self) -> None:
        self._left = VALUES_LIMIT

    def of(self, value: Any, depth: int = DEPTH_LIMIT) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooMuch(f"hold more than {VALUES_LIMIT} values")
        if isinstance(value, int) and value.bit_length() > LARGEST_BITS:
            return (1 if value > 0 else -1) << LARGEST_BITS
        if not isinstance(value, Mapping | list | tuple):
            return value
        if depth == 0:
            raise TooMuch(f"are {TOO_DEEP}")
        if isinstance(value, Mapping):
            return {name: self.of(inner, depth - 1) for name, inner in value.items()}
        return [self.of(inner, depth - 1) for inner in value]


def _deepest(error: ValidationError) -> Iterator[ValidationError]:
    """What is wrong with a value that may be of several kinds: what is wrong with it as the kind that it is."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    kinds: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        kinds.setdefault(inner.relative_schema_path[0], []).append(inner)
    for inners in kinds.values():
        if not any(inner.validator == "type" and not inner.relative_path for inner in inners):
            for inner in inners:
                yield from _deepest(inner)
            return
    yield error


def _path(error: ValidationError, spelled: Mapping[str, str]) -> str:
    first, *rest = error.absolute_path or ("arguments",)
    return spelled.get(str(first), str(first)) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)


def _said(error: ValidationError) -> str:
    limit: Any = error.validator_value
    found: Any = error.instance
    match error.validator:
        case "type":
            return f"must be {_named(limit)}, not {shown(found)}"
        case "anyOf":
            return f"must be {' or '.join(_named(choice.get('type')) for choice in limit)}, not {shown(found)}"
        case "enum":
            return f"must be one of {', '.join(map(str, limit))}, not {shown(found)}"
        case "minLength" | "pattern" | "minItems" if not found:
            return "must not be empty"
        case "pattern" if limit == r"\S":
            return "must not be blank"
        case "pattern":
            return f"{shown(found)} does not match {limit}"
        case "maxLength":
            return f"is {len(found)} characters long; the limit is {limit}"
        case "minLength":
            return f"is {len(found)} characters long; it needs {limit} at least"
        case "maxItems":
            return f"has {len(found)} entries; the limit is {limit}"
        case "minimum" | "maximum":
            return f"{shown(found)} is out of range; the {error.validator} is {limit}"
        case "format":
            return f"{shown(found)} is no time with its zone, as in 2026-01-31T12:00:00Z"
        case "required":
            return f"needs {', '.join(name for name in limit if name not in found)}"
        case "additionalProperties":
            known = error.schema["properties"]  # type: ignore[index]
            extra = ", ".join(shown(name) for name in islice((name for name in found if name not in known), EXTRA_SHOWN))
            return f"has no {extra}; it has {', '.join(known)}"
        case _:
            return f"{shown(found)} does not fit"


def _named(kind: object) -> str:
    named = {"object": "an object", "array": "a list", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
    return named.get(str(kind), f"a {kind}")
