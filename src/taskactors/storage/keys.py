"""Keys: tuples of text, numbers and bytes as one byte string that sorts as the tuples do."""

from .errors import KeyTooLong

Part = str | int | bytes

KEY_LIMIT = 511
"""What LMDB can hold; an engine that could hold more must not, or the two would differ."""

NUMBER_BYTES = 8
_TEXT, _BYTES, _NUMBER = b"\x03", b"\x02", b"\x01"
_END = b"\x00\x01"
"""Ends a text: a zero byte inside it is written as 00 FF, so that nothing in it can look like its end."""

_ZERO, _ESCAPED = b"\x00", b"\x00\xff"
_AFTER_ALL = b"\xff"
"""Greater than every first byte of a part."""


def key(*parts: Part) -> bytes:
    """The key of these parts. Numbers are unsigned and below 2**64. Raises KeyTooLong, OverflowError for a number that does not fit."""
    encoded = b"".join(map(_part, parts))
    if len(encoded) > KEY_LIMIT:
        raise KeyTooLong(len(encoded), KEY_LIMIT)
    return encoded


def span(*parts: Part) -> tuple[bytes, bytes]:
    """Where the keys that begin with these parts start and end."""
    start = key(*parts)
    return start, start + _AFTER_ALL


def split(encoded: bytes) -> tuple[str | int | bytes, ...]:
    """The parts that a key was made of."""
    parts: list[Part] = []
    at = 0
    while at < len(encoded):
        kind, at = encoded[at : at + 1], at + 1
        if kind == _NUMBER:
            parts.append(int.from_bytes(encoded[at : at + NUMBER_BYTES], "big"))
            at += NUMBER_BYTES
            continue
        end = encoded.index(_END, at)
        raw = encoded[at:end].replace(_ESCAPED, _ZERO)
        parts.append(raw.decode() if kind == _TEXT else raw)
        at = end + len(_END)
    return tuple(parts)


def _part(part: Part) -> bytes:
    match part:
        case str():
            return _TEXT + part.encode().replace(_ZERO, _ESCAPED) + _END
        case bytes():
            return _BYTES + part.replace(_ZERO, _ESCAPED) + _END
        case _:
            return _NUMBER + part.to_bytes(NUMBER_BYTES, "big")
