"""Up to the end of a task: kept alive, reported on, handed in with evidence, and looked at by somebody else."""

import pytest

from taskactors.domain.errors import InvalidArguments, InvalidTransition, NotHolder, OwnReview, StaleClaim

from .board import Board, Seat


def test_a_renewed_claim_keeps_its_fence_and_starts_its_lease_again(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(800)
    claim = ada.renew_claim(code="T-1", fence=1)["claim"]
    assert claim["fence"] == 1
    board.later(800).sweep_all()
    assert board.task("T-1").holder == "ada"
    assert ada.renew_claim(code="T-1", fence=1, lease_s=10)["claim"]["lease_s"] == 10
    board.later(11).sweep_all()
    assert board.task("T-1").holder is None


def test_staying_alive_is_not_news(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    events, rev = len(board.events()), board.task("T-1").rev
    ada.renew_claim(code="T-1", fence=1)
    assert (len(board.events()), board.task("T-1").rev) == (events, rev)


def test_progress_moves_the_deadline_which_no_other_sign_of_life_does(board: Board, ada: Seat) -> None:
    ada.held("T-1", lease_s=86_400)
    board.later(80_000)
    ada.renew_claim(code="T-1", fence=1)
    deadline = board.task("T-1").claim.deadline  # type: ignore[union-attr]
    told = ada.report_progress(code="T-1", fence=1, percent=40, note="half", artifacts=["a.py"])
    assert board.task("T-1").claim.deadline == deadline + 80_000_000  # type: ignore[union-attr]
    assert told["percent"] == 40
    task = ada.get_task_by_code(code="T-1")
    assert (task["notes"][0]["text"], task["artifacts"]) == ("half", ["a.py"])
    board.later(80_000).sweep_all()
    assert board.task("T-1").holder == "ada"


@pytest.mark.parametrize("tool", ["renew_claim", "report_progress", "complete_task"])
def test_a_zombie_is_told_who_holds_the_task_now_and_changes_nothing(board: Board, ada: Seat, bob: Seat, tool: str) -> None:
    ada.held("T-1", lease_s=10)
    board.later(11).sweep_all()
    bob.claim_task(code="T-1")
    before = board.task("T-1")
    given = {"summary": "done"} if tool == "complete_task" else {}
    with pytest.raises(StaleClaim) as no:
        ada.call(tool, code="T-1", fence=1, **given)
    assert (no.value.holder, no.value.current_fence) == ("bob", 2)
    with pytest.raises(NotHolder):
        ada.call(tool, code="T-1", fence=2, **given)
    assert board.task("T-1") == before


def test_what_is_handed_in_is_done_with_its_evidence_and_frees_who_waited(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.task("T-2", depends_on=["T-1"])
    ada.start_work_session(code="T-1")
    board.later(120)
    done = ada.complete_task(code="T-1", fence=1, summary="built", evidence=["pytest: 12 passed"], files=["a.py"], confidence=0.9)
    assert (done["state"], done["unblocked"]) == ("Done", ["T-2"])
    assert done["result"] == {"summary": "built", "evidence": ["pytest: 12 passed"], "confidence": 0.9, "files": ["a.py"]}
    assert board.view().open_session(1, "ada") is None
    assert board.task("T-2").state == "Created"
    with pytest.raises(StaleClaim):
        board.as_person().complete_task(code="T-1", fence=1, summary="again")


@pytest.mark.parametrize(("given", "state"), [({"confidence": 0.79}, "Review"), ({"confidence": 0.8}, "Done"), ({}, "Done")])
def test_work_that_its_holder_is_less_sure_of_than_the_task_asks_for_is_reviewed(ada: Seat, given: dict[str, float], state: str) -> None:
    ada.held("T-1")
    assert ada.complete_task(code="T-1", fence=1, summary="s", **given)["state"] == state


def test_nobody_approves_their_own_work(ada: Seat, bob: Seat) -> None:
    ada.held("T-1", requires_review=True)
    assert ada.complete_task(code="T-1", fence=1, summary="s")["state"] == "Review"
    with pytest.raises(OwnReview):
        ada.review_task(code="T-1", verdict="approve")
    assert bob.review_task(code="T-1", verdict="approve")["state"] == "Done"


def test_what_a_review_finds_goes_back_with_the_task_and_to_whoever_did_it(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1", requires_review=True)
    ada.complete_task(code="T-1", fence=1, summary="s")
    with pytest.raises(InvalidArguments, match="findings"):
        bob.review_task(code="T-1", verdict="send_back")
    back = bob.review_task(code="T-1", verdict="send_back", findings=["no tests", "typo"])
    assert (back["state"], back["claim"]["agent"], back["claim"]["fence"]) == ("InProgress", "ada", 1)
    assert [each["text"] for each in back["findings"]] == ["no tests", "typo"]
    (message,) = ada.read_inbox()["items"]
    assert message["message_type"] == "review"
    assert "no tests" in message["content"]


def test_only_what_is_in_review_can_be_reviewed(ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    with pytest.raises(InvalidTransition):
        bob.review_task(code="T-1", verdict="send_back", findings=["x"])


def test_a_review_does_not_get_round_what_a_task_waits_for_nor_finish_ones_own_work(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("FIRST-1")
    ada.task("THEN-1", depends_on=["FIRST-1"])
    with pytest.raises(InvalidTransition):
        bob.review_task(code="THEN-1", verdict="send_back", findings=["x"])
    ada.held("T-1")
    with pytest.raises(InvalidTransition):
        ada.review_task(code="T-1", verdict="approve")
    assert board.task("THEN-1").state == "WaitingForDependency"
