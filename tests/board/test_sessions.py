"""Work sessions: at most one open for an agent and task, started by the holder, ended by its own agent."""

import pytest

from taskactors.domain.errors import InvalidArguments, NotAllowed, NotFound, NotHolder, SessionClosed
from taskactors.domain.moments import text_of

from .board import NOW, Board, Seat


def test_a_session_counts_the_minutes_from_start_to_end(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    started = ada.start_work_session(code="T-1")
    assert (started["agent_name"], started["task_code"], started["started_at"]) == ("ada", "T-1", text_of(NOW))
    assert started["active_minutes"] == 0
    board.later(90)
    ended = ada.end_work_session(session_id=started["session_id"], notes="done", productivity_score=0.5)
    assert (ended["active_minutes"], ended["ended_at"]) == (1.5, text_of(NOW + 90_000))
    assert (ended["notes"], ended["productivity_score"]) == ("done", 0.5)
    board.later(90)
    assert board.view().session(1).active_minutes(board.now) == 1.5


def test_starting_twice_returns_the_open_session_without_an_event(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    first = ada.start_work_session(code="T-1")
    log = board.events()
    board.later(60)
    again = ada.start_work_session(code="T-1")
    assert (again["session_id"], again["started_at"], again["active_minutes"]) == (first["session_id"], first["started_at"], 1.0)
    assert board.events() == log


def test_after_its_end_a_new_session_begins(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    first = ada.start_work_session(code="T-1")["session_id"]
    ada.end_work_session(session_id=first)
    assert ada.start_work_session(code="T-1")["session_id"] != first


def test_an_agent_may_work_on_two_tasks_and_two_agents_one_after_the_other_on_one(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.held("T-2")
    one, other = ada.start_work_session(code="T-1"), ada.start_work_session(code="T-2")
    ada.release_task(code="T-1")
    bob.claim_task(code="T-1")
    third = bob.start_work_session(code="T-1")
    assert len({each["session_id"] for each in (one, other, third)}) == 3


def test_only_the_holder_starts_the_clock(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.held("T-1")
    for seat in (bob, person):
        with pytest.raises(NotHolder) as no:
            seat.start_work_session(code="T-1")
        assert no.value.holder == "ada"
    assert board.view().open_session(1, "bob") is None


def test_only_its_own_agent_or_a_person_stops_the_clock(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    with pytest.raises(NotAllowed):
        bob.end_work_session(session_id=session)
    assert board.view().open_session(1, "ada") is not None
    assert person.end_work_session(session_id=session)["agent_name"] == "ada"


def test_a_session_ends_once(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    ada.end_work_session(session_id=session)
    log = board.events()
    with pytest.raises(SessionClosed) as no:
        ada.end_work_session(session_id=session, notes="again")
    assert no.value.facts()["ended_at"] == text_of(NOW)
    assert board.events() == log


def test_whoever_lost_the_task_can_still_end_the_session(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    board.later(900).sweep_all()
    assert ada.end_work_session(session_id=session)["active_minutes"] == 15


def test_a_session_that_never_was_is_not_found(ada: Seat) -> None:
    with pytest.raises(NotFound) as no:
        ada.end_work_session(session_id=7)
    assert no.value.kind == "work session"


@pytest.mark.parametrize("score", [-0.1, 1.1, "high"])
def test_a_score_out_of_bounds_is_refused_and_the_session_stays_open(board: Board, ada: Seat, score: object) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    with pytest.raises(InvalidArguments):
        ada.end_work_session(session_id=session, productivity_score=score)
    assert board.view().open_session(1, "ada") is not None


def test_start_and_end_are_one_event_each(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    before = len(board.events())
    session = ada.start_work_session(code="T-1")["session_id"]
    board.later(120)
    ada.end_work_session(session_id=session, notes="a private thought")
    events = board.events()[before:]
    assert [(event.kind, event.subject) for event in events] == [("session_started", "session:1"), ("session_ended", "session:1")]
    assert events[1].data == {"task": "T-1", "minutes": 2.0}


def test_a_pause_takes_its_time_out_until_the_session_is_resumed(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    board.later(120)
    paused = ada.end_work_session(session_id=session, pause=True)
    assert (paused["paused"], paused["active_minutes"], "ended_at" in paused) == (True, 2.0, False)
    board.later(600)
    assert ada.start_work_session(code="T-1")["paused"] is True
    resumed = ada.start_work_session(code="T-1", resume=True)
    assert (resumed["session_id"], "paused" in resumed, resumed["active_minutes"]) == (session, False, 2.0)
    board.later(60)
    assert ada.end_work_session(session_id=session)["active_minutes"] == 3.0
    kinds = [event.kind for event in board.events() if event.subject == f"session:{session}"]
    assert kinds == ["session_started", "session_paused", "session_resumed", "session_ended"]


def test_pausing_or_resuming_twice_changes_nothing(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1", resume=True)["session_id"]
    log = board.events()
    ada.start_work_session(code="T-1", resume=True)
    assert board.events() == log
    ada.end_work_session(session_id=session, pause=True)
    board.later(60)
    log = board.events()
    assert ada.end_work_session(session_id=session, pause=True)["active_minutes"] == 0
    assert board.events() == log


def test_a_session_that_ends_in_its_pause_counts_the_work_before_it(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    board.later(60)
    ada.end_work_session(session_id=session, pause=True)
    board.later(300)
    assert ada.end_work_session(session_id=session)["active_minutes"] == 1.0


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("release_task", {"code": "T-1"}),
        ("set_task_state", {"code": "T-1", "state": "Done"}),
        ("set_task_state", {"code": "T-1", "state": "Review"}),
        ("complete_task", {"code": "T-1", "fence": 1, "summary": "done"}),
        ("offer_handoff", {"code": "T-1", "fence": 1, "to": "bob", "summary": "please"}),
        ("assign_task", {"code": "T-1", "new_owner_agent_name": "bob"}),
        ("plan_tasks", {"parent": "T-1", "tasks": [{"ref": "a", "code": "PART", "name": "a part", "description": "a part"}]}),
    ],
)
def test_a_session_ends_when_its_agent_has_the_task_in_hand_no_more(
    board: Board, ada: Seat, bob: Seat, tool: str, arguments: dict[str, object]
) -> None:
    bob.register_agent(agent_name="bob", agent_type="backend", capabilities=[])
    ada.held("T-1")
    session = ada.start_work_session(code="T-1")["session_id"]
    board.later(60)
    ada.call(tool, **arguments)
    assert board.view().open_session(1, "ada") is None
    said = ada.end_work_session(session_id=session, notes="how it went", productivity_score=0.5)
    assert (said["active_minutes"], said["notes"]) == (1.0, "how it went")
    with pytest.raises(SessionClosed):
        ada.end_work_session(session_id=session, notes="again")
