"""What happened: every event once, in order, from wherever one left off; or what it comes to."""

import pytest

from taskactors.board.changes import EXAMINED_LIMIT
from taskactors.domain.errors import InvalidArguments

from .board import Board, Seat


def test_the_log_is_told_once_and_in_order_a_page_at_a_time(board: Board, ada: Seat) -> None:
    for number in range(7):
        ada.held(f"T-{number}")
    seen: list[int] = []
    cursor = None
    while page := ada.call("get_changes", limit=4, **({"cursor": cursor} if cursor else {})):
        if not page["items"]:
            break
        seen += [each["seq"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == list(range(1, len(board.events()) + 1))


def test_only_what_was_asked_for_is_told_and_the_cursor_passes_the_rest(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.held("T-2")
    bob.create_task_message(task_code="T-1", message_type="comment", content="hello")
    page = ada.get_changes(code="T-1")
    assert [each["kind"] for each in page["items"]] == ["task_created", "task_claimed", "message_sent"]
    assert [each["kind"] for each in ada.get_changes(kinds=["task_claimed"])["items"]] == ["task_claimed"] * 2
    assert ada.get_changes(cursor=page["next_cursor"])["items"] == []


def test_what_happened_to_a_task_begins_where_it_was_made(board: Board, ada: Seat) -> None:
    for number in range(EXAMINED_LIMIT + 10):
        ada.task(f"OLD-{number}")
    board.later(1)
    ada.held("NEW-1")
    page = ada.get_changes(code="NEW-1")
    assert [each["kind"] for each in page["items"]] == ["task_created", "task_claimed"]
    assert "stopped_after" not in page
    assert ada.get_changes(code="NEW-1", digest=True)["events"] == 2
    # The oldest is found where it is, too, and so is one made in the same moment as many others.
    assert [each["kind"] for each in ada.get_changes(code="OLD-0")["items"]] == ["task_created"]
    assert [each["kind"] for each in ada.get_changes(code=f"OLD-{EXAMINED_LIMIT // 2}")["items"]] == ["task_created"]


def test_now_begins_with_what_is_to_come(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    cursor = ada.get_changes(cursor="now")["next_cursor"]
    ada.release_task(code="T-1")
    assert [each["kind"] for each in ada.get_changes(cursor=cursor)["items"]] == ["task_released"]


def test_who_wrote_to_whom_is_told_to_those_two_and_to_people(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.send_message(to="bob", content="psst")
    for seat in (ada, bob, person):
        (event,) = seat.get_changes(kinds=["message_sent"])["items"]
        assert (event["data"]["from"], event["data"]["to"]) == ("ada", "bob")
    (event,) = board.as_agent("cleo").get_changes(kinds=["message_sent"])["items"]
    assert event["data"] == {"direct": True}
    assert "ada" not in str(event)


def test_a_digest_says_task_by_task_where_it_stands_and_what_happened(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.release_task(code="T-1")
    bob.held("T-2")
    digest = ada.get_changes(digest=True)
    assert [(each["code"], each["state"]) for each in digest["items"][:2]] == [("T-2", "InProgress"), ("T-1", "Created")]
    assert digest["items"][0]["holder"] == "bob"
    assert digest["items"][1]["happened"] == {"task_created": 1, "task_claimed": 1, "task_released": 1}
    assert ada.get_changes(digest=True, cursor=digest["next_cursor"])["items"] == []


def test_a_digest_stays_within_its_budget_and_says_how_much_it_left_out(board: Board, ada: Seat) -> None:
    for number in range(50):
        ada.task(f"T-{number}")
    digest = ada.get_changes(digest=True, max_tokens=200)
    assert digest["left_out"] + sum("code" in each for each in digest["items"]) == 50
    assert digest["left_out"] > 30


def test_a_cursor_of_another_tool_is_refused(ada: Seat) -> None:
    with pytest.raises(InvalidArguments, match="cursor"):
        ada.get_changes(cursor="t5")


def test_of_a_private_entry_others_learn_only_that_there_is_one(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.task("T-1")
    board.as_person(acting_for="ada").add_knowledge(title="t", body="b", kind="decision", visibility="private", code="T-1")
    board.as_person(acting_for="ada").send_message(to="cleo", content="psst")

    def told(to: Seat, kind: str) -> tuple[object, ...]:
        (event,) = to.get_changes(kinds=[kind])["items"]
        return event["by"], event.get("acting_for"), event["data"].get("task")

    assert told(bob, "knowledge_added") == ("", None, None)
    assert told(bob, "message_sent") == ("", None, None)
    assert told(ada, "knowledge_added") == told(person, "knowledge_added") == ("local", "ada", "T-1")


def test_people_see_by_which_command_something_happened_and_agents_do_not_pay_for_it(ada: Seat, person: Seat) -> None:
    ada.task("T-1", idempotency_key="once")
    ada.task("T-1", idempotency_key="once")
    (event,) = person.get_changes(kinds=["task_created"])["items"]
    assert event["command"] == "once"
    assert "command" not in ada.get_changes(kinds=["task_created"])["items"][0]
