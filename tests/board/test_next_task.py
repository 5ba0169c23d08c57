"""The next task: the best that fits, claimed, with what its new holder should know; or what is nearest."""

import pytest

from taskactors.domain.errors import Paused, TooManyTasks

from .board import Board, Seat


def registered(board: Board, name: str, role: str, *capabilities: str, **given: object) -> Seat:
    seat = board.as_agent(name)
    seat.register_agent(agent_name=name, agent_type=role, role=role, capabilities=list(capabilities), **given)
    return seat


def test_the_most_urgent_comes_first_and_is_claimed(board: Board, ada: Seat, person: Seat) -> None:
    person.task("T-1", priority_score=1.0)
    person.task("T-2", priority_score=9.0)
    taken = ada.next_task()
    assert (taken["code"], taken["claim"]["agent"], taken["state"]) == ("T-2", "ada", "InProgress")
    assert ada.next_task()["code"] == "T-1"
    assert ada.next_task()["nothing_ready"] is True


def test_what_waited_long_enough_overtakes_what_is_more_urgent(board: Board, ada: Seat, person: Seat) -> None:
    person.task("T-1", priority_score=5.0)
    board.later(11 * 3600)
    person.task("T-2", priority_score=6.0)
    assert ada.next_task()["code"] == "T-1"


def test_among_equals_whoever_did_the_prerequisite_goes_on(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    for number, who in ((1, bob), (2, ada)):
        person.task(f"PRE-{number}")
        who.claim_task(code=f"PRE-{number}")
        who.set_task_state(code=f"PRE-{number}", state="Done")
    person.task("T-1", depends_on=["PRE-1"])
    person.task("T-2", depends_on=["PRE-2"])
    assert ada.next_task()["code"] == "T-2"


def test_filters_let_through_what_they_say(board: Board, ada: Seat, person: Seat) -> None:
    person.task("TOP-1")
    person.task("MID-1", parent_code="TOP-1", priority_score=0.0)
    person.task("LOW-1", parent_code="MID-1", labels=["ui", "fast"], priority_score=0.0)
    person.task("X-1", labels=["ui"])
    assert ada.next_task(labels=["ui", "fast"])["code"] == "LOW-1"
    assert ada.next_task(parent="top-1")["code"] == "MID-1"
    assert ada.next_task(labels=["none"])["nothing_ready"] is True


def test_work_for_another_role_or_beyond_what_one_can_do_is_not_given(board: Board, person: Seat) -> None:
    quinn = registered(board, "quinn", "qa", "test", "sql")
    person.task("T-1", role="docs", priority_score=9.0)
    person.task("T-2", required_capabilities=["fly"], priority_score=9.0)
    person.task("T-3", required_capabilities=["sql"], priority_score=8.0)
    person.task("T-4", role="qa", priority_score=1.0)
    assert quinn.next_task(capabilities=["test"])["code"] == "T-4"
    assert quinn.next_task()["code"] == "T-3"
    nearest = {each["code"]: each["why"] for each in quinn.next_task()["nearest"]}
    assert nearest == {"T-1": "for role docs, and you are qa", "T-2": "needs fly, which you have not registered"}


def test_nobody_gets_more_than_they_may_hold(board: Board, person: Seat) -> None:
    ada = registered(board, "ada", "backend", max_concurrent_tasks=1)
    person.task("T-1")
    person.task("T-2")
    ada.next_task()
    with pytest.raises(TooManyTasks):
        ada.next_task()


def test_the_context_has_what_the_prerequisites_left_and_what_was_written(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    person.task("PRE-1")
    bob.claim_task(code="PRE-1")
    bob.complete_task(code="PRE-1", fence=1, summary="the schema is in db.sql", files=["db.sql"])
    person.task("T-1", depends_on=["PRE-1"])
    bob.create_task_message(task_code="T-1", message_type="comment", content="mind the index")
    context = ada.next_task()["context"]
    assert context["prerequisites"][0]["result"]["summary"] == "the schema is in db.sql"
    assert [each["content"] for each in context["messages"]] == ["mind the index"]


def test_the_context_stays_within_its_budget_and_says_what_is_missing(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    person.task("T-1")
    for number in range(5):
        bob.create_task_message(task_code="T-1", message_type="comment", content=f"{number} " + "x" * 400)
    context = ada.next_task(max_tokens=300)["context"]
    assert context["truncated"] is True
    assert [each["content"][0] for each in context["messages"]] == ["4", "3"]


@pytest.mark.parametrize("target", ["ada", "role:backend", "project"])
def test_whoever_is_paused_gets_no_new_work_and_is_told_why(board: Board, ada: Seat, person: Seat, target: str) -> None:
    ada.held("T-0")
    person.task("T-1")
    person.set_pause(target=target, paused=True, reason="release day")
    with pytest.raises(Paused, match="release day"):
        ada.next_task()
    with pytest.raises(Paused, match="release day"):
        ada.claim_task(code="T-1")
    assert ada.claim_task(code="T-0")["claim"]["fence"] == 1, "what it holds it may keep"
    ada.complete_task(code="T-0", fence=1, summary="s")
    person.set_pause(target=target, paused=False)
    assert ada.next_task()["code"] == "T-1"


def test_the_explanation_says_for_each_open_task_why_it_is_not_offered(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    bob.held("HELD-1")
    person.task("FREE-1")
    person.task("WAITS-1", depends_on=["FREE-1"])
    person.task("BOBS-1", owner_agent_name="bob")
    told = {each["code"]: each.get("why") for each in ada.discover_work(explain=True)["explained"]}
    assert told == {"HELD-1": "held by bob", "FREE-1": None, "WAITS-1": "waits for FREE-1", "BOBS-1": "assigned to bob"}


def test_only_what_the_caller_may_claim_is_taken(board: Board, ada: Seat, person: Seat) -> None:
    person.task("T-1", owner_agent_name="bob", priority_score=9.0)
    person.task("T-2", required_capabilities=["rust"], priority_score=8.0)
    person.task("T-3")
    assert ada.next_task(capabilities=["rust"])["code"] == "T-3", "ada has registered nothing that she can do"
    assert person.next_task()["code"] == "T-2"
    assert person.next_task()["nothing_ready"] is True
