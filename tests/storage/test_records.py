"""Records come back as they were, from every version that ever wrote one."""

import subprocess
import sys
from enum import StrEnum
from typing import Any

import pytest
from attrs import field, frozen
from attrs.validators import instance_of
from hypothesis import given
from hypothesis import strategies as st

from taskactors.storage.errors import Damaged, RecordTooNew
from taskactors.storage.records import RecordType


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@frozen
class Part:
    name: str
    weight: float = 1.0


@frozen
class Thing:
    id: int
    name: str
    colour: Colour = Colour.RED
    owner: str | None = None
    size: int | None = None
    ready: bool = False
    score: float = 5.0
    tags: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    facts: dict[str, int] = field(factory=dict)
    part: Part | None = None
    parts: tuple[Part, ...] = ()


THING = RecordType("thing", Thing, 1)

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
PARTS = st.builds(Part, TEXT, st.floats(allow_nan=False, allow_infinity=False))
THINGS = st.builds(
    Thing,
    id=st.integers(0, 2**63),
    name=TEXT,
    colour=st.sampled_from(Colour),
    owner=st.none() | TEXT,
    size=st.none() | st.integers(-5, 5),
    ready=st.booleans(),
    score=st.floats(0, 10),
    tags=st.lists(TEXT, max_size=3).map(tuple),
    needs=st.frozensets(TEXT, max_size=4),
    facts=st.dictionaries(TEXT, st.integers(0, 9), max_size=3),
    part=st.none() | PARTS,
    parts=st.lists(PARTS, max_size=3).map(tuple),
)


@given(THINGS)
def test_a_record_comes_back_as_it_was(thing: Thing) -> None:
    back = THING.decode(THING.encode(thing))
    assert back == thing
    assert THING.encode(back) == THING.encode(thing)


@given(THINGS)
def test_the_order_in_which_sets_and_dictionaries_grew_leaves_no_trace(thing: Thing) -> None:
    other = Thing(**{**_fields(thing), "facts": dict(reversed(thing.facts.items())), "needs": frozenset(sorted(thing.needs, reverse=True))})
    assert THING.encode(other) == THING.encode(thing)


def _fields(thing: Thing) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in Thing.__slots__ if name != "__weakref__"}  # type: ignore[attr-defined]


def test_another_process_writes_the_same_bytes_whatever_its_hashes() -> None:
    program = (
        "from tests.storage.test_records import *\n"
        "print(THING.encode(Thing(1, 'n', needs=frozenset('abcdefgh'), facts={'b': 1, 'a': 2})).hex())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True, check=True, text=True
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != ""


def test_what_is_at_its_default_takes_no_room() -> None:
    assert THING.encode(Thing(1, "n")) == b'\x01{"id":1,"name":"n"}'


@frozen
class ThingAsOfThree:
    """Version 1 had `title` and `urgent`, version 2 renamed the first, version 3 made the second a number."""

    name: str
    urgency: int = 0


def _rename(fields: dict[str, Any]) -> dict[str, Any]:
    title = fields.pop("title")
    return {**fields, "name": title}


def _grade(fields: dict[str, Any]) -> dict[str, Any]:
    urgent = fields.pop("urgent", False)
    return {**fields, "urgency": 9 if urgent else 0}


UPGRADED = RecordType("thing", ThingAsOfThree, 3, {1: _rename, 2: _grade})


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        # Bytes as earlier versions wrote them: these lines are never changed, only added to.
        (b'\x01{"title":"old","urgent":true}', ThingAsOfThree("old", 9)),
        (b'\x01{"title":"old"}', ThingAsOfThree("old", 0)),
        (b'\x02{"name":"newer","urgent":true}', ThingAsOfThree("newer", 9)),
        (b'\x03{"name":"newest","urgency":4}', ThingAsOfThree("newest", 4)),
    ],
)
def test_a_record_of_any_earlier_version_is_brought_up_step_by_step(stored: bytes, expected: ThingAsOfThree) -> None:
    assert UPGRADED.decode(stored) == expected
    assert UPGRADED.decode(UPGRADED.encode(expected)) == expected


def test_a_record_of_a_later_version_is_refused_saying_what_to_do() -> None:
    with pytest.raises(RecordTooNew, match=r"thing record has version 4 .* up to 3; run the newer taskactors"):
        UPGRADED.decode(b'\x04{"name":"later"}')


def test_a_record_type_without_a_way_up_from_an_older_version_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="no way up from version 2"):
        RecordType("thing", ThingAsOfThree, 4, {1: _rename, 3: _grade})


@frozen
class Strict:
    name: str = field(validator=instance_of(str))


@pytest.mark.parametrize(
    "stored",
    [b"", b"\x00{}", b"\x01", b"\x01{", b"\x01[]", b"\x01null", b"\x01{}", b'\x01{"name":"a","more":1}', b'\x01{"name":"a","owner":"x"}'],
)
def test_bytes_that_are_no_such_record_are_said_to_be_damaged(stored: bytes) -> None:
    with pytest.raises(Damaged):
        RecordType("strict", Strict, 1).decode(stored)


def test_an_upgrade_that_meets_what_it_does_not_know_says_which_record_it_was() -> None:
    with pytest.raises(Damaged, match="a thing record of version 1"):
        UPGRADED.decode(b'\x01{"neither":1}')
