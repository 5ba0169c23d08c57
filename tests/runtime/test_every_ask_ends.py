"""Whatever crashes, leaves, fills up or stops, in whatever order: every ask ends in exactly one answer or one error."""

from __future__ import annotations

import contextlib
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from taskactors.runtime import (
    ActorCrashed,
    ActorGone,
    AskTimedOut,
    Child,
    Letter,
    MailboxFull,
    Place,
    RestartBudget,
    Supervisor,
    TooManyRestarts,
    in_batches,
    one_at_a_time,
    silent,
)

WITHIN_S = 4.0

# What a client asks of the desk: it answers itself, forwards to the store, or falls over; and what the store then does.
asks = st.tuples(
    st.integers(0, 12),  # when, in half seconds
    st.sampled_from(["desk answers", "desk crashes", "store answers", "store answers later", "store crashes", "store is slow", "never"]),
    st.sampled_from([None, 0.0, 0.5, 1.0]),  # when the client leaves, if it does
)


class Team:
    """A desk in front of a store that works in batches, under one supervisor."""

    def __init__(self, restarts: int, capacity: int, crowd: int) -> None:
        self.store = Child("store", self._run_store, capacity=capacity, stop_within_s=2, start_within_s=1)
        self.desk = Child("desk", self._run_desk, capacity=capacity, reserved=capacity - 1, stop_within_s=1, start_within_s=1)
        self.supervisor = Supervisor("root", [self.store, self.desk], RestartBudget(restarts, 60), silent)
        self.crowd = crowd
        self.later: list[Letter[Any]] = []
        self.answers = 0

    async def _run_desk(self, place: Place) -> None:
        await one_at_a_time(place, self._serve)

    async def _run_store(self, place: Place) -> None:
        await in_batches(place, self._commit, limit=self.crowd)

    async def _serve(self, letter: Letter[Any]) -> None:
        match letter.message:
            case "desk answers":
                self._answer(letter)
            case "desk crashes":
                raise ZeroDivisionError
            case _:
                letter.forward(self.store.address)

    async def _commit(self, batch: list[Letter[Any]]) -> None:
        for letter in batch:
            match letter.message:
                case "store crashes":
                    raise ZeroDivisionError
                case "store is slow":
                    await trio.sleep(1)
                    self._answer(letter)
                case "store answers later":
                    self.later.append(letter.keep())
                case "store answers":
                    self._answer(letter)
        for letter in self.later[:-1]:
            self._answer(letter)
        del self.later[:-1]

    def _answer(self, letter: Letter[Any]) -> None:
        self.answers += letter.wanted
        letter.answer(f"answer to {letter.message}")
        letter.answer("a second answer")


class Client:
    """Asks once, and keeps what came of it."""

    def __init__(self, message: str, leaves_after_s: float | None) -> None:
        self.message = message
        self.leaves_after_s = leaves_after_s
        self.ends: list[object] = []

    async def ask(self, team: Team, after_s: float) -> None:
        await trio.sleep(after_s)
        with trio.move_on_after(float("inf") if self.leaves_after_s is None else self.leaves_after_s) as stay:
            try:
                self.ends.append(await team.desk.address.ask(self.message, WITHIN_S, urgent=self.message.startswith("store")))
            except (ActorCrashed, ActorGone, AskTimedOut, MailboxFull) as error:
                self.ends.append(error)
        if stay.cancelled_caught:
            self.ends.append("left")


async def play(team: Team, clients: list[tuple[float, Client]], stop_after_s: float | None, cancel_after_s: float | None) -> None:
    async def run() -> None:
        with trio.move_on_after(float("inf") if cancel_after_s is None else cancel_after_s):
            with contextlib.suppress(TooManyRestarts):
                await team.supervisor.run()

    async def stop() -> None:
        if stop_after_s is not None:
            await trio.sleep(stop_after_s)
            await team.supervisor.stop()

    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            nursery.start_soon(stop)
            async with trio.open_nursery() as asking:
                for after_s, client in clients:
                    asking.start_soon(client.ask, team, after_s)
            await team.supervisor.stop()


@settings(max_examples=150, deadline=None)
@given(
    asked=st.lists(asks, min_size=1, max_size=25),
    restarts=st.integers(0, 6),
    capacity=st.integers(1, 8),
    crowd=st.integers(1, 5),
    stop_after_s=st.sampled_from([None, None, 0.0, 1.0, 2.5]),
    cancel_after_s=st.sampled_from([None, None, 0.0, 1.5]),
)
def test_every_ask_ends_in_exactly_one_answer_or_error(
    asked: list[tuple[int, str, float | None]],
    restarts: int,
    capacity: int,
    crowd: int,
    stop_after_s: float | None,
    cancel_after_s: float | None,
) -> None:
    team = Team(restarts, capacity, crowd)
    clients = [(when / 2, Client(message, leaves)) for when, message, leaves in asked]
    trio.run(play, team, clients, stop_after_s, cancel_after_s, clock=MockClock(autojump_threshold=0))
    for _, client in clients:
        assert len(client.ends) == 1
    answered = [client for _, client in clients if client.ends[0] == f"answer to {client.message}"]
    assert len(answered) == team.answers
    assert "a second answer" not in [end for _, client in clients for end in client.ends]
    assert (team.store.mailbox.depth, team.desk.mailbox.depth) == (0, 0)


def test_what_the_harness_plays_reaches_every_kind_of_end() -> None:
    """The control: a property over plays that never crash, fill or stop anybody would hold of anything."""
    kinds: set[str] = set()
    plays: list[tuple[list[tuple[float, str, float | None]], float | None]] = [
        ([(0, "store answers", None), (0.5, "desk crashes", None), (3, "never", None), (1, "store is slow", 0.5)], None),
        ([(0, "store is slow", None), *[(0.1, "store is slow", None)] * 4], None),
        ([(3, "desk answers", None)], 1.0),
    ]
    for asked, stop_after_s in plays:
        clients = [(when, Client(message, leaves)) for when, message, leaves in asked]
        trio.run(play, Team(3, 2, 1), clients, stop_after_s, None, clock=MockClock(autojump_threshold=0))
        kinds |= {end if isinstance(end, str) else type(end).__name__ for _, client in clients for end in client.ends}
    assert kinds >= {"answer to store answers", "ActorCrashed", "AskTimedOut", "left", "MailboxFull", "ActorGone"}
