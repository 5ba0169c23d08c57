"""Keys: tuples of text, numbers and bytes as one byte string that sorts as the tuples do."""

from collections.abc import Callable
from functools import lru_cache

from .errors import KeyTooLong

Part = str | int | bytes

KEY_LIMIT = 511
"""What LMDB can hold; an engine that could hold more must not, or the two would differ."""

NUMBER_BYTES = 8
LARGEST_NUMBER = (1 << (8 * NUMBER_BYTES)) - 1

REMEMBERED, REMEMBERED_LENGTH = 2_048, 64
"""More names than a busy project has at one time, and as long as names are: some hundred kilobytes at the most."""

_TEXT, _BYTES, _NUMBER = b"\x03", b"\x02", b"\x01"
"""First byte of each part. None is zero, so that no key made here can be one that the storage keeps for itself."""

_END = b"\x00\x01"
"""Ends a text: a zero byte inside it is written as 00 FF, so that nothing in it can look like its end."""

_ZERO, _ESCAPED = b"\x00", b"\x00\xff"
_AFTER_ALL = b"\xff"
"""Greater than every first byte of a part."""


def key(*parts: Part) -> bytes:
    """The key of these parts. Numbers are unsigned and below 2**64. Raises KeyTooLong, OverflowError for a number that does not fit."""
    encoded = b"".join(
        [number(part) if isinstance(part, int) else _name(part) if len(part) <= REMEMBERED_LENGTH else _encoded(part) for part in parts]
    )
    if len(encoded) > KEY_LIMIT:
        raise KeyTooLong(len(encoded), KEY_LIMIT)
    return encoded


def number(value: int) -> bytes:
    """A number as the next part of a key: a key is its parts one after the other. Raises OverflowError for one that does not fit."""
    return _NUMBER + value.to_bytes(NUMBER_BYTES, "big")


def numbered(*parts: Part) -> Callable[[int], bytes]:
    """Makes the keys of these parts and a number."""
    before = key(*parts) + _NUMBER

    def make(value: int) -> bytes:
        return before + value.to_bytes(NUMBER_BYTES, "big")

    return make


def span(*parts: Part) -> tuple[bytes, bytes]:
    """Where the keys that begin with these parts start and end."""
    start = key(*parts)
    return start, start + _AFTER_ALL


def split(encoded: bytes) -> tuple[str | int | bytes, ...]:
    """The parts that a key was made of. Raises ValueError for bytes that are no key."""
    parts: list[Part] = []
    at = 0
    while at < len(encoded):
        kind, at = encoded[at : at + 1], at + 1
        if kind == _NUMBER:
            after = at + NUMBER_BYTES
            if after > len(encoded):
                raise ValueError(f"{encoded!r} ends within a number")
            parts.append(int.from_bytes(encoded[at:after], "big"))
            at = after
            continue
        if kind not in (_TEXT, _BYTES):
            raise ValueError(f"{encoded!r} has a part of no known kind")
        end = encoded.index(_END, at)
        raw = encoded[at:end].replace(_ESCAPED, _ZERO)
        parts.append(raw.decode() if kind == _TEXT else raw)
        at = end + len(_END)
    return tuple(parts)


def last_number(encoded: bytes) -> int:
    """The number that a key ends with."""
    return int.from_bytes(encoded[-NUMBER_BYTES:], "big")


def descending(number: int) -> int:
    """The number to put in a key so that larger ones come first; applied again, it gives the number back."""
    return LARGEST_NUMBER - number


def _encoded(part: str | bytes) -> bytes:
    if isinstance(part, str):
        return _TEXT + part.encode().replace(_ZERO, _ESCAPED) + _END
    return _BYTES + part.replace(_ZERO, _ESCAPED) + _END


# Families, states, agents and roles come in key after key; this halves the time that a key takes.
_name = lru_cache(REMEMBERED)(_encoded)
