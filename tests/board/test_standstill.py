"""Standstill: held work that does not move is said to, once; work that was given up is told to whoever can decide about it."""

from taskactors.board.standstill import announce, look

from .board import Board, Seat


def mail(of: Seat) -> list[tuple[str, str]]:
    return [(each["message_type"], each["content"]) for each in of.read_inbox()["items"]]


def looked(board: Board) -> int:
    """As the duty does: a look, and an announcement when there is news. How many stalls were announced."""
    return board.as_server(announce) if look(board.view()).news else 0


def test_work_without_a_change_for_half_an_hour_is_announced_once_to_its_holder(board: Board, ada: Seat) -> None:
    ada.create_task(code="T-1", name="n", description="d")
    ada.claim_task(code="T-1", lease_s=7_200)
    board.later(1_799.999)
    assert (looked(board), look(board.view()).next_at) == (0, board.now + 1)
    board.later(0.001)
    before = len(board.events())
    assert looked(board) == 1
    assert [event.kind for event in board.events()[before:]] == ["task_stalled", "message_sent"]
    assert "T-1 has not changed" in mail(ada)[0][1]
    assert (looked(board), look(board.view()).next_at) == (0, None)
    assert board.task("T-1").rev == 2


def test_any_change_of_the_task_is_a_sign_that_it_moves_and_a_later_stall_is_another(board: Board, ada: Seat) -> None:
    ada.create_task(code="T-1", name="n", description="d")
    ada.claim_task(code="T-1", lease_s=7_200)
    board.later(1_800)
    assert looked(board) == 1
    ada.report_progress(code="T-1", fence=1)
    assert looked(board) == 0
    board.later(1_800)
    assert looked(board) == 1


def test_keeping_a_claim_alive_is_no_progress(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    for _ in range(3):
        board.later(600)
        ada.renew_claim(code="T-1", fence=1)
    assert looked(board) == 1


def test_what_nobody_holds_or_is_reviewed_does_not_stall(board: Board, ada: Seat) -> None:
    ada.create_task(code="T-1", name="n", description="d")
    ada.held("T-2")
    ada.set_task_state(code="T-2", state="Review")
    board.later(100_000)
    assert looked(board) == 0


def test_the_overview_lists_stalls_also_of_blocked_work(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.set_task_state(code="T-1", state="Blocked", reason="no key")
    board.later(1_800)
    assert [each["code"] for each in ada.get_project_overview()["stalled"]] == ["T-1"]


def test_planners_hear_that_others_wait_for_what_was_given_up(board: Board, ada: Seat, person: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="architect", capabilities=[], role="architect")
    ada.create_task(code="T-1", name="n", description="d")
    for number in (2, 3):
        ada.create_task(code=f"T-{number}", name="n", description="d", depends_on=["T-1"])
    person.set_task_state(code="T-1", state="Cancelled")
    ((kind, said),) = mail(ada)
    assert (kind, "T-2, T-3" in said) == ("blocker", True)
    ada.create_task(code="T-4", name="n", description="d")
    person.set_task_state(code="T-4", state="Cancelled")
    assert len(mail(ada)) == 1


def test_the_person_hears_of_work_that_failed_too_often_and_not_of_what_was_put_aside_by_hand(ada: Seat, person: Seat) -> None:
    ada.create_task(code="T-1", name="n", description="d")
    for _ in range(3):
        ada.claim_task(code="T-1")
        ada.release_task(code="T-1", failure="invalid_requirements")
    ((kind, said),) = mail(person)
    assert (kind, "after 3 failed attempts" in said) == ("blocker", True)
    ada.create_task(code="T-2", name="n", description="d")
    person.set_task_state(code="T-2", state="Quarantined")
    assert len(mail(person)) == 1
