"""Handing a task to another: it stays with its holder until somebody takes it, and goes on there when nobody does."""

import pytest

from taskactors.domain.errors import HandoffClosed, LacksCapabilities, NotAddressed, NotHolder, OwnReview, StaleClaim, TooManyTasks

from .board import Board, Seat


def offered(by: Seat, to: str, **given: object) -> int:
    by.held("T-1")
    return int(by.offer_handoff(code="T-1", fence=1, to=to, summary="half of it is done", **given)["handoff_id"])


def registered(board: Board, name: str, role: str, *capabilities: str, **given: object) -> Seat:
    seat = board.as_agent(name)
    seat.register_agent(agent_name=name, agent_type=role, role=role, capabilities=list(capabilities), **given)
    return seat


def test_an_accepted_task_has_a_new_holder_a_new_fence_and_a_lease_of_its_own(board: Board, ada: Seat, bob: Seat) -> None:
    number = offered(ada, "bob")
    assert board.task("T-1").state == "PendingHandoff"
    taken = bob.answer_handoff(handoff_id=number, accept=True)
    assert (taken["state"], taken["owner_agent_name"], taken["claim"]["fence"], taken["claim"]["agent"]) == ("InProgress", "bob", 2, "bob")
    with pytest.raises(StaleClaim):
        ada.complete_task(code="T-1", fence=1, summary="done")


def test_the_lease_rests_while_an_offer_stands(board: Board, ada: Seat) -> None:
    offered(ada, "bob", expires_s=86_400)
    board.later(20_000).sweep_all()
    assert (board.task("T-1").state, board.task("T-1").holder) == ("PendingHandoff", "ada")


def test_the_offer_reaches_those_who_may_take_it_with_what_they_need(board: Board, ada: Seat, bob: Seat) -> None:
    offered(ada, "bob", next_steps="write the tests", known_limitations=["slow"], artifacts=["src/x.py"])
    (message,) = bob.read_inbox()["items"]
    assert (message["message_type"], message["author_agent_name"], message["task_code"]) == ("handoff", "ada", "T-1")
    for word in ("half of it is done", "write the tests", "slow", "src/x.py", "handoff_id 1"):
        assert word in message["content"]


@pytest.mark.parametrize(("to", "may"), [("role:qa", True), ("role:docs", False), ("capability:sql", True), ("capability:fly", False)])
def test_an_offer_to_a_role_or_a_capability_is_for_whoever_has_it(board: Board, ada: Seat, to: str, may: bool) -> None:
    quinn = registered(board, "quinn", "qa", "sql")
    number = offered(ada, to)
    if may:
        assert quinn.answer_handoff(handoff_id=number, accept=True)["owner_agent_name"] == "quinn"
    else:
        with pytest.raises(NotAddressed):
            quinn.answer_handoff(handoff_id=number, accept=True)


def test_a_declined_task_goes_on_where_it_was_with_its_old_fence(board: Board, ada: Seat, bob: Seat) -> None:
    number = offered(ada, "bob")
    back = bob.answer_handoff(handoff_id=number, accept=False, reason="too busy")
    assert (back["state"], back["claim"]["agent"], back["claim"]["fence"]) == ("InProgress", "ada", 1)
    told = ada.read_inbox()["items"][-1]
    assert told["author_agent_name"] == "server"
    assert told["content"] == "bob has declined T-1. All that follows are the words of bob:\ntoo busy"
    with pytest.raises(HandoffClosed):
        bob.answer_handoff(handoff_id=number, accept=True)


def test_one_of_a_role_who_declines_leaves_the_offer_to_the_others(board: Board, ada: Seat) -> None:
    quinn, rita = registered(board, "quinn", "qa"), registered(board, "rita", "qa")
    number = offered(ada, "role:qa")
    assert quinn.answer_handoff(handoff_id=number, accept=False)["state"] == "PendingHandoff"
    assert rita.answer_handoff(handoff_id=number, accept=True)["owner_agent_name"] == "rita"


def test_an_offer_that_nobody_takes_in_time_ends_and_the_lease_starts_anew(board: Board, ada: Seat, bob: Seat) -> None:
    number = offered(ada, "bob", expires_s=60)
    board.later(60).sweep_all()
    task = board.task("T-1")
    assert (task.state, task.holder, task.fence) == ("InProgress", "ada", 1)
    assert task.claim is not None
    assert task.claim.expires_at == board.now + 900_000
    with pytest.raises(HandoffClosed):
        bob.answer_handoff(handoff_id=number, accept=True)


def test_whoever_offered_it_may_take_the_offer_back(board: Board, ada: Seat, bob: Seat) -> None:
    number = offered(ada, "bob")
    assert ada.answer_handoff(handoff_id=number, accept=False)["handoff"]["state"] == "withdrawn"
    with pytest.raises(HandoffClosed):
        bob.answer_handoff(handoff_id=number, accept=True)


def test_an_offer_ends_when_its_task_goes_another_way(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    number = offered(ada, "bob")
    person.assign_task(code="T-1", new_owner_agent_name="cleo")
    assert (board.task("T-1").state, board.task("T-1").holder) == ("InProgress", "cleo")
    with pytest.raises(HandoffClosed):
        bob.answer_handoff(handoff_id=number, accept=True)


def test_only_the_holder_with_the_fence_of_its_claim_may_offer(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    with pytest.raises(NotHolder):
        bob.offer_handoff(code="T-1", fence=1, to="cleo", summary="s")
    with pytest.raises(StaleClaim):
        ada.offer_handoff(code="T-1", fence=2, to="cleo", summary="s")


def test_whoever_lacks_what_the_task_needs_or_holds_enough_may_not_take_it(board: Board, person: Seat) -> None:
    ada = registered(board, "ada", "backend", "sql")
    bob = registered(board, "bob", "backend", max_concurrent_tasks=1)
    cleo = registered(board, "cleo", "backend", "sql", max_concurrent_tasks=1)
    ada.held("T-1", required_capabilities=["sql"])
    to_bob = ada.offer_handoff(code="T-1", fence=1, to="bob", summary="s")["handoff_id"]
    with pytest.raises(LacksCapabilities):
        bob.answer_handoff(handoff_id=to_bob, accept=True)
    ada.answer_handoff(handoff_id=to_bob, accept=False)
    cleo.held("T-2")
    to_cleo = ada.offer_handoff(code="T-1", fence=1, to="cleo", summary="s")["handoff_id"]
    with pytest.raises(TooManyTasks):
        cleo.answer_handoff(handoff_id=to_cleo, accept=True)


def test_work_that_its_holder_is_unsure_of_is_reviewed_before_it_is_offered(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    number = offered(ada, "bob", confidence=0.5)
    assert board.task("T-1").state == "Review"
    with pytest.raises(HandoffClosed):
        bob.answer_handoff(handoff_id=number, accept=True)
    with pytest.raises(OwnReview):
        ada.review_task(code="T-1", verdict="approve")
    person.review_task(code="T-1", verdict="approve")
    assert board.task("T-1").state == "PendingHandoff"
    assert bob.answer_handoff(handoff_id=number, accept=True)["owner_agent_name"] == "bob"


def test_work_that_was_sent_back_by_its_review_is_not_offered_any_more(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    number = offered(ada, "bob", confidence=0.5)
    person.review_task(code="T-1", verdict="send_back", findings=["no tests"])
    assert (board.task("T-1").state, board.task("T-1").holder) == ("InProgress", "ada")
    with pytest.raises(HandoffClosed):
        bob.answer_handoff(handoff_id=number, accept=True)


def test_a_person_takes_what_is_offered_to_them_whatever_it_needs(board: Board, person: Seat) -> None:
    ada = registered(board, "ada", "backend", "sql")
    ada.held("T-1", required_capabilities=["sql"])
    number = ada.offer_handoff(code="T-1", fence=1, to="local", summary="s")["handoff_id"]
    assert person.answer_handoff(handoff_id=number, accept=True)["claim"]["agent"] == "local"


def test_what_its_review_finds_stays_with_a_task_that_is_then_offered(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    offered(ada, "bob", confidence=0.5)
    person.review_task(code="T-1", verdict="approve", findings=["mind the gap"])
    assert [each.text for each in board.task("T-1").findings] == ["mind the gap"]


def test_an_offer_under_review_ends_when_its_task_is_given_to_somebody_else(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    number = offered(ada, "cleo", confidence=0.5)
    person.assign_task(code="T-1", new_owner_agent_name="bob")
    assert person.review_task(code="T-1", verdict="approve")["state"] == "Done"
    with pytest.raises(HandoffClosed):
        board.as_agent("cleo").answer_handoff(handoff_id=number, accept=True)
