"""Leases and time: a claim ends by a committed change alone, in time, once, and is kept by every sign of life."""

import pytest

from taskactors.board.passing import SWEEP_LIMIT, Sign
from taskactors.domain.errors import StaleClaim
from taskactors.domain.task import State

from .board import Board, Seat

HOUR = 3600


def test_a_lease_that_ran_out_gives_the_task_back_with_one_event(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    before = len(board.events())
    board.later(900).sweep_all()
    task = board.task("T-1")
    assert (task.state, task.claim, task.owner_agent_name, task.attempts) == (State.CREATED, None, None, 1)
    (event,) = board.events()[before:]
    assert (event.kind, event.by, event.data["agent"], event.data["fence"]) == ("claim_expired", "server", "ada", 1)
    assert event.data["failure"] == "lease_expired"


def test_a_lease_holds_to_its_last_millisecond(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(899.999).sweep_all()
    assert board.task("T-1").holder == "ada"
    board.later(0.001).sweep_all()
    assert board.task("T-1").holder is None


def test_no_claim_ends_by_reading_a_clock(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    board.later(10 * HOUR)
    assert bob.get_task_by_code(code="T-1")["claim"]["agent"] == "ada"
    assert not bob.discover_work()["items"]
    assert ada.set_task_state(code="T-1", state="Done", fence=1)["state"] == "Done"


def test_a_second_sweep_of_the_same_moment_does_nothing(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(900).sweep_all()
    log = board.events()
    board.sweep_all()
    assert board.sweep() == 0
    assert board.events() == log


def test_a_late_writer_is_told_that_its_claim_ended(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    board.later(900).sweep_all()
    bob.claim_task(code="T-1")
    with pytest.raises(StaleClaim) as no:
        ada.release_task(code="T-1", fence=1)
    assert (no.value.holder, no.value.current_fence) == ("bob", 2)
    assert board.task("T-1").holder == "bob"


def test_a_call_during_the_lease_moves_its_end_without_an_event(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    log = board.events()
    called = board.now + 600_000
    board.later(900).sweep_all({"ada": Sign(called, connected=False)})
    claim = board.task("T-1").claim
    assert claim is not None
    assert claim.expires_at == called + 900_000
    assert (board.events(), board.task("T-1").rev) == (log, 2)
    board.later(600).sweep_all({"ada": Sign(called, connected=False)})
    assert board.task("T-1").claim is None


def test_an_open_connection_is_a_sign_of_life_for_an_hour_after_the_last_call(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    signs = {"ada": Sign(board.now, connected=True)}
    for _ in range(4):
        board.later(900).sweep_all(signs)
        assert board.task("T-1").holder == "ada"
    board.later(900).sweep_all(signs)
    assert board.task("T-1").holder is None


def test_a_sign_of_life_of_another_keeps_nothing(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(900).sweep_all({"bob": Sign(board.now, connected=True)})
    assert board.task("T-1").claim is None


def test_beyond_the_deadline_no_sign_of_life_helps(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    for _ in range(24 * 4 - 1):
        board.later(900)
        board.sweep_all({"ada": Sign(board.now, connected=True)})
    assert board.task("T-1").holder == "ada"
    board.later(900)
    board.sweep_all({"ada": Sign(board.now, connected=True)})
    assert board.task("T-1").holder is None


def test_a_blocked_task_that_expires_keeps_its_reason_for_the_next_and_counts_no_failure(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Blocked", reason="no key")
    board.later(900).sweep_all()
    task = board.task("T-1")
    assert (task.state, task.attempts, task.blocked_reason) == (State.CREATED, 0, "no key")
    assert bob.claim_task(code="T-1")["blocked_reason"] == "no key"


@pytest.mark.parametrize("state", ["Review", "PendingHandoff"])
def test_a_suspended_lease_does_not_run(board: Board, ada: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", state)
    board.later(30 * 24 * HOUR).sweep_all()
    assert board.task("T-1").holder == "ada"


def test_a_third_expiry_puts_the_task_aside(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    for _ in range(3):
        ada.claim_task(code="T-1")
        board.later(900).sweep_all()
    assert board.task("T-1").state is State.QUARANTINED


@pytest.mark.parametrize(("left_s", "lease_s", "until_s"), [(-1, 900, 60), (30, 900, 60), (100, 900, 100), (2, 10, 10)])
def test_after_a_restart_every_live_lease_has_the_grace(board: Board, ada: Seat, left_s: int, lease_s: int, until_s: int) -> None:
    ada.task("T-1")
    ada.claim_task(code="T-1", lease_s=lease_s)
    board.later(lease_s - left_s)
    assert board.restart() == (until_s > left_s)
    board.sweep_all()
    claim = board.task("T-1").claim
    assert claim is not None
    assert claim.expires_at == board.now + until_s * 1000
    board.later(until_s).sweep_all()
    assert board.task("T-1").claim is None


def test_a_restart_long_after_gives_grace_beyond_the_deadline_too(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(365 * 24 * HOUR).restart()
    board.sweep_all()
    assert board.task("T-1").holder == "ada"
    board.later(60).sweep_all()
    assert board.task("T-1").holder is None


def test_a_restart_frees_nothing_and_is_no_event(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.held("T-2")
    ada.move("T-2", "Review")
    log = board.events()
    board.later(890)
    assert [board.restart(), board.restart()] == [1, 0]
    assert board.events() == log


def test_an_expired_claim_makes_room_for_another_task(board: Board, ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[], max_concurrent_tasks=1)
    ada.held("T-1")
    board.later(900).sweep_all()
    assert ada.held("T-2") == "T-2"


def test_more_than_one_sweep_can_do_is_done_by_those_that_follow(board: Board, ada: Seat) -> None:
    for number in range(SWEEP_LIMIT + 1):
        ada.held(f"T-{number}")
    board.later(900)
    assert [board.sweep(), board.sweep(), board.sweep()] == [SWEEP_LIMIT, 1, 0]
    assert board.view().state_counts() == {"Created": SWEEP_LIMIT + 1}


def test_time_that_stood_still_or_went_back_ends_nothing(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(-3600).sweep_all()
    assert board.task("T-1").holder == "ada"
    assert ada.move("T-1", "Done")["state"] == "Done"
