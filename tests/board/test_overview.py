"""The overview: what stands still and why, what waits longest, and who holds what."""

from .board import Board, Seat


def test_an_empty_project_has_nothing_to_say(person: Seat) -> None:
    told = person.get_project_overview(detail="full")
    assert (told["counts"], told["ready"], told["oldest_ready"], told["blocked"], told["stalled"]) == ({}, 0, None, [], [])


def test_everything_that_stands_still_is_named_with_its_reason(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.held("STUCK-1")
    ada.move("STUCK-1", "Blocked", reason="no key")
    ada.task("WAITS-1", depends_on=["STUCK-1"])
    bob.held("REVIEW-1")
    bob.move("REVIEW-1", "Review")
    ada.task("ASIDE-1")
    person.move("ASIDE-1", "Quarantined")
    person.set_pause(target="bob", paused=True, reason="noisy")
    told = person.get_project_overview()
    assert [(each["code"], each["why"], each["holder"]) for each in told["blocked"]] == [("STUCK-1", "no key", "ada")]
    assert [(each["code"], each["waits_for"]) for each in told["waiting"]] == [("WAITS-1", ["STUCK-1"])]
    assert [(each["code"], each["by"]) for each in told["in_review"]] == [("REVIEW-1", "bob")]
    assert [each["code"] for each in told["put_aside"]] == ["ASIDE-1"]
    assert told["paused"] == [{"target": "bob", "by": "local", "reason": "noisy"}]
    assert told["counts"] == {"Blocked": 1, "WaitingForDependency": 1, "Review": 1, "Quarantined": 1}


def test_held_work_without_a_change_for_half_an_hour_is_stalled_until_it_moves(board: Board, ada: Seat) -> None:
    ada.held("T-1", lease_s=86_400)
    board.later(1799)
    assert ada.get_project_overview()["stalled"] == []
    board.later(1)
    (stalled,) = ada.get_project_overview()["stalled"]
    assert (stalled["code"], stalled["holder"]) == ("T-1", "ada")
    ada.report_progress(code="T-1", fence=1, note="slowly")
    assert ada.get_project_overview()["stalled"] == []


def test_what_is_next_in_the_order_of_work_says_whom_it_waits_for(ada: Seat) -> None:
    ada.task("LOW-1", priority_score=1.0)
    ada.task("HIGH-1", priority_score=9.0, role="qa", required_capabilities=["fly"])
    told = ada.get_project_overview()
    assert told["ready"] == 2
    oldest = told["oldest_ready"]
    assert (oldest["code"], oldest["for_role"], oldest["needs"]) == ("HIGH-1", "qa", ["fly"])


def test_the_whole_picture_says_who_holds_what(ada: Seat) -> None:
    ada.held("T-1")
    assert "agents" not in ada.get_project_overview()
    assert {each["name"]: each["holding"] for each in ada.get_project_overview(detail="full")["agents"]} == {"ada": ["T-1"]}
