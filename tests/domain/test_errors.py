"""Refusals: each has a code of its own, says why, says what to do, and carries facts that any program can read."""

import json
import re
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from attrs import fields

from taskactors.domain import errors
from taskactors.domain.errors import DependencyCycle, InvalidTransition, NotFound, Refusal, TaskClosed
from taskactors.domain.task import State

REFUSALS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal) and each is not Refusal]
SAMPLES: dict[Any, Any] = {str: "some-name", int: 7, State: State.REVIEW}


def sample(kind: Any, filled: bool) -> Any:
    """A value of a field's type; optional ones are left out unless `filled`."""
    if get_origin(kind) in (Union, types.UnionType):
        return sample(get_args(kind)[0], filled) if filled else None
    if get_origin(kind) is tuple:
        return (sample(get_args(kind)[0], filled),) if filled else ()
    if get_origin(kind) is Mapping:
        return {"rev": 3, "name": "as it is now"} if filled else {}
    return SAMPLES[kind]


def made(refusal: type[Refusal], filled: bool) -> Refusal:
    hints = get_type_hints(refusal)
    return refusal(**{each.name: sample(hints[each.name], filled) for each in fields(refusal)})  # type: ignore[arg-type]


def test_there_are_refusals_and_each_has_a_code_of_its_own() -> None:
    codes = [refusal.code for refusal in REFUSALS]
    assert len(codes) > 20
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) and code != Refusal.code for code in codes)


@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_a_refusal_says_why_and_what_to_do_and_its_facts_are_json(refusal: type[Refusal], filled: bool) -> None:
    no = made(refusal, filled)
    for said in (no.cause(), no.remedy()):
        assert said.strip()
        assert "None" not in said
        assert "  " not in said
    assert str(no) == no.cause()
    facts = json.loads(json.dumps(dict(no.facts())))
    assert facts.keys() == {each.name for each in fields(refusal) if getattr(no, each.name) is not None}  # type: ignore[arg-type]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_every_fact_that_a_cause_needs_is_in_it(refusal: type[Refusal]) -> None:
    named = [name for name in ("task", "agent", "subject") if name in get_type_hints(refusal)]
    assert all("some-name" in made(refusal, True).cause() for _ in named)


def test_what_is_final_is_not_told_where_it_may_go() -> None:
    assert "new task" in InvalidTransition("T-1", State.ARCHIVED, State.CREATED, ()).remedy()
    assert "new task" in TaskClosed("T-1", State.ARCHIVED).remedy()
    assert "reopen" in TaskClosed("T-1", State.DONE).remedy()


def test_what_is_not_there_is_answered_with_what_looks_like_it() -> None:
    assert "ARCH-01" in NotFound("task", "ARCH-1", ("ARCH-01",)).remedy()
    assert "list_tasks" in NotFound("task", "ARCH-1").remedy()
    assert "list_tasks" not in NotFound("message", "7").remedy()


def test_a_refusal_can_be_raised_with_its_cause_and_caught_with_its_traceback() -> None:
    with pytest.raises(NotFound) as no:
        try:
            raise ValueError("first")
        except ValueError as first:
            raise NotFound("task", "X") from first
    assert isinstance(no.value.__cause__, ValueError)
    assert no.value.__traceback__ is not None


def test_a_long_circle_is_named_by_both_its_ends_and_its_length() -> None:
    shown = DependencyCycle(cycle=tuple(f"T-{number}" for number in range(5_000)))
    assert shown.cause().endswith("T-9 → … 4980 more … → T-4990 → T-4991 → " + " → ".join(f"T-{n}" for n in range(4_992, 5_000)) + " → T-0")
    assert (len(shown.facts()["cycle"]), shown.facts()["length"]) == (20, 5_000)
    short = DependencyCycle(cycle=("A-1", "B-1"))
    assert short.cause().endswith(": A-1 → B-1 → A-1")
    assert short.facts() == {"cycle": ("A-1", "B-1")}
