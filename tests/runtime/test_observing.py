"""Every letter, crash, restart, start and stop passes the one hook, and its failures hurt nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.runtime import (
    ActorCrashed,
    ActorCrashedEvent,
    ActorGone,
    ActorRestarted,
    ActorStarted,
    ActorStopped,
    BudgetSpent,
    ButLetters,
    Child,
    Letter,
    LetterHandled,
    LetterTurnedAway,
    MailboxFull,
    Observed,
    Outcome,
    Place,
    RestartBudget,
    Supervisor,
    TooManyRestarts,
    in_batches,
    one_at_a_time,
    silent,
)

Make = Callable[..., Child]
Up = Callable[..., Awaitable[Supervisor]]


async def test_the_hook_sees_a_life_from_start_to_end_in_order(
    nursery: trio.Nursery, supervise: Callable[..., Supervisor], echoing: Make, seen: list[Observed]
) -> None:
    child = echoing()
    supervisor = supervise(child, budget=RestartBudget(1, 60))

    async def live() -> None:
        await child.address.ask("hello", 5)
        for _ in range(2):
            with pytest.raises(ActorCrashed):
                await child.address.ask(ValueError(), 5)

    nursery.start_soon(live)
    with pytest.raises(TooManyRestarts):
        await supervisor.run()
    assert [type(event) for event in seen] == [
        ActorStarted,
        LetterHandled,
        LetterHandled,
        ActorCrashedEvent,
        ActorRestarted,
        LetterHandled,
        ActorCrashedEvent,
        BudgetSpent,
    ]
    outcomes = [event.outcome for event in seen if isinstance(event, LetterHandled)]
    assert outcomes == [Outcome.ANSWERED, Outcome.CRASHED, Outcome.CRASHED]


async def test_a_letter_is_seen_with_its_type_how_long_it_waited_and_how_long_it_took(
    autojump_clock: MockClock, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    async def run(place: Place) -> None:
        async def handle(_: Letter[Any]) -> None:
            await trio.sleep(2)

        await one_at_a_time(place, handle)

    child = echoing("slow", run=run)
    supervisor = await up(child)
    child.address.tell("one")
    child.address.tell(2)
    await trio.sleep(10)
    one, two = (event for event in seen if isinstance(event, LetterHandled))
    assert (one.actor, one.message_type, one.outcome) == ("slow", "str", Outcome.DONE)
    assert one.waited_s == pytest.approx(0)
    assert two.waited_s == pytest.approx(2)
    assert [one.took_s, two.took_s] == pytest.approx([2, 2])
    assert (two.actor, two.message_type, two.outcome) == ("slow", "int", Outcome.DONE)
    await supervisor.stop()


async def test_every_outcome_of_a_batch_is_seen(up: Up, echoing: Make, seen: list[Observed]) -> None:
    other = echoing("other")
    parked: list[Letter[Any]] = []

    async def run(place: Place) -> None:
        async def handle(batch: list[Letter[Any]]) -> None:
            for letter in batch:
                match letter.message:
                    case "answer":
                        letter.answer(1)
                    case "refuse":
                        letter.refuse(ValueError())
                    case "forward":
                        letter.forward(other.address)
                    case "keep":
                        parked.append(letter.keep())
                    case "open":
                        parked.append(letter)

        await in_batches(place, handle, limit=9)

    child = echoing("desk", run=run)
    messages = ["answer", "refuse", "forward", "keep", "open"]
    supervisor = await up(other, child)
    for message in messages:
        child.address.post(Letter(message, lambda value, error: None))
    child.address.tell("told")
    await wait_all_tasks_blocked()
    handled = [event.outcome for event in seen if isinstance(event, LetterHandled) and event.actor == "desk"]
    assert handled == [Outcome.ANSWERED, Outcome.REFUSED, Outcome.FORWARDED, Outcome.KEPT, Outcome.OPEN, Outcome.DONE]
    await supervisor.stop()


async def test_a_letter_that_is_not_let_in_is_seen(up: Up, echoing: Make, seen: list[Observed]) -> None:
    child = echoing(capacity=1)
    supervisor = await up(child)
    child.address.tell("fits")
    with pytest.raises(MailboxFull):
        child.address.tell("too many")
    await supervisor.stop()
    with pytest.raises(ActorGone):
        child.address.tell(b"too late")
    away = [(event.actor, event.message_type, type(event.error)) for event in seen if isinstance(event, LetterTurnedAway)]
    assert away == [("echo", "str", MailboxFull), ("echo", "bytes", ActorGone)]


async def test_a_letter_in_the_hands_of_an_actor_that_was_cut_is_seen_as_cut(
    autojump_clock: MockClock, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    async def run(place: Place) -> None:
        async def handle(_: Letter[Any]) -> None:
            await trio.sleep_forever()

        await one_at_a_time(place, handle)

    child = echoing(run=run)
    supervisor = await up(child)
    child.address.tell("work")
    await wait_all_tasks_blocked()
    await supervisor.stop()
    assert [event.outcome for event in seen if isinstance(event, LetterHandled)] == [Outcome.CUT]
    assert seen[-1] == ActorStopped("echo", cut=True, abandoned=0)


async def test_an_observer_that_raises_hurts_nobody_and_is_complained_about_once(
    nursery: trio.Nursery, echoing: Make, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: Observed) -> None:
        raise ValueError("the observer's own bug")

    child = echoing()
    supervisor = Supervisor("root", [child], RestartBudget(3, 60), fail)
    await nursery.start(supervisor.run)
    assert await child.address.ask("hello", 5) == "hello"
    with pytest.raises(ActorCrashed):
        await child.address.ask(ValueError(), 5)
    assert await child.address.ask("again", 5) == "again"
    await supervisor.stop()
    with pytest.raises(ActorGone):
        child.address.tell("late")
    assert caplog.text.count("an observer failed") == 1


async def test_unobserved_actors_work_the_same(nursery: trio.Nursery, echoing: Make) -> None:
    child = echoing()
    supervisor = Supervisor("root", [child], RestartBudget(3, 60), silent)
    await nursery.start(supervisor.run)
    with pytest.raises(ActorCrashed):
        await child.address.ask(ValueError(), 5)
    assert await child.address.ask("again", 5) == "again"
    await supervisor.stop()


async def test_whoever_wants_to_hear_of_no_letters_hears_of_everything_else_and_they_are_not_timed(
    nursery: trio.Nursery, echoing: Make, seen: list[Observed]
) -> None:
    child = echoing(capacity=1)
    supervisor = Supervisor("root", [child], RestartBudget(1, 60), ButLetters(seen.append))
    await nursery.start(supervisor.run)
    letter = Letter("hello", lambda value, error: None)
    child.address.post(letter)
    with pytest.raises(MailboxFull):
        child.address.tell("too many")
    await wait_all_tasks_blocked()
    child.address.tell(ValueError())
    await wait_all_tasks_blocked()
    await supervisor.stop()
    assert [type(event) for event in seen] == [ActorStarted, LetterTurnedAway, ActorCrashedEvent, ActorRestarted, ActorStopped]
    assert letter.delivered_at is None
