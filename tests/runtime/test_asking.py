"""Every ask ends in one answer or one error, whatever happens to either side in the meantime."""

from __future__ import annotations

import contextlib
import gc
import math
import weakref
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.runtime import ActorGone, Address, AskTimedOut, Letter, Mailbox, MailboxFull, RuntimeFault


@pytest.fixture
def box() -> Mailbox:
    return Mailbox("store", 4)


@pytest.fixture
def store(box: Mailbox) -> Address:
    return Address("store", box)


async def next_letter(box: Mailbox) -> Letter[Any]:
    letter = await box.take()
    assert letter is not None
    return letter


async def asked(nursery: trio.Nursery, store: Address, within_s: float = 5) -> list[object]:
    """Asks in the background; the list gets what came of it."""
    ends: list[object] = []

    async def ask() -> None:
        try:
            ends.append(await store.ask("ask", within_s))
        except (RuntimeFault, ValueError) as error:
            ends.append(error)

    nursery.start_soon(ask)
    await wait_all_tasks_blocked()
    return ends


async def test_an_ask_returns_the_answer(nursery: trio.Nursery, box: Mailbox, store: Address) -> None:
    ends = await asked(nursery, store)
    letter = await next_letter(box)
    assert (letter.message, letter.asked, letter.wanted) == ("ask", True, True)
    letter.answer(42)
    await wait_all_tasks_blocked()
    assert ends == [42]


async def test_an_ask_raises_the_very_error_it_was_refused_with(nursery: trio.Nursery, box: Mailbox, store: Address) -> None:
    no = ValueError("no")
    ends = await asked(nursery, store)
    (await next_letter(box)).refuse(no)
    await wait_all_tasks_blocked()
    assert ends == [no]


async def test_an_unanswered_ask_times_out_and_names_the_actor(autojump_clock: MockClock, box: Mailbox, store: Address) -> None:
    began = trio.current_time()
    with pytest.raises(AskTimedOut) as late:
        await store.ask("ask", within_s=3)
    assert (late.value.actor, late.value.within_s) == ("store", 3)
    assert trio.current_time() - began == pytest.approx(3)
    letter = await next_letter(box)
    assert not letter.wanted
    letter.answer("too late")


async def test_a_cancelled_ask_leaves_its_letter_unwanted(box: Mailbox, store: Address) -> None:
    async with trio.open_nursery() as askers:
        askers.start_soon(store.ask, "ask", 5)
        await wait_all_tasks_blocked()
        letter = await next_letter(box)
        assert letter.wanted
        askers.cancel_scope.cancel()
    assert not letter.wanted
    letter.answer("nobody hears")


async def test_who_is_cancelled_already_sends_nothing(box: Mailbox, store: Address) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await store.ask("ask", 5)
    assert scope.cancelled_caught
    assert box.depth == 0


async def test_who_has_no_time_sends_nothing(box: Mailbox, store: Address) -> None:
    with pytest.raises(AskTimedOut):
        await store.ask("ask", 0)
    assert box.depth == 0


@pytest.mark.parametrize("within_s", [-1.0, math.nan])
async def test_an_impossible_deadline_is_a_mistake_and_sends_nothing(box: Mailbox, store: Address, within_s: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        await store.ask("ask", within_s)
    assert box.depth == 0


async def test_full_and_gone_are_heard_at_once(box: Mailbox, store: Address) -> None:
    for _ in range(4):
        store.tell("fill")
    with pytest.raises(MailboxFull):
        await store.ask("ask", 5)
    box.close()
    with pytest.raises(ActorGone):
        await store.ask("ask", 5)


async def test_an_answer_given_before_the_deadline_is_noticed_wins(
    autojump_clock: MockClock, nursery: trio.Nursery, box: Mailbox, store: Address
) -> None:
    ends = await asked(nursery, store, within_s=3)
    letter = await next_letter(box)
    autojump_clock.jump(10)
    letter.answer("in the same tick")
    assert not letter.wanted
    await wait_all_tasks_blocked()
    assert ends == ["in the same tick"]


@pytest.mark.parametrize("earlier_s", [-0.5, 0.0, 0.5])
async def test_an_answer_around_the_deadline_and_the_letter_agree_on_who_won(
    autojump_clock: MockClock, nursery: trio.Nursery, box: Mailbox, store: Address, earlier_s: float
) -> None:
    ends = await asked(nursery, store, within_s=3)
    letter = await next_letter(box)
    await trio.sleep(3 - earlier_s)
    was_wanted = letter.wanted
    letter.answer("answer")
    await wait_all_tasks_blocked()
    assert len(ends) == 1
    assert (ends[0] == "answer") is was_wanted
    assert isinstance(ends[0], AskTimedOut) is not was_wanted
    if earlier_s:
        assert was_wanted is (earlier_s > 0)


async def test_an_answer_already_given_reaches_an_asker_that_is_cancelled_right_after(box: Mailbox, store: Address) -> None:
    got: list[object] = []
    async with trio.open_nursery() as askers:

        async def ask() -> None:
            got.append(await store.ask("ask", 5))

        askers.start_soon(ask)
        await wait_all_tasks_blocked()
        (await next_letter(box)).answer("claimed")
        askers.cancel_scope.cancel()
    assert got == ["claimed"]


async def test_an_answer_may_come_from_a_callback_that_a_thread_scheduled(nursery: trio.Nursery, box: Mailbox, store: Address) -> None:
    ends = await asked(nursery, store)
    letter = await next_letter(box)
    token = trio.lowlevel.current_trio_token()
    await trio.to_thread.run_sync(token.run_sync_soon, letter.answer, "from the writer")
    await wait_all_tasks_blocked(0.01)
    assert ends == ["from the writer"]


async def test_an_answer_given_while_the_letter_is_let_in_is_not_waited_for() -> None:
    class Prompt(Mailbox):
        def deliver(self, letter: Letter[Any], urgent: bool = False) -> None:
            letter.answer("at once")

    assert await Address("prompt", Prompt("prompt", 1)).ask("ask", 5) == "at once"


async def test_a_refusal_is_freed_without_a_garbage_collection(nursery: trio.Nursery, box: Mailbox, store: Address) -> None:
    class No(Exception):
        pass

    async def ask() -> None:
        with contextlib.suppress(No):
            await store.ask("ask", 5)

    gc.disable()
    try:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        no = No()
        watch = weakref.ref(no)
        (await next_letter(box)).refuse(no)
        del no
        await wait_all_tasks_blocked()
        assert watch() is None
    finally:
        gc.enable()


async def test_a_hundred_askers_each_get_their_own_answer(nursery: trio.Nursery) -> None:
    box = Mailbox("store", 100)
    store = Address("store", box)
    got: dict[int, object] = {}

    async def ask(n: int) -> None:
        got[n] = await store.ask(n, 5)

    for n in range(100):
        nursery.start_soon(ask, n)
    await wait_all_tasks_blocked()
    for letter in reversed(await box.take_batch(100)):
        letter.answer(letter.message * 2)
    await wait_all_tasks_blocked()
    assert got == {n: n * 2 for n in range(100)}
