"""File patterns: two overlap exactly when there could be a file that both mean."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.patterns import LONGEST, normalised, overlap

NAMES = ["a", "b", "ab", "ba", "aab"]
PATHS = ["/".join(parts) + "/" for length in (1, 2, 3, 4) for parts in itertools.product(NAMES, repeat=length)]
parts = st.sampled_from(["a", "b", "ab", "*", "?", "a*", "*b", "??", "**"])
patterns = st.lists(parts, min_size=1, max_size=3).map(lambda chosen: normalised("/".join(chosen)))


def as_expression(pattern: str) -> re.Pattern[str]:
    """The same pattern in another language, part by part."""
    out = ""
    for part in pattern.split("/"):
        out += "(?:[^/]+/)*" if part == "**" else "".join({"*": "[^/]*", "?": "[^/]"}.get(char, char) for char in part) + "/"
    return re.compile(out + r"\Z")


@given(patterns, patterns)
def test_two_patterns_overlap_exactly_when_some_path_is_meant_by_both(one: str, other: str) -> None:
    both = any(as_expression(one).match(path) and as_expression(other).match(path) for path in PATHS)
    assert overlap(one, other) == both
    assert overlap(other, one) == both


@given(patterns)
def test_every_pattern_overlaps_with_itself_and_with_everything(one: str) -> None:
    assert overlap(one, one)
    assert overlap(one, "**")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("src/api/x.py", "src/api/x.py", True),
        ("src/api/x.py", "src/api/y.py", False),
        ("src/*.py", "src/x.py", True),
        ("src/*.py", "src/api/x.py", False),
        ("src/**", "src/api/x.py", True),
        ("src/**/x.py", "src/x.py", True),
        ("**/test_*.py", "tests/a/test_b.py", True),
        ("src/a*c", "src/ab*", True),
        ("src/a*c", "src/b*", False),
        ("docs/", "docs/a/b.md", True),
        ("docs", "docs/a.md", False),
        ("x/?.md", "x/ab.md", False),
        ("Ä/*", "Ä/ö", True),
    ],
)
def test_overlap_is_what_people_mean(one: str, other: str, same: bool) -> None:
    assert overlap(normalised(one), normalised(other)) is same
    assert overlap(normalised(other), normalised(one)) is same


@pytest.mark.parametrize(
    ("given_", "plain"), [("./src//x.py", "src/x.py"), ("src/", "src/**"), (".", "**"), ("a/**/**/b", "a/**/b"), ("**", "**")]
)
def test_what_says_nothing_is_left_out(given_: str, plain: str) -> None:
    assert normalised(given_) == plain


@pytest.mark.parametrize("bad", ["", "/etc/x", "../x", "a/../b", "a\\b", "a[bc]", "a{b,c}", "a**", "x\ny", "x" * (LONGEST + 1)])
def test_what_is_no_pattern_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|stand"):
        normalised(bad)


def test_the_longest_patterns_are_compared_at_once() -> None:
    one, other = normalised("a*" * (LONGEST // 2)), normalised("*b" * (LONGEST // 2))
    assert overlap(one, other)
    deep = normalised("/".join(["**", "a"] * (LONGEST // 6)))
    assert overlap(deep, normalised("/".join(["*"] * (LONGEST // 2))))
