"""How an actor lives in its place: one letter at a time, or a batch at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import trio

from taskactors.runtime.address import Address
from taskactors.runtime.errors import ActorCrashed, ActorGone, NoLettersHere, cause_of
from taskactors.runtime.mailbox import Letter, Mailbox
from taskactors.runtime.observe import LetterHandled, Observer, Outcome, hears_letters, silent


def _nobody_waits() -> None:
    pass


class Place:
    """What a running actor is given. Name, box and address are the same for every instance that serves there."""

    __slots__ = ("_on_ready", "address", "mailbox", "name", "observe", "times_letters")

    def __init__(
        self, address: Address, mailbox: Mailbox, observe: Observer = silent, on_ready: Callable[[], None] = _nobody_waits
    ) -> None:
        self.name = address.name
        self.address = address
        self.mailbox = mailbox
        self.observe = observe
        self.times_letters = hears_letters(observe)
        self._on_ready = on_ready

    def ready(self) -> None:
        """Say that set-up is done; the next child starts only then. The loops below say it, so twice is harmless."""
        self._on_ready()

    async def until_stopped(self) -> None:
        """For a child that serves no letters (a listener): wait until it shall stop, refusing letters with NoLettersHere."""
        while (letter := await self.mailbox.take()) is not None:
            letter.refuse(NoLettersHere(self.name))


async def one_at_a_time(place: Place, handle: Callable[[Letter[Any]], Awaitable[None]]) -> None:
    """Say ready, then handle letters in order until the box is closed and empty.

    If `handle` raises, the letter in hand hears ActorCrashed (ActorGone if it was cancelled) unless it is settled, and the
    exception goes to the supervisor; queued letters wait for the next instance. Unwanted letters are handled too: `wanted` says.
    """
    place.ready()
    while (letter := await place.mailbox.take()) is not None:
        began = trio.current_time()
        try:
            await handle(letter)
        except BaseException as error:
            _let_go(place, [letter], began, error)
            raise
        _report(place, [letter], began)


async def in_batches(place: Place, handle: Callable[[list[Letter[Any]]], Awaitable[None]], limit: int) -> None:
    """Like `one_at_a_time`, with all letters that wait, up to `limit`, in hand at once."""
    place.ready()
    while batch := await place.mailbox.take_batch(limit):
        began = trio.current_time()
        try:
            # A copy: what we owe an answer for does not depend on what the handler does to its list.
            await handle(batch[:])
        except BaseException as error:
            _let_go(place, batch, began, error)
            raise
        _report(place, batch, began)


def _let_go(place: Place, letters: Sequence[Letter[Any]], began: float, error: BaseException) -> None:
    crash = cause_of(error)
    unsettled = [letter for letter in letters if not letter.settled]
    _report(place, [letter for letter in letters if letter.settled], began)
    _report(place, unsettled, began, Outcome.CUT if crash is None else Outcome.CRASHED)
    for letter in unsettled:
        refusal = ActorGone(place.name) if crash is None else ActorCrashed(place.name)
        refusal.__cause__ = crash
        letter.refuse(refusal)


def _report(place: Place, letters: Sequence[Letter[Any]], began: float, outcome: Outcome | None = None) -> None:
    if not place.times_letters:
        return
    took_s = trio.current_time() - began
    for letter in letters:
        waited_s = None if letter.delivered_at is None else began - letter.delivered_at
        place.observe(LetterHandled(place.name, type(letter.message).__name__, waited_s, took_s, outcome or letter.outcome))
