"""Warnings: whoever holds a task hears, once and in time, that the claim is about to end by itself."""

import pytest

from taskactors.board.passing import Sign

from .board import NOW, Board, Seat

HOUR = 3600


def warnings(of: Seat) -> list[str]:
    return [each["content"] for each in of.read_inbox()["items"] if each["message_type"] == "warning"]


def test_a_silent_holder_is_warned_when_a_fifth_of_the_lease_is_left_and_once(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(719.999).sweep_all()
    assert warnings(ada) == []
    board.later(0.001).sweep_all()
    (said,) = warnings(ada)
    assert "T-1" in said
    assert "any call" in said
    board.later(100).sweep_all()
    assert len(warnings(ada)) == 1
    board.later(80).sweep_all()
    assert board.task("T-1").holder is None


def test_a_holder_that_shows_signs_of_life_is_not_warned_and_keeps_the_task(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    for _ in range(10):
        board.later(720).sweep_all({"ada": Sign(board.now - 1_000, connected=False)})
        assert board.task("T-1").holder == "ada"
    assert warnings(ada) == []


def test_whoever_renews_after_a_warning_is_warned_again_of_the_next_end(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    for expected in (1, 2):
        board.later(720).sweep_all()
        assert len(warnings(ada)) == expected
        ada.renew_claim(code="T-1", fence=1)


def test_a_sign_that_came_long_ago_moves_the_lease_and_is_warned_of_the_new_end(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(720).sweep_all({"ada": Sign(NOW + 10_000, connected=False)})
    assert len(warnings(ada)) == 0
    board.later(10).sweep_all({"ada": Sign(NOW + 10_000, connected=False)})
    assert len(warnings(ada)) == 1
    board.later(180).sweep_all({"ada": Sign(NOW + 10_000, connected=False)})
    assert board.task("T-1").holder is None


def test_however_alive_a_holder_is_warned_of_the_deadline_until_progress_moves_it(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    alive = {"ada": Sign(NOW + 24 * HOUR * 1000, connected=True)}
    board.later(19.1 * HOUR).sweep_all(alive)
    assert warnings(ada) == []
    board.later(0.2 * HOUR).sweep_all(alive)
    (said,) = warnings(ada)
    assert "report_progress" in said
    ada.renew_claim(code="T-1", fence=1)
    board.later(HOUR).sweep_all(alive)
    assert len(warnings(ada)) == 1
    ada.report_progress(code="T-1", fence=1)
    board.later(19.1 * HOUR).sweep_all(alive | {"ada": Sign(board.now, connected=True)})
    assert len(warnings(ada)) == 1
    board.later(0.2 * HOUR).sweep_all({"ada": Sign(board.now, connected=True)})
    assert len(warnings(ada)) == 2


@pytest.mark.parametrize("state", ["Review", "PendingHandoff"])
def test_a_suspended_claim_is_not_warned_of(board: Board, ada: Seat, state: str) -> None:
    ada.held("T-1")
    ada.set_task_state(code="T-1", state=state)
    board.later(30 * HOUR).sweep_all()
    assert warnings(ada) == []


def test_a_lease_of_seconds_is_over_before_a_warning_could_be_read(board: Board, ada: Seat) -> None:
    ada.create_task(code="T-1", name="n", description="d")
    ada.claim_task(code="T-1", lease_s=59)
    board.later(58).sweep_all()
    assert warnings(ada) == []


def test_a_blocked_holder_is_warned_too(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.set_task_state(code="T-1", state="Blocked", reason="no key")
    board.later(720).sweep_all()
    assert len(warnings(ada)) == 1


def test_a_new_holder_is_warned_for_themselves(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    board.later(720).sweep_all()
    ada.assign_task(code="T-1", new_owner_agent_name="bob")
    board.later(720).sweep_all()
    assert (len(warnings(ada)), len(warnings(bob))) == (1, 1)
