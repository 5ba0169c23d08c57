"""Reserving files: all or none, first come first served, as long as the claim, and nobody waits for ever."""

import pytest

from taskactors.domain.errors import FilesReserved, InvalidArguments, NotAllowed, NotHolder, StaleClaim, WouldDeadlock

from .board import Board, Seat


def test_files_are_given_whole_or_not_at_all(ada: Seat, bob: Seat) -> None:
    assert ada.reserve_files(patterns=["src/api/"])["granted"] is True
    refused = bob.reserve_files(patterns=["docs/x.md", "src/api/routes.py"])
    assert refused["granted"] is False
    (conflict,) = refused["conflicts"]
    assert (conflict["agent"], conflict["patterns"]) == ("ada", ["src/api/**"])
    assert conflict["until"]
    assert ada.reserve_files(patterns=["docs/x.md"])["granted"] is True, "nothing was kept for the one who got nothing"


def test_those_who_only_share_do_not_exclude_each_other(ada: Seat, bob: Seat, board: Board) -> None:
    assert ada.reserve_files(patterns=["src/"], mode="shared")["granted"]
    assert bob.reserve_files(patterns=["src/x.py"], mode="shared")["granted"]
    assert not board.as_agent("cleo").reserve_files(patterns=["src/x.py"])["granted"]


def test_a_reservation_bound_to_a_claim_ends_with_it_however_it_ends(board: Board, ada: Seat, bob: Seat) -> None:
    def ends(how: str) -> None:
        ada.task(how)
        fence = ada.claim_task(code=how, lease_s=60)["claim"]["fence"]
        ada.reserve_files(patterns=["src/"], code=how, fence=fence)
        assert not bob.reserve_files(patterns=["src/x.py"])["granted"]
        match how:
            case "DONE-1":
                ada.complete_task(code=how, fence=fence, summary="s")
            case "BACK-1":
                ada.release_task(code=how)
            case "LATE-1":
                board.later(61).sweep_all()
        assert bob.reserve_files(patterns=["src/x.py"])["granted"], how
        bob.release_files()

    for how in ("DONE-1", "BACK-1", "LATE-1"):
        ends(how)


def test_it_stays_in_review_and_goes_to_the_new_holder(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1", requires_review=True)
    ada.reserve_files(patterns=["src/"], code="T-1", fence=1)
    ada.complete_task(code="T-1", fence=1, summary="s")
    assert not bob.reserve_files(patterns=["src/"])["granted"]
    bob.review_task(code="T-1", verdict="send_back", findings=["no"])
    number = ada.offer_handoff(code="T-1", fence=1, to="bob", summary="s")["handoff_id"]
    bob.answer_handoff(handoff_id=number, accept=True)
    (held,) = board.look(lambda view: view.reservations())
    assert (held.agent, held.fence) == ("bob", 2)


def test_only_the_holder_of_the_claim_binds_files_to_it(ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    with pytest.raises(NotHolder):
        bob.reserve_files(patterns=["x"], code="T-1", fence=1)
    with pytest.raises(StaleClaim):
        ada.reserve_files(patterns=["x"], code="T-1", fence=2)
    with pytest.raises(InvalidArguments, match="fence"):
        ada.reserve_files(patterns=["x"], code="T-1")
    with pytest.raises(InvalidArguments, match="lead out"):
        ada.reserve_files(patterns=["../x"])


def test_one_that_stands_alone_ends_in_its_time(board: Board, ada: Seat, bob: Seat) -> None:
    ada.reserve_files(patterns=["x"], ttl_s=60)
    board.later(59).sweep_all()
    assert not bob.reserve_files(patterns=["x"])["granted"]
    board.later(1).sweep_all()
    assert bob.reserve_files(patterns=["x"])["granted"]


def test_asking_again_for_what_one_has_is_no_second_reservation(board: Board, ada: Seat) -> None:
    first = ada.reserve_files(patterns=["b", "a"])
    assert ada.reserve_files(patterns=["a", "./b"])["reservation_id"] == first["reservation_id"]
    assert len(board.look(lambda view: view.reservations())) == 1


def test_the_line_is_served_first_come_first_served_and_nobody_slips_in(board: Board, ada: Seat, bob: Seat) -> None:
    cleo, dan = board.as_agent("cleo"), board.as_agent("dan")
    ada.reserve_files(patterns=["src/a.py"])
    bob.reserve_files(patterns=["src/"], wait_s=40)
    # Free by itself, but somebody who came earlier waits for it.
    assert not cleo.reserve_files(patterns=["src/b.py"], wait_s=40)["granted"]
    assert dan.reserve_files(patterns=["docs/"])["granted"], "what nobody asked for is free"
    ada.release_files()
    held = {each.agent: each.granted_at is not None for each in board.look(lambda view: view.reservations())}
    assert held == {"bob": True, "cleo": False, "dan": True}
    bob.release_files()
    assert cleo.reserve_files(patterns=["src/b.py"])["granted"]


def test_the_holder_hears_who_waits(ada: Seat, bob: Seat) -> None:
    ada.reserve_files(patterns=["src/"])
    bob.reserve_files(patterns=["src/x.py"], wait_s=40)
    bob.reserve_files(patterns=["src/x.py"], wait_s=40)
    (message,) = ada.read_inbox()["items"]
    assert "bob waits for files that you have reserved. All that follows are the words of bob:\nsrc/x.py" in message["content"]


def test_a_place_in_the_line_is_kept_for_a_minute_and_no_longer(board: Board, ada: Seat, bob: Seat) -> None:
    ada.reserve_files(patterns=["x"], ttl_s=86_400)
    bob.reserve_files(patterns=["x"], wait_s=10)
    board.later(69).sweep_all()
    assert len(board.look(lambda view: view.reservations())) == 2
    board.later(2).sweep_all()
    assert len(board.look(lambda view: view.reservations())) == 1


def test_a_wait_that_would_never_end_is_refused_by_name(ada: Seat, bob: Seat, board: Board) -> None:
    cleo = board.as_agent("cleo")
    for seat, file in ((ada, "a"), (bob, "b"), (cleo, "c")):
        seat.reserve_files(patterns=[file])
    ada.reserve_files(patterns=["b"], wait_s=40)
    bob.reserve_files(patterns=["c"], wait_s=40)
    with pytest.raises(WouldDeadlock, match="cleo → ada → bob → cleo"):
        cleo.reserve_files(patterns=["a"], wait_s=40)
    assert not cleo.reserve_files(patterns=["a"])["granted"], "asking without waiting is no harm"
    cleo.release_files()
    assert bob.reserve_files(patterns=["c"])["granted"]


def test_a_claim_with_files_is_all_or_nothing(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    ada.reserve_files(patterns=["src/"])
    with pytest.raises(FilesReserved, match="reserved by ada"):
        bob.claim_task(code="T-1", reserve=["src/x.py"])
    assert board.task("T-1").state == "Created"
    ada.release_files()
    taken = bob.next_task(reserve=["src/x.py"])
    assert taken["reservations"][0]["patterns"] == ["src/x.py"]
    bob.release_task(code="T-1")
    assert board.look(lambda view: view.reservations()) == ()


def test_nobody_releases_what_is_not_theirs_but_people_may(ada: Seat, bob: Seat, person: Seat) -> None:
    number = ada.reserve_files(patterns=["x"])["reservation_id"]
    with pytest.raises(NotAllowed):
        bob.release_files(reservation_id=number)
    assert bob.release_files()["released"] == []
    assert person.release_files(reservation_id=number)["released"][0]["agent"] == "ada"
    ada.reserve_files(patterns=["x"])
    ada.reserve_files(patterns=["y"])
    assert [each["patterns"] for each in ada.release_files(patterns=["y"])["released"]] == [["y"]]


def test_a_commit_that_touches_what_another_has_reserved_is_seen(ada: Seat, bob: Seat, person: Seat) -> None:
    ada.reserve_files(patterns=["src/**/x.py"])
    bob.reserve_files(patterns=["docs/"], mode="shared")
    paths = ["src/a/x.py", "src/a/y.py", "docs/a.md"]
    assert [each["path"] for each in person.call("admin.check_files", paths=paths, agent="cleo")["conflicts"]] == ["src/a/x.py"]
    assert person.call("admin.check_files", paths=paths, agent="ada")["conflicts"] == []


def test_whoever_had_to_wait_has_the_files_as_long_as_they_asked_for(board: Board, ada: Seat, bob: Seat) -> None:
    ada.reserve_files(patterns=["x"], ttl_s=60)
    bob.reserve_files(patterns=["x"], ttl_s=7_200, wait_s=30)
    board.later(60).sweep_all()
    board.later(7_199).sweep_all()
    assert not ada.reserve_files(patterns=["x"])["granted"]
    board.later(1).sweep_all()
    assert ada.reserve_files(patterns=["x"])["granted"]


def test_claiming_again_with_files_renews_and_reserves_nothing_twice(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    first = ada.claim_task(code="T-1", reserve=["x"])["reservations"]
    assert ada.claim_task(code="T-1", reserve=["x"])["reservations"] == first
    assert len(board.look(lambda view: view.reservations())) == 1


def test_what_its_old_holder_has_reserved_besides_does_not_go_along_with_a_task(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.held("T-1")
    ada.reserve_files(patterns=["src/**"], mode="shared", code="T-1", fence=1)
    ada.reserve_files(patterns=["docs"], code="T-1", fence=1)
    ada.reserve_files(patterns=["src/a.py"])
    person.assign_task(code="T-1", new_owner_agent_name="bob")
    assert [(each.agent, each.patterns) for each in board.look(lambda view: view.reservations())] == [
        ("bob", ("docs",)),
        ("ada", ("src/a.py",)),
    ]
