"""The inbox: agent, role and everybody in one order; nothing lost, nothing shown again once it was confirmed."""

import pytest

from taskactors.domain.errors import InvalidArguments
from taskactors.storage.engine import Done

from .board import Answer, Board, Seat


def texts(answer: Answer) -> list[str]:
    return [each["content"] for each in answer["items"]]


def read(seat: Seat, limit: int = 20) -> list[str]:
    """Everything unread, confirmed page by page."""
    answer = seat.read_inbox(limit=limit)
    seen = texts(answer)
    while answer["items"]:
        answer = seat.read_inbox(cursor=answer["next_cursor"], limit=limit)
        seen += texts(answer)
    return seen


@pytest.fixture
def qa(board: Board) -> Seat:
    seat = board.as_agent("quinn")
    seat.register_agent(agent_name="quinn", agent_type="qa", capabilities=[], role="qa")
    return seat


def test_an_inbox_holds_what_was_sent_to_the_agent_its_role_and_everybody_oldest_first(ada: Seat, qa: Seat) -> None:
    ada.send_message(to="role:qa", content="to the role")
    ada.send_message(to="quinn", content="to you")
    ada.send_message(to="all", content="to all")
    ada.send_message(to="role:docs", content="to others")
    ada.send_message(to="bob", content="to another")
    assert texts(qa.read_inbox()) == ["to the role", "to you", "to all"]


def test_a_message_comes_again_until_its_cursor_is_passed_back_and_then_never(board: Board, ada: Seat, qa: Seat) -> None:
    ada.send_message(to="quinn", content="one")
    first = qa.read_inbox()
    assert texts(qa.read_inbox()) == ["one"]
    ada.send_message(to="quinn", content="two")
    assert texts(qa.read_inbox(cursor=first["next_cursor"])) == ["two"]
    assert texts(qa.read_inbox()) == ["two"]
    # An old cursor passed back again brings back nothing that was confirmed.
    last = qa.read_inbox()["next_cursor"]
    assert texts(qa.read_inbox(cursor=last)) == []
    assert texts(qa.read_inbox(cursor=first["next_cursor"])) == []
    board.restart()
    assert texts(qa.read_inbox()) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_read_page_by_page_nothing_is_missed_and_nothing_comes_twice(ada: Seat, qa: Seat, limit: int) -> None:
    sent = []
    for number in range(12):
        to = ("quinn", "role:qa", "all", "bob")[number % 4]
        ada.send_message(to=to, content=f"{number} to {to}")
        sent += [f"{number} to {to}"] if to != "bob" else []
    assert read(qa, limit) == sent


def test_a_message_that_comes_between_two_pages_is_read_in_its_turn(ada: Seat, qa: Seat) -> None:
    for number in range(4):
        ada.send_message(to="quinn", content=str(number))
    page = qa.read_inbox(limit=3)
    ada.send_message(to="all", content="late")
    assert texts(qa.read_inbox(cursor=page["next_cursor"], limit=3)) == ["3", "late"]


def test_an_empty_inbox_gives_a_cursor_that_loses_nothing(ada: Seat, qa: Seat) -> None:
    empty = qa.read_inbox()
    assert empty["items"] == []
    ada.send_message(to="quinn", content="first")
    assert texts(qa.read_inbox(cursor=empty["next_cursor"])) == ["first"]


def test_what_somebody_wrote_to_many_is_not_in_their_own_inbox_but_a_note_to_themselves_is(ada: Seat, qa: Seat) -> None:
    qa.send_message(to="role:qa", content="mine to the role")
    qa.send_message(to="all", content="mine to all")
    qa.send_message(to="quinn", content="note to self")
    assert texts(qa.read_inbox()) == ["note to self"]


def test_messages_wait_for_an_agent_that_is_away_for_a_year(board: Board, ada: Seat, qa: Seat) -> None:
    ada.send_message(to="quinn", content="when you are back")
    board.later(365 * 24 * 3600).sweep_all()
    board.restart()
    assert read(qa) == ["when you are back"]


def test_a_newcomer_gets_what_is_sent_to_all_from_now_on(board: Board, ada: Seat) -> None:
    ada.send_message(to="all", content="before")
    zoe = board.as_agent("zoe")
    zoe.register_agent(agent_name="zoe", agent_type="dev", capabilities=[])
    ada.send_message(to="all", content="after")
    assert read(zoe) == ["after"]


def test_a_message_to_a_role_that_nobody_has_waits_for_whoever_comes_next(board: Board, ada: Seat) -> None:
    ada.send_message(to="role:qa", content="for whoever comes")
    quinn = board.as_agent("quinn")
    quinn.register_agent(agent_name="quinn", agent_type="qa", capabilities=[])
    assert read(quinn) == ["for whoever comes"]
    # It has been taken care of: the next of that role starts with what comes from now on.
    quincy = board.as_agent("quincy")
    quincy.register_agent(agent_name="quincy", agent_type="qa", capabilities=[])
    assert read(quincy) == []


def test_everybody_of_a_role_gets_what_is_sent_to_it(board: Board, ada: Seat, qa: Seat) -> None:
    quincy = board.as_agent("quincy")
    quincy.register_agent(agent_name="quincy", agent_type="qa", capabilities=[])
    ada.send_message(to="role:qa", content="both of you")
    assert (read(qa), read(quincy)) == (["both of you"], ["both of you"])


def test_an_agent_that_changes_its_role_loses_nothing_that_waits_for_the_new_one(board: Board, ada: Seat, bob: Seat) -> None:
    bob.register_agent(agent_name="bob", agent_type="backend", capabilities=[])
    ada.send_message(to="role:docs", content="waits for docs")
    ada.send_message(to="bob", content="for bob")
    assert read(bob) == ["for bob"]
    bob.register_agent(agent_name="bob", agent_type="docs", capabilities=[])
    assert read(bob) == ["waits for docs"]


def test_a_cursor_from_a_former_role_confirms_nothing_of_the_new_one(ada: Seat, bob: Seat) -> None:
    bob.register_agent(agent_name="bob", agent_type="backend", capabilities=[])
    ada.send_message(to="role:docs", content="waits for docs")
    ada.send_message(to="bob", content="for bob")
    cursor = bob.read_inbox()["next_cursor"]
    bob.register_agent(agent_name="bob", agent_type="docs", capabilities=[])
    assert texts(bob.read_inbox(cursor=cursor)) == ["waits for docs"]


def test_everything_kept_can_be_read_again_without_confirming_anything(ada: Seat, qa: Seat) -> None:
    for number in range(3):
        ada.send_message(to="quinn", content=str(number))
    read(qa)
    ada.send_message(to="quinn", content="3")
    page = qa.read_inbox(unread_only=False, limit=2)
    assert texts(page) == ["0", "1"]
    assert texts(qa.read_inbox(unread_only=False, cursor=page["next_cursor"])) == ["2", "3"]
    assert texts(qa.read_inbox()) == ["3"]


def test_one_inbox_is_not_moved_by_another(ada: Seat, bob: Seat, qa: Seat) -> None:
    bob.register_agent(agent_name="bob", agent_type="dev", capabilities=[])
    ada.send_message(to="all", content="for both")
    assert read(qa) == ["for both"]
    assert read(bob) == ["for both"]


@pytest.mark.parametrize("cursor", ["i99", "i99@qa", "t1", "i", "@", "i-1@qa"])
def test_a_cursor_that_this_inbox_never_gave_confirms_nothing(ada: Seat, qa: Seat, cursor: str) -> None:
    for number in range(3):
        ada.send_message(to="quinn", content=str(number))
    with pytest.raises(InvalidArguments) as no:
        qa.read_inbox(cursor=cursor)
    assert no.value.problems[0].startswith("cursor: ")
    assert texts(qa.read_inbox()) == ["0", "1", "2"]


def test_a_person_has_an_inbox_too(ada: Seat, person: Seat) -> None:
    ada.send_message(to="local", content="please decide")
    ada.send_message(to="all", content="to all")
    assert read(person) == ["please decide", "to all"]
    assert read(person) == []


def test_a_comment_on_a_task_reaches_the_inbox_of_its_target_alone(ada: Seat, bob: Seat, qa: Seat) -> None:
    ada.task("T-1")
    ada.create_task_message(task_code="T-1", content="for the record", message_type="comment")
    ada.create_task_message(task_code="T-1", content="look here", message_type="question", target_agent_name="quinn")
    answer = qa.read_inbox()
    assert texts(answer) == ["look here"]
    assert answer["items"][0]["task_code"] == "T-1"
    assert texts(bob.read_inbox()) == []


def test_reading_is_not_an_event(board: Board, ada: Seat, qa: Seat) -> None:
    ada.send_message(to="quinn", content="one")
    log = board.events()
    assert read(qa) == ["one"]
    assert board.events() == log


def test_two_reads_of_one_batch_show_the_same_and_confirm_once(board: Board, ada: Seat, qa: Seat) -> None:
    ada.send_message(to="quinn", content="one")
    cursor = qa.read_inbox()["next_cursor"]
    ada.send_message(to="quinn", content="two")
    for outcome in board.write(qa.command("read_inbox", cursor=cursor), qa.command("read_inbox", cursor=cursor)):
        assert isinstance(outcome, Done)
        assert texts(outcome.value) == ["two"]
