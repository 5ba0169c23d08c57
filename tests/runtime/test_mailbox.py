"""A box is bounded, keeps room for what is urgent, and loses nothing that it let in."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from taskactors.runtime import ActorGone, Address, Letter, Mailbox, MailboxFull
from taskactors.runtime.mailbox import FAIR_RUN, RETRY_AFTER_MS


def filled(box: Mailbox, *messages: object) -> Mailbox:
    for message in messages:
        box.deliver(Letter(message))
    return box


async def test_a_full_box_refuses_at_once_and_says_when_to_try_again() -> None:
    box = filled(Mailbox("store", 2), "a", "b")
    with pytest.raises(MailboxFull) as no:
        box.deliver(Letter("c"))
    assert (no.value.actor, no.value.retry_after_ms) == ("store", RETRY_AFTER_MS)
    assert box.depth == 2


async def test_reserved_room_takes_urgent_letters_up_to_the_last_one_and_none_past_it() -> None:
    box = filled(Mailbox("store", 5, reserved=2), "a", "b", "c")
    with pytest.raises(MailboxFull):
        box.deliver(Letter("ordinary"))
    box.deliver(Letter("urgent by delivery"), urgent=True)
    box.deliver(Letter("urgent by itself", urgent=True))
    with pytest.raises(MailboxFull):
        box.deliver(Letter("one past"), urgent=True)
    assert [letter.message for letter in await box.take_batch(9)] == ["a", "b", "c", "urgent by delivery", "urgent by itself"]


async def test_room_that_was_taken_is_free_again() -> None:
    box = filled(Mailbox("store", 1), "a")
    await box.take()
    filled(box, "b")
    assert box.depth == 1


def sized(size: int, urgent: bool = False) -> Letter[object]:
    return Letter("a message", None, urgent, size)


async def test_letters_fill_a_box_by_their_size_too_and_not_one_byte_more_is_let_in() -> None:
    box = Mailbox("store", 9, capacity_bytes=100)
    box.deliver(sized(60))
    box.deliver(sized(40))
    for size in (1, 1_000):
        with pytest.raises(MailboxFull):
            box.deliver(sized(size), urgent=True)
    box.deliver(sized(0))
    assert box.depth == 3


async def test_the_reserved_share_of_its_bytes_takes_urgent_letters_to_the_last_byte_and_none_past_it() -> None:
    box = Mailbox("store", 10, reserved=1, capacity_bytes=100)
    box.deliver(sized(90))
    with pytest.raises(MailboxFull):
        box.deliver(sized(1))
    box.deliver(sized(10, urgent=True))
    with pytest.raises(MailboxFull):
        box.deliver(sized(1, urgent=True))


@pytest.mark.parametrize("in_a_batch", [False, True])
async def test_bytes_that_were_taken_are_free_again(in_a_batch: bool) -> None:
    box = Mailbox("store", 9, capacity_bytes=100)
    for _ in range(5):
        box.deliver(sized(60))
        box.deliver(sized(40))
        if in_a_batch:
            await box.take_batch(9)
        else:
            await box.take()
            await box.take()


async def test_an_empty_box_takes_what_is_larger_than_itself_alone() -> None:
    box = Mailbox("store", 9, capacity_bytes=100)
    box.deliver(sized(1_000))
    with pytest.raises(MailboxFull):
        box.deliver(sized(1))


async def test_a_forwarded_letter_is_as_large_as_it_was() -> None:
    desk, store = Mailbox("desk", 9, capacity_bytes=100), Mailbox("store", 9, capacity_bytes=100)
    for _ in range(2):
        desk.deliver(sized(50))
        letter = await desk.take()
        assert letter is not None
        letter.forward(Address("store", store), "another message")
    with pytest.raises(MailboxFull):
        store.deliver(sized(1))


@pytest.mark.parametrize(("capacity", "reserved"), [(0, 0), (-1, 0), (3, 3), (3, 4), (3, -1)])
def test_a_box_without_room_for_an_ordinary_letter_cannot_be_made(capacity: int, reserved: int) -> None:
    with pytest.raises(ValueError, match="store"):
        Mailbox("store", capacity, reserved)


async def test_a_closed_box_lets_nothing_in_and_gives_out_what_it_has_before_it_ends() -> None:
    box = filled(Mailbox("store", 4), "a", "b")
    box.close()
    with pytest.raises(ActorGone):
        box.deliver(Letter("c"), urgent=True)
    taken = [await box.take(), await box.take()]
    assert [letter and letter.message for letter in taken] == ["a", "b"]
    assert await box.take() is None
    assert await box.take_batch(3) == []


async def test_closing_wakes_the_reader_that_waits(nursery: trio.Nursery) -> None:
    box = Mailbox("store", 4)
    ends: list[object] = []

    async def read() -> None:
        ends.append(await box.take())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    box.close()
    await wait_all_tasks_blocked()
    assert ends == [None]


async def test_an_abandoned_box_refuses_every_letter_in_it_and_every_later_one() -> None:
    box = Mailbox("store", 4)
    heard: list[BaseException | None] = []
    for _ in range(3):
        box.deliver(Letter("ask", lambda _, error: heard.append(error)))
    box.abandon()
    assert [type(error) for error in heard] == [ActorGone] * 3
    assert len(set(map(id, heard))) == 3
    with pytest.raises(ActorGone):
        box.deliver(Letter("late"))
    assert await box.take() is None


async def test_a_batch_is_what_waits_in_order_and_never_more_than_its_limit() -> None:
    box = filled(Mailbox("store", 9), *range(5))
    assert [letter.message for letter in await box.take_batch(3)] == [0, 1, 2]
    assert [letter.message for letter in await box.take_batch(3)] == [3, 4]


async def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="batch"):
        await Mailbox("store", 9).take_batch(0)


async def test_a_batch_waits_only_for_its_first_letter(nursery: trio.Nursery) -> None:
    box = Mailbox("store", 9)
    batches: list[int] = []

    async def read() -> None:
        while batch := await box.take_batch(9):
            batches.append(len(batch))

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    filled(box, "a")
    await wait_all_tasks_blocked()
    filled(box, "b", "c")
    await wait_all_tasks_blocked()
    assert batches == [1, 2]


async def test_a_reader_cancelled_while_it_waits_leaves_the_box_to_the_next() -> None:
    box = Mailbox("store", 4)
    async with trio.open_nursery() as readers:
        readers.start_soon(box.take)
        await wait_all_tasks_blocked()
        readers.cancel_scope.cancel()
    filled(box, "a")
    letter = await box.take()
    assert letter is not None
    assert letter.message == "a"


async def test_a_cancelled_reader_takes_nothing() -> None:
    box = filled(Mailbox("store", 4), "a", "b")
    with trio.CancelScope() as scope:
        scope.cancel()
        await box.take()
    with trio.CancelScope() as scope:
        scope.cancel()
        await box.take_batch(2)
    assert box.depth == 2


async def test_a_letter_that_arrives_as_its_reader_is_cancelled_is_not_lost() -> None:
    box = Mailbox("store", 4)
    taken: list[Letter[object]] = []
    async with trio.open_nursery() as readers:

        async def read() -> None:
            if (letter := await box.take()) is not None:
                taken.append(letter)

        readers.start_soon(read)
        await wait_all_tasks_blocked()
        filled(box, "a")
        readers.cancel_scope.cancel()
    assert len(taken) + box.depth == 1


async def test_a_second_reader_is_refused_and_the_first_still_served(nursery: trio.Nursery) -> None:
    box = Mailbox("store", 4)
    taken: list[object] = []

    async def read() -> None:
        taken.append(await box.take())

    nursery.start_soon(read)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.BusyResourceError):
        await box.take()
    filled(box, "a")
    await wait_all_tasks_blocked()
    assert len(taken) == 1


async def test_a_paused_box_ends_its_reader_and_keeps_its_letters_for_the_next() -> None:
    box = filled(Mailbox("store", 4), "a")
    box.pause()
    filled(box, "b")
    assert await box.take() is None
    assert await box.take_batch(4) == []
    box.resume()
    assert [letter.message for letter in await box.take_batch(4)] == ["a", "b"]


@pytest.mark.parametrize("batch", [1, 7])
async def test_a_reader_that_never_waits_still_lets_others_run(nursery: trio.Nursery, batch: int) -> None:
    box = filled(Mailbox("store", FAIR_RUN * 8), *range(FAIR_RUN * 8))
    depths: list[int] = []

    async def other() -> None:
        while box.depth:
            depths.append(box.depth)
            await trio.lowlevel.checkpoint()

    nursery.start_soon(other)
    while box.depth:
        await box.take_batch(batch)
    assert len(depths) >= 4
