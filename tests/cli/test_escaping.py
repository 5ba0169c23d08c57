"""Stored text cannot command the terminal that it is shown on."""

import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from taskactors.cli.escaping import HIDDEN_CATEGORIES, escaped

CORPUS = {
    "\x1b[31mred\x1b[0m": r"\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x07": r"\x1b]52;c;aGk=\x07",
    "\x9b31m": r"\x9b31m",
    "over\rwritten": r"over\x0dwritten",
    "back\x08space": r"back\x08space",
    "bell\a": r"bell\x07",
    "two\nlines": r"two\x0alines",
    "a\tb": r"a\x09b",
    "nul\0": r"nul\x00",
    "del\x7f": r"del\x7f",
    "next\x85line": r"next\x85line",
    "\u202egnirts\u202c": r"\u202egnirts\u202c",
    "\u2066isolated\u2069": r"\u2066isolated\u2069",
    "zero\u200bwidth": r"zero\u200bwidth",
    "line\u2028para\u2029": r"line\u2028para\u2029",
    "\ufeffmark": r"\ufeffmark",
    "tag\U000e0041": r"tag\U000e0041",
    "half\ud800": r"half\ud800",
    "private\ue000": r"private\ue000",
    "plain": "plain",
    "päckchen ✓ 世界 → 🎉": "päckchen ✓ 世界 → 🎉",
    "ideographic\u3000space": "ideographic\u3000space",
    "combining e\u0301": "combining e\u0301",
    r"C:\x1b is a path": r"C:\x1b is a path",
}


@pytest.mark.parametrize("text", CORPUS)
def test_what_is_not_plainly_visible_is_shown_as_an_escape(text: str) -> None:
    assert escaped(text) == CORPUS[text]


def test_line_breaks_are_kept_where_a_text_may_have_lines_and_nothing_else_is() -> None:
    assert escaped("one\ntwo\r\x1b[2J\u2028", lines=True) == "one\ntwo" + r"\x0d\x1b[2J\u2028"


@given(st.text(st.characters(), max_size=40))
def test_nothing_hidden_is_ever_left(text: str) -> None:
    assert {unicodedata.category(char) for char in escaped(text)}.isdisjoint(HIDDEN_CATEGORIES)


@given(st.characters())
def test_one_that_is_escaped_can_be_told_from_its_escape(char: str) -> None:
    shown = escaped(char)
    assert shown == char or shown.encode().decode("unicode_escape") == char
