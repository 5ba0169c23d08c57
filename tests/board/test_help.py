"""Help and acknowledgement: what needs an answer is asked of more people until somebody answers."""

import pytest

from taskactors.domain.errors import InvalidArguments, NotAllowed, NotHolder

from .board import Board, Seat


def contents(seat: Seat) -> list[str]:
    return [each["content"] for each in seat.read_inbox()["items"]]


@pytest.fixture
def boss(board: Board) -> Seat:
    seat = board.as_agent("boss")
    seat.register_agent(agent_name="boss", agent_type="architect", role="architect", capabilities=[])
    return seat


def test_help_is_asked_of_the_architects_first_then_of_all_then_of_the_person(
    board: Board, ada: Seat, bob: Seat, boss: Seat, person: Seat
) -> None:
    ada.held("T-1", lease_s=86_400)
    contents(bob)
    ada.request_help(code="T-1", question="which port?")
    assert contents(boss) == ["which port?"]
    assert contents(bob) == []
    board.later(900).sweep_all()
    assert len(contents(bob)) == 1
    assert ["which port?" in each for each in contents(person)] == [True]
    board.later(1800).sweep_all()
    assert len(contents(person)) == 2
    board.later(100_000).sweep_all()
    assert len(contents(person)) == 2, "then it has an end"


@pytest.mark.parametrize("to_the_wider_question", [False, True])
def test_an_answer_ends_the_asking(board: Board, ada: Seat, bob: Seat, person: Seat, to_the_wider_question: bool) -> None:
    ada.held("T-1", lease_s=86_400)
    contents(bob)
    number = ada.request_help(code="T-1", question="which port?", urgency="urgent")["id"]
    if to_the_wider_question:
        board.later(60).sweep_all()
        number = bob.read_inbox()["items"][-1]["id"]
    before = len(contents(person))
    bob.send_message(to="ada", content="8000", reply_to=number)
    board.later(10_000).sweep_all()
    assert len(contents(person)) == before


def test_a_question_without_which_one_cannot_go_on_blocks_the_task(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    assert ada.request_help(code="T-1", question="which port?", blocking=True)["task"]["state"] == "Blocked"
    assert board.task("T-1").blocked_reason == "which port?"
    ada.task("T-2")
    with pytest.raises(NotHolder):
        bob.held("T-3")
        ada.request_help(code="T-3", question="?", blocking=True)


def test_what_nobody_acknowledged_in_time_comes_back_to_its_author(board: Board, ada: Seat, bob: Seat) -> None:
    ada.send_message(to="bob", content="stop the deploy", ack_by_s=60)
    board.later(60).sweep_all()
    (told,) = contents(ada)
    assert "nobody acknowledged your message 1 to bob" in told
    board.later(100_000).sweep_all()
    assert len(contents(ada)) == 1


def test_an_acknowledged_message_stays_quiet(board: Board, ada: Seat, bob: Seat) -> None:
    ada.send_message(to="bob", content="stop the deploy", ack_by_s=60)
    (message,) = bob.read_inbox()["items"]
    assert message["ack_by"]
    (message,) = bob.read_inbox(ack=[message["id"]])["items"]
    assert message["acked_by"] == "bob"
    board.later(100).sweep_all()
    assert contents(ada) == []


def test_nobody_acknowledges_what_is_not_theirs_to_read(ada: Seat, bob: Seat, board: Board) -> None:
    ada.send_message(to="bob", content="secret", ack_by_s=60)
    with pytest.raises(NotAllowed):
        board.as_agent("cleo").read_inbox(ack=[1])
    with pytest.raises(NotAllowed):
        ada.read_inbox(ack=[1])


def test_what_was_said_to_one_alone_is_not_repeated_to_all_when_nobody_answers(board: Board, ada: Seat) -> None:
    ada.send_message(to="bob", content="the password is in the safe", message_type="help", ack_by_s=60)
    cleo = board.as_agent("cleo")
    cleo.register_agent(agent_name="cleo", agent_type="qa", capabilities=[])
    board.later(61).sweep_all()
    assert contents(cleo) == []
    assert "nobody acknowledged" in contents(ada)[0]


def test_help_is_not_asked_of_whom_there_cannot_be(ada: Seat) -> None:
    ada.held("T-1")
    for nobody in ("role:nobody", "No Such Agent"):
        with pytest.raises(InvalidArguments):
            ada.request_help(code="T-1", question="how?", to=nobody)
