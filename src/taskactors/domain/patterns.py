"""File patterns: which files a reservation means, and whether two patterns can mean the same file."""

from functools import lru_cache

LONGEST = 200
"""Characters of one pattern: longer than any path that a person types, short enough to compare exactly."""

ANY_FOLDERS = "**"

COMPARED = 1 << 16
"""Comparisons that are remembered: all that two of the longest patterns need."""


def normalised(pattern: str) -> str:
    """The pattern relative to the repository, without what says nothing; a trailing slash means everything in that folder.

    Raises ValueError with what is wrong.
    """
    if not pattern or len(pattern) > LONGEST:
        raise ValueError(f"a pattern has 1 to {LONGEST} characters")
    if pattern.startswith("/") or "\\" in pattern or any(ord(char) < 32 for char in pattern):
        raise ValueError("a pattern is relative to the repository and written with /")
    if any(char in pattern for char in "[]{}"):
        raise ValueError("only *, ? and ** stand for something else")
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("a pattern does not lead out of the repository")
    if any(ANY_FOLDERS in part and part != ANY_FOLDERS for part in parts):
        raise ValueError("** stands for folders, and so by itself between slashes")
    if pattern.endswith("/") or not parts:
        parts.append(ANY_FOLDERS)
    # Two in a row say the same as one.
    return "/".join(part for place, part in enumerate(parts) if part != ANY_FOLDERS or parts[place - 1 : place] != [ANY_FOLDERS])


@lru_cache(COMPARED)
def overlap(one: str, other: str) -> bool:
    """Whether there could be a file that both normalised patterns mean. Exact, and the same in either order."""
    return _overlap(tuple(one.split("/")), tuple(other.split("/")))


@lru_cache(COMPARED)
def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if not one or not other:
        return all(part == ANY_FOLDERS for part in (*one, *other))
    if ANY_FOLDERS in (one[0], other[0]):
        # It stands for no folder, or for one more of those that the other has; every part can be met by some name.
        first, second = (one, other) if one[0] == ANY_FOLDERS else (other, one)
        return _overlap(first[1:], second) or _overlap(first, second[1:])
    return _names_overlap(one[0], other[0]) and _overlap(one[1:], other[1:])


@lru_cache(COMPARED)
def _names_overlap(one: str, other: str) -> bool:
    if not one or not other:
        return all(char == "*" for char in one + other)
    if "*" in (one[0], other[0]):
        first, second = (one, other) if one[0] == "*" else (other, one)
        return _names_overlap(first[1:], second) or _names_overlap(first, second[1:])
    same = one[0] == other[0] or "?" in (one[0], other[0])
    return same and _names_overlap(one[1:], other[1:])
