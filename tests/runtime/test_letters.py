"""An answer is used once, survives forwarding, and never hurts the one who gives it."""

from __future__ import annotations

import pytest

from taskactors.runtime import ActorGone, Address, Letter, Mailbox, MailboxFull, Outcome


class Asker:
    """Hears answers and refusals."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def __call__(self, value: object, error: BaseException | None) -> None:
        self.heard.append(value if error is None else error)


def a_place(capacity: int = 4, reserved: int = 0) -> tuple[Mailbox, Address]:
    box = Mailbox("store", capacity, reserved)
    return box, Address("store", box)


def test_the_first_answer_wins_and_every_later_one_is_nothing_to_do() -> None:
    asker = Asker()
    letter = Letter("ask", asker)
    letter.answer(1)
    letter.answer(2)
    letter.refuse(ValueError("too late"))
    assert asker.heard == [1]
    assert not letter.wanted


def test_a_refusal_wins_over_a_later_answer() -> None:
    asker, no = Asker(), ValueError("no")
    letter = Letter("ask", asker)
    letter.refuse(no)
    letter.answer(2)
    assert asker.heard == [no]


def test_an_answer_of_none_is_an_answer() -> None:
    asker = Asker()
    letter = Letter("ask", asker)
    letter.answer(None)
    assert asker.heard == [None]
    assert not letter.wanted


def test_a_told_letter_is_wanted_by_nobody_and_may_be_answered_all_the_same() -> None:
    letter = Letter("news")
    assert (letter.asked, letter.wanted, letter.outcome) == (False, False, Outcome.DONE)
    letter.answer(1)
    letter.refuse(ValueError("no"))


def test_whoever_keeps_a_letter_hears_that_its_asker_left_once_and_only_before_the_answer() -> None:
    left: list[str] = []
    kept, answered = Letter("ask", Asker()), Letter("ask", Asker())
    kept.when_left(lambda: left.append("kept"))
    answered.when_left(lambda: left.append("answered"))
    answered.answer(1)
    for letter in (kept, kept, answered):
        letter.withdraw()
    assert left == ["kept"]


def test_an_answer_to_someone_who_left_is_nothing_to_do() -> None:
    asker = Asker()
    letter = Letter("ask", asker)
    letter.withdraw()
    assert letter.asked
    assert not letter.wanted
    letter.answer(1)
    assert asker.heard == []


def test_an_asker_that_fails_on_its_answer_does_not_hurt_the_answerer(caplog: pytest.LogCaptureFixture) -> None:
    def fail(value: object, error: BaseException | None) -> None:
        raise ValueError("the asker's own bug")

    letter = Letter("ask", fail)
    letter.answer(1)
    assert letter.outcome is Outcome.ANSWERED
    assert "the asker's own bug" in caplog.text


async def test_a_letter_forwarded_through_two_actors_is_answered_by_the_last() -> None:
    (first_box, first), (last_box, last) = a_place(), a_place()
    asker = Asker()
    letter = Letter("ask", asker)
    letter.forward(first)
    second = await first_box.take()
    assert second is not None
    assert (second.message, second.asked, second.wanted) == ("ask", True, True)
    second.forward(last, "asked otherwise")
    third = await last_box.take()
    assert third is not None
    assert third.message == "asked otherwise"
    third.answer(3)
    assert asker.heard == [3]
    assert [letter.outcome, second.outcome, third.outcome] == [Outcome.FORWARDED, Outcome.FORWARDED, Outcome.ANSWERED]
    assert not letter.wanted


async def test_none_may_be_forwarded_as_the_new_message() -> None:
    box, address = a_place()
    Letter("ask").forward(address, None)
    letter = await box.take()
    assert letter is not None
    assert letter.message is None


async def test_who_left_is_gone_for_everyone_the_letter_was_forwarded_to() -> None:
    box, address = a_place()
    letter = Letter("ask", Asker())
    letter.forward(address)
    letter.withdraw()
    onward = await box.take()
    assert onward is not None
    assert not onward.wanted


def test_an_urgent_letter_stays_urgent_when_it_is_forwarded() -> None:
    box, address = a_place(capacity=2, reserved=1)
    address.tell("ordinary")
    asker = Asker()
    letter = Letter("renew", asker)
    Mailbox("desk", 1).deliver(letter, urgent=True)
    letter.forward(address)
    assert box.depth == 2
    assert asker.heard == []


def test_forwarding_to_a_full_box_is_heard_by_the_asker_and_not_by_the_forwarder() -> None:
    _, address = a_place(capacity=1)
    address.tell("first")
    asker = Asker()
    letter = Letter("ask", asker)
    letter.forward(address)
    assert [type(error) for error in asker.heard] == [MailboxFull]
    assert letter.outcome is Outcome.REFUSED


def test_forwarding_to_a_place_that_is_gone_is_heard_by_the_asker() -> None:
    box, address = a_place()
    box.close()
    asker = Asker()
    letter = Letter("ask", asker)
    letter.forward(address)
    assert [type(error) for error in asker.heard] == [ActorGone]


def test_a_told_letter_that_could_not_be_forwarded_counts_as_refused() -> None:
    box, address = a_place()
    box.close()
    letter = Letter("news")
    letter.forward(address)
    assert letter.outcome is Outcome.REFUSED


async def test_a_kept_letter_is_open_again_once_it_is_posted() -> None:
    box, address = a_place()
    asker = Asker()
    kept = Letter("ask", asker).keep()
    assert kept.settled
    address.post(kept)
    again = await box.take()
    assert again is not None
    assert not again.settled
    again.answer("at last")
    assert asker.heard == ["at last"]
