"""JSON text: what a frame, line or body holds, read by nothing but the standard library."""

import json
from typing import Any, NoReturn

from attrs import frozen

DEPTH_LIMIT = 64
"""Levels that a message may have."""

DEEPEST_READ = 500
"""Levels up to which every JSON library reads. What is deeper may be no JSON to one and too deep to another."""


@frozen
class Read:
    """What is in a text: a value; or nothing where it is no JSON. `deep` says that readers may differ on whether it is."""

    value: Any = None
    is_json: bool = True
    deep: bool = False


NOT_JSON = Read(is_json=False)


def read(text: str | bytes) -> Read:
    """The JSON in a text, which is UTF-8 where it is bytes."""
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        found = json.loads(decoded, parse_constant=_refuse)
    except RecursionError:
        return Read(is_json=False, deep=True)
    except ValueError:
        return Read(is_json=False, deep=_brackets(text) > DEEPEST_READ)
    return Read(found, deep=depth(found) > DEEPEST_READ)


def depth(value: Any) -> int:
    """How many objects and lists are within each other."""
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        deepest += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return deepest


def id_of(found: Any) -> str | int | None:
    """The id to which a message can be answered."""
    number = found.get("id") if isinstance(found, dict) else None
    return number if isinstance(number, str | int) and not isinstance(number, bool) else None


def has_half_character(value: Any) -> bool:
    """Whether half of a surrogate pair is anywhere in a value."""
    return any(0xD800 <= ord(each) <= 0xDFFF for each in json.dumps(value, ensure_ascii=False)) if value else False


def _brackets(text: str | bytes) -> int:
    return max(text.count("[" if isinstance(text, str) else b"["), text.count("{" if isinstance(text, str) else b"{"))  # type: ignore[arg-type]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
