"""One value of a JSON text is changed, and nothing else of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.cli.json_editing import NotEditable, read, with_first_item, with_value

KEYS = st.sampled_from(["a", "b", "servers", "é"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)


def expected(value: Any, path: tuple[str, ...], new: Any) -> Any:
    return new if not path else {**value, path[0]: expected(value.get(path[0], {}), path[1:], new)}


def leads_through_objects(value: Any, path: tuple[str, ...]) -> bool:
    return not path or (isinstance(value, dict) and leads_through_objects(value.get(path[0], {}), path[1:]))


@given(whole=OBJECTS, path=st.tuples(KEYS) | st.tuples(KEYS, KEYS), new=VALUES, indent=st.sampled_from([None, 0, 2, "\t"]))
def test_the_value_is_there_and_every_other_as_it_was(whole: Any, path: tuple[str, ...], new: Any, indent: int | str | None) -> None:
    text = json.dumps(whole, indent=indent)
    if not leads_through_objects(whole, path[:-1]) or not isinstance(expected_parent(whole, path), dict):
        with pytest.raises(NotEditable):
            with_value(text, path, new)
        return
    after = with_value(text, path, new)
    assert json.loads(after) == expected(whole, path, new)
    assert with_value(after, path, new) == after


def expected_parent(value: Any, path: tuple[str, ...]) -> Any:
    for key in path[:-1]:
        value = value.get(key, {})
    return value


@given(whole=OBJECTS)
def test_what_is_read_is_what_json_says(whole: Any) -> None:
    for text in (json.dumps(whole), json.dumps(whole, indent="\t", ensure_ascii=False).replace("\n", "\r\n")):
        assert read(text).value == whole


MINE = """// mine
{
    /* the servers, "quoted" */
    "servers": {
        "other": {"url": "http://x//y"}, // keep
        "taskactors": {"old": [1,2,],},
        "last": {},
    },
}
"""


def test_every_byte_around_the_value_stays() -> None:
    after = with_value(MINE, ("servers", "taskactors"), {"new": 1}, comments=True)
    assert after == MINE.replace('{"old": [1,2,],}', '{\n            "new": 1\n        }')
    assert with_value(after, ("servers", "taskactors"), {"new": 1}, comments=True) == after


def test_what_is_new_goes_before_the_others_and_their_comments() -> None:
    after = with_value(MINE, ("servers", "added"), 1, comments=True)
    assert after == MINE.replace('"servers": {\n', '"servers": {\n        "added": 1,\n')
    assert with_first_item('{"a": [\n  1\n]}', ("a",), 0) == '{"a": [\n    0,\n  1\n]}'
    assert json.loads(with_first_item("", ("a", "b"), 0)) == {"a": {"b": [0]}}


def test_lines_end_as_they_did() -> None:
    after = with_value('{\r\n  "a": 1\r\n}\r\n', ("b",), {"c": 2})
    assert after.count("\r\n") == after.count("\n") == 6


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n "a": 1\n "b": 2\n}', 3),
        ('{\n "a": }', 2),
        ("{", 1),
        ('{"a": 1}\n\n{}', 3),
        ('{\n"a": "x\ny"}', 2),
        ("{1: 2}", 1),
        ("// no\n{}", 1),
        ('{"a": 1,}', 1),
        ("[" * 100_000, 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotEditable) as no:
        with_value(text, ("a",), 1)
    assert no.value.line == line


@pytest.mark.parametrize(("text", "path"), [("[]", ("a",)), ('{"a": 1}', ("a", "b")), ('{"a": null}', ("a", "b"))])
def test_what_is_no_object_is_not_made_one(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(NotEditable):
        with_value(text, path, 1)


def test_what_is_no_list_is_not_made_one() -> None:
    with pytest.raises(NotEditable):
        with_first_item('{"a": {}}', ("a",), 1)
