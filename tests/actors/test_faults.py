"""Faults: each is in the log whole, under the reference that its callers get, however often it is met."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import trio
from structlog.testing import LogCapture
from trio.testing import MockClock

from taskactors.actors.faults import PLACES_LIMIT, faults_met, internal, whence

Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


def broken(secret: str) -> None:
    raise ValueError(secret)


def met(what: str = "a call failed", secret: str = "a secret") -> str:
    """The reference that whoever met it gets."""
    try:
        broken(secret)
    except ValueError as error:
        return internal(error, what, tool="list_tasks").reference
    raise AssertionError


async def test_a_fault_that_is_met_over_and_over_is_logged_now_and_then_and_every_reference_leads_to_it(
    autojump_clock: MockClock, lines: Lines
) -> None:
    references = []
    for number in range(24 * 360):
        references.append(met(secret=f"secret {number}"))
        await trio.sleep(10)
    assert set(references) == {each["reference"] for each in lines}
    assert 24 <= len(lines) <= 32
    assert len(lines) + sum(each.get("left_out", 0) for each in lines) >= len(references) - 360
    assert all(each["exc_info"] is not None for each in lines)


async def test_faults_of_different_places_and_kinds_each_have_their_own_line(autojump_clock: MockClock, lines: Lines) -> None:
    assert met("a call failed") != met("a read failed")
    try:
        broken("x")
    except ValueError as error:
        elsewhere = RuntimeError("y")
        elsewhere.__cause__ = error
        internal(elsewhere, "a call failed")
    try:
        raise KeyError("z")
    except KeyError as error:
        internal(error, "a call failed")
    assert len(lines) == 3


async def test_a_fault_that_was_quiet_for_a_while_is_logged_at_once(autojump_clock: MockClock, lines: Lines) -> None:
    for _ in range(3):
        met()
        await trio.sleep(100)
    assert [each.get("left_out") for each in lines] == [None] * 3


async def test_the_places_that_are_remembered_are_bounded(autojump_clock: MockClock, lines: Lines) -> None:
    for number in range(2 * PLACES_LIMIT):
        met(f"fault {number}")
    assert len(lines) == 2 * PLACES_LIMIT
    met(f"fault {2 * PLACES_LIMIT - 1}")
    met("fault 0")
    assert len(lines) == 2 * PLACES_LIMIT + 1


async def test_where_an_error_comes_from_is_said_without_its_own_words() -> None:
    try:
        try:
            broken("a secret")
        except ValueError as error:
            raise ExceptionGroup("a secret", [error]) from error
    except ExceptionGroup as group:
        said = whence(group)
    assert said.startswith("ValueError in ")
    assert "secret" not in said
    assert whence(ValueError("a secret")) == "ValueError"


async def test_every_fault_is_counted_also_those_that_are_left_out(lines: Lines) -> None:
    assert faults_met() == 0
    for _ in range(5):
        met()
    assert (faults_met(), len(lines)) == (5, 1)
