"""Whoever's letter was in hand when an actor fell hears of it; whoever waits in the box hears nothing and is served later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from taskactors.runtime import ActorCrashed, ActorGone, Address, Letter, Mailbox, NoLettersHere, Outcome, Place, in_batches, one_at_a_time


class Asked:
    """A place with letters in its box, and what their askers heard."""

    def __init__(self, *messages: object) -> None:
        self.box = Mailbox("store", 16)
        self.heard: dict[object, object] = {}
        self.readies = 0
        self.place = Place(Address("store", self.box), self.box, on_ready=self._ready)
        for message in messages:
            self.box.deliver(self.letter(message))

    def letter(self, message: object) -> Letter[Any]:
        def hear(value: object, error: BaseException | None) -> None:
            assert message not in self.heard
            self.heard[message] = value if error is None else error

        return Letter(message, hear)

    def _ready(self) -> None:
        self.readies += 1


Run = Callable[[Place, Callable[[Letter[Any]], Awaitable[None]]], Awaitable[None]]


async def _in_batches_of_two(place: Place, handle: Callable[[Letter[Any]], Awaitable[None]]) -> None:
    async def handle_all(batch: list[Letter[Any]]) -> None:
        for letter in batch:
            await handle(letter)

    await in_batches(place, handle_all, limit=2)


both_loops = pytest.mark.parametrize("run", [one_at_a_time, _in_batches_of_two])


@both_loops
async def test_a_loop_says_ready_and_ends_when_its_box_is_closed_and_empty(run: Run) -> None:
    asked = Asked(1, 2, 3)
    asked.box.close()

    async def handle(letter: Letter[Any]) -> None:
        assert asked.readies == 1
        letter.answer(letter.message * 2)

    await run(asked.place, handle)
    assert asked.heard == {1: 2, 2: 4, 3: 6}


@both_loops
async def test_a_crash_is_told_to_the_letter_in_hand_with_its_cause_and_to_no_queued_one(run: Run) -> None:
    asked = Asked(1, 2, 3, 4)
    bug = ZeroDivisionError("bug")

    async def handle(letter: Letter[Any]) -> None:
        if letter.message == 2:
            raise bug
        letter.answer("ok")

    with pytest.raises(ZeroDivisionError):
        await run(asked.place, handle)
    crash = asked.heard.pop(2)
    assert isinstance(crash, ActorCrashed)
    assert (crash.actor, crash.__cause__) == ("store", bug)
    assert asked.heard == {1: "ok"}
    assert asked.box.depth == 2


@both_loops
async def test_a_crash_leaves_alone_what_was_answered_refused_forwarded_or_kept(run: Run) -> None:
    for settle in ("answer", "refuse", "forward", "keep"):
        asked, other = Asked("ask"), Mailbox("other", 4)
        no = ValueError("no")

        async def handle(letter: Letter[Any], settle: str = settle, no: Exception = no, other: Mailbox = other) -> None:
            match settle:
                case "answer":
                    letter.answer("yes")
                case "refuse":
                    letter.refuse(no)
                case "forward":
                    letter.forward(Address("other", other))
                case "keep":
                    other.deliver(letter.keep())
                    letter.keep()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await run(asked.place, handle)
        if other.depth:
            assert asked.heard == {}
            (onward,) = await other.take_batch(1)
            assert onward.wanted
            onward.answer("later")
        assert asked.heard == {"ask": {"answer": "yes", "refuse": no, "forward": "later", "keep": "later"}[settle]}


async def test_a_batch_that_crashes_answers_each_letter_in_hand_that_was_not_settled() -> None:
    asked = Asked("a", "b", "c", "d")

    async def handle(batch: list[Letter[Any]]) -> None:
        batch[1].answer("done")
        batch.clear()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await in_batches(asked.place, handle, limit=3)
    assert asked.heard.pop("b") == "done"
    assert set(asked.heard) == {"a", "c"}
    assert all(isinstance(error, ActorCrashed) for error in asked.heard.values())
    assert asked.heard["a"] is not asked.heard["c"]
    assert asked.box.depth == 1


@both_loops
async def test_a_cancelled_handler_leaves_its_asker_with_actor_gone(run: Run) -> None:
    asked = Asked("a")
    with trio.CancelScope() as scope:

        async def handle(_: Letter[Any]) -> None:
            scope.cancel()
            await trio.sleep_forever()

        await run(asked.place, handle)
    assert scope.cancelled_caught
    assert isinstance(asked.heard["a"], ActorGone)


async def test_a_crash_in_a_handlers_own_nursery_is_told_as_itself() -> None:
    asked = Asked("a")
    bug = ZeroDivisionError("bug")

    async def fail() -> None:
        raise bug

    async def handle(_: Letter[Any]) -> None:
        async with trio.open_nursery() as outer, trio.open_nursery() as inner:
            outer.start_soon(trio.sleep_forever)
            inner.start_soon(fail)

    with pytest.raises(BaseExceptionGroup):
        await one_at_a_time(asked.place, handle)
    crash = asked.heard["a"]
    assert isinstance(crash, ActorCrashed)
    assert crash.__cause__ is bug


async def test_a_crash_on_the_way_out_of_a_cancellation_is_told_as_a_crash() -> None:
    asked = Asked("a")
    with trio.CancelScope() as scope, pytest.raises(ZeroDivisionError):

        async def handle(_: Letter[Any]) -> None:
            scope.cancel()
            try:
                await trio.sleep_forever()
            finally:
                raise ZeroDivisionError

        await one_at_a_time(asked.place, handle)
    assert isinstance(asked.heard["a"], ActorCrashed)


async def test_a_crash_among_cancellations_is_told_without_them() -> None:
    asked = Asked("a")
    bug = ZeroDivisionError("bug")
    with pytest.raises(ExceptionGroup), trio.CancelScope() as scope:

        async def fail_when_cancelled() -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise bug

        async def handle(_: Letter[Any]) -> None:
            async with trio.open_nursery() as inner:
                inner.start_soon(trio.sleep_forever)
                inner.start_soon(fail_when_cancelled)
                scope.cancel()

        await one_at_a_time(asked.place, handle)
    crash = asked.heard["a"]
    assert isinstance(crash, ActorCrashed)
    assert crash.__cause__ is bug


@both_loops
async def test_a_letter_may_stay_open_after_its_handler_and_be_answered_later(run: Run) -> None:
    asked = Asked("a")
    asked.box.close()
    parked: list[Letter[Any]] = []

    async def handle(letter: Letter[Any]) -> None:
        parked.append(letter)

    await run(asked.place, handle)
    assert asked.heard == {}
    assert parked[0].outcome is Outcome.OPEN
    parked[0].answer("later")
    assert asked.heard == {"a": "later"}


@both_loops
async def test_an_unwanted_letter_is_handled_and_says_that_nobody_waits(run: Run) -> None:
    asked = Asked()
    letter = asked.letter("a")
    asked.box.deliver(letter)
    letter.withdraw()
    asked.box.close()
    wanted: list[bool] = []

    async def handle(letter: Letter[Any]) -> None:
        wanted.append(letter.wanted)

    await run(asked.place, handle)
    assert wanted == [False]


async def test_a_place_that_serves_no_letters_says_so_and_waits_for_its_stop() -> None:
    asked = Asked("a", "b")
    asked.box.close()
    await asked.place.until_stopped()
    assert [type(error) for error in asked.heard.values()] == [NoLettersHere, NoLettersHere]
