"""Retention: history goes from its beginning, never past what somebody needs, and what is left is whole."""

import pytest

from taskactors.board import chain, layout
from taskactors.board.requests.admin import DropHistory
from taskactors.board.retention import DROPPED_AT_ONCE, has_history_to_drop
from taskactors.domain.errors import CursorExpired, NotAllowed

from .board import Board, Seat

DAY_S = 24 * 3600.0


@pytest.fixture
def lived(board: Board, ada: Seat) -> Board:
    """Thirty events of a hundred days ago, and three of today."""
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[])
    for number in range(29):
        ada.task(f"OLD-{number}")
    board.later(100 * DAY_S)
    for number in range(3):
        ada.task(f"NEW-{number}")
    return board


def test_what_is_older_than_the_days_to_keep_goes_and_the_rest_stays_in_order(lived: Board, person: Seat) -> None:
    answer = person.call("admin.retain", keep_days=90, keep_events=1)
    assert (answer["dropped"], answer["first_seq"], answer["more"]) == (30, 31, False)
    assert answer["held_back_by"] == "the days to keep"
    kept = lived.events()
    assert [event.seq for event in kept] == [31, 32, 33, 34]
    assert (kept[-1].kind, kept[-1].by, kept[-1].data) == ("history_dropped", "local", {"first_seq": 31, "events": 30})
    assert lived.findings() == []


def test_the_last_events_stay_however_old_they_are(lived: Board, person: Seat) -> None:
    answer = person.call("admin.retain", keep_days=1, keep_events=10)
    assert (answer["dropped"], answer["held_back_by"]) == (23, "the number of events to keep")
    assert len(lived.events()) == 10 + 1


def test_tasks_and_messages_stay_when_their_events_go(lived: Board, ada: Seat, person: Seat) -> None:
    person.call("admin.retain", keep_days=90, keep_events=1)
    assert ada.get_task_by_code(code="OLD-0")["code"] == "OLD-0"


def test_nothing_goes_from_an_unread_message_on(lived: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    bob.register_agent(agent_name="bob", agent_type="dev", capabilities=[])
    bob.read_inbox()
    ada.send_message(to="bob", content="read me")
    seq = len(lived.events())
    ada.task("AFTER-1")
    lived.later(100 * DAY_S)
    ada.task("LAST-1")
    answer = person.call("admin.retain", keep_days=1, keep_events=1)
    assert (answer["first_seq"], answer["held_back_by"]) == (seq, "an unread message to bob")
    assert not lived.look(lambda view: has_history_to_drop(view, DropHistory(keep_days=1, keep_events=1)))
    bob.read_inbox(cursor=bob.read_inbox()["next_cursor"])
    assert lived.look(lambda view: has_history_to_drop(view, DropHistory(keep_days=1, keep_events=1)))
    assert person.call("admin.retain", keep_days=1, keep_events=1)["dropped"] > 1


def test_a_message_to_the_person_who_never_looked_is_unread_too(lived: Board, ada: Seat, person: Seat) -> None:
    ada.send_message(to="local", content="look at this")
    seq = len(lived.events())
    lived.later(100 * DAY_S)
    ada.task("LAST-1")
    assert person.call("admin.retain", keep_days=1, keep_events=1)["first_seq"] == seq


def test_an_answer_under_a_key_is_replayed_after_history_was_dropped(board: Board, ada: Seat, person: Seat) -> None:
    first = ada.create_task(code="ONCE", name="n", description="d", idempotency_key="k-1")
    board.later(23 * 3600)
    ada.task("LAST-1")
    assert person.call("admin.retain", keep_days=1, keep_events=1)["dropped"] == 0
    assert ada.create_task(code="ONCE", name="n", description="d", idempotency_key="k-1") == {**first, "replayed": True}


def test_an_older_cursor_is_told_what_it_missed_and_where_to_go_on(lived: Board, ada: Seat, person: Seat) -> None:
    old = ada.get_changes(limit=12)["next_cursor"]
    person.call("admin.retain", keep_days=90, keep_events=1)
    for digest in (False, True):
        with pytest.raises(CursorExpired) as no:
            ada.get_changes(cursor=old, digest=digest)
        facts = no.value.facts()
        assert (facts["first_seq"], facts["missed"]) == (31, 30 - 12)
        assert facts["dropped"] == {"agent_registered": 1, "task_created": 29}
    assert [each["seq"] for each in ada.get_changes(cursor=no.value.next_cursor)["items"]] == [31, 32, 33, 34]


def test_a_cursor_at_the_edge_and_none_at_all_miss_nothing(lived: Board, ada: Seat, person: Seat) -> None:
    edge = ada.get_changes(limit=30)["next_cursor"]
    person.call("admin.retain", keep_days=90, keep_events=1)
    for given in ({"cursor": edge}, {}, {"cursor": "latest"}):
        assert [each["seq"] for each in ada.get_changes(**given)["items"]] == [31, 32, 33, 34]
    assert ada.get_changes(digest=True)["events"] == 4


def test_of_a_task_whose_beginning_was_dropped_the_rest_is_told(lived: Board, ada: Seat, person: Seat) -> None:
    ada.claim_task(code="OLD-0")
    person.call("admin.retain", keep_days=90, keep_events=1)
    assert [each["kind"] for each in ada.get_changes(code="OLD-0")["items"]] == ["task_claimed"]


def test_dropping_twice_counts_everything_that_ever_went(lived: Board, ada: Seat, person: Seat) -> None:
    person.call("admin.retain", keep_days=90, keep_events=20)
    person.call("admin.retain", keep_days=90, keep_events=1)
    assert lived.look(lambda view: view.dropped()) == {"agent_registered": 1, "task_created": 29}
    assert person.call("admin.retain", keep_days=90, keep_events=1)["dropped"] == 0
    assert lived.findings() == []


def test_one_go_drops_so_many_and_says_that_there_is_more(board: Board, person: Seat) -> None:
    board.write(*(person.command("create_task", code="T", name="n", description="d") for _ in range(DROPPED_AT_ONCE + 5)))
    board.later(100 * DAY_S)
    person.task("LAST-1")
    first = person.call("admin.retain", keep_days=90, keep_events=1)
    assert (first["dropped"], first["more"], "held_back_by" in first) == (DROPPED_AT_ONCE, True, False)
    assert board.findings() == []
    second = person.call("admin.retain", keep_days=90, keep_events=1)
    assert (second["dropped"], second["more"]) == (5, False)


def test_an_agent_may_not_drop_history(lived: Board, ada: Seat) -> None:
    with pytest.raises(NotAllowed):
        ada.call("admin.retain", keep_days=90, keep_events=1)
    assert lived.events()[0].seq == 1


def test_the_audit_sees_a_checkpoint_that_is_not_where_the_log_begins(lived: Board, person: Seat) -> None:
    person.call("admin.retain", keep_days=90, keep_events=1)
    lived.tampered = True
    assert lived.findings() == []
    lived.write(lambda transaction: transaction.delete(layout.event(31)))
    assert any("gap" in finding for finding in lived.findings())


def test_the_audit_sees_a_checkpoint_of_another_log(lived: Board, person: Seat) -> None:
    person.call("admin.retain", keep_days=90, keep_events=1)
    lived.tampered = True
    lived.write(lambda transaction: transaction.put(layout.CHECKPOINT, chain.Head(30, b"x" * chain.HASH_BYTES).to_bytes()))
    assert any("does not fit" in finding for finding in lived.findings())
    lived.write(lambda transaction: transaction.delete(layout.CHECKPOINT))
    assert any("dropped" in finding for finding in lived.findings())
