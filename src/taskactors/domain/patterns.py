"""File patterns: which files a reservation means, and whether two patterns can mean the same file."""

from collections.abc import Callable, Sequence
from functools import lru_cache

LONGEST = 200
"""Characters of one pattern: longer than any path that a person types, short enough to compare exactly."""

ANY_FOLDERS = "**"

WILD = frozenset("*?")

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
    return _meet(one.split("/"), other.split("/"), ANY_FOLDERS, _names_overlap)


@lru_cache(COMPARED)
def _names_overlap(one: str, other: str) -> bool:
    if not (WILD & set(one) or WILD & set(other)):
        return one == other
    return _meet(one, other, "*", lambda mine, theirs: mine == theirs or "?" in (mine, theirs))


def _meet(one: Sequence[str], other: Sequence[str], many: str, same: Callable[[str, str], bool]) -> bool:
    """Whether two sequences could stand for the same one; `many` stands for any number of whatever there is.

    From the end, place by place, so that no pattern, however deep, is too deep.
    """
    width = len(other)
    after = [False] * width + [True]
    for place in range(width - 1, -1, -1):
        after[place] = after[place + 1] and other[place] == many
    for mine in reversed(one):
        here = [False] * width + [after[width] and mine == many]
        for place in range(width - 1, -1, -1):
            if many in (mine, other[place]):
                # It stands for nothing more, or for one more of what the other has.
                here[place] = after[place] or here[place + 1]
            else:
                here[place] = after[place + 1] and same(mine, other[place])
        after = here
    return after[0]
