"""Workflows: steps that a task goes through, from hand to hand where they need different abilities."""

from typing import Any

import pytest

from taskactors.domain.errors import InvalidArguments, NotFound, NotHolder, NoWorkflow, OwnReview, StaleClaim, StepsRemain

from .board import Board, Seat

STEPS: list[dict[str, Any]] = [
    {"id": "design", "name": "Design it", "exit_conditions": ["the schema is written down"], "handoff_template": "Tables: …"},
    {"id": "build", "name": "Build it"},
    {"id": "check", "name": "Check it", "required_capability": "testing"},
]


@pytest.fixture
def release(ada: Seat) -> Seat:
    """Ada, who defined a workflow of three steps and has a task that goes through it, at its first step, in hand."""
    ada.define_workflow(name="feature", steps=STEPS)
    ada.create_task(code="T-1", name="a feature", description="build it", workflow="feature")
    ada.claim_task(code="T-1")
    return ada


def test_a_task_begins_at_the_first_step_and_its_holder_is_told_what_that_asks_for(ada: Seat) -> None:
    ada.define_workflow(name="feature", steps=STEPS)
    created = ada.create_task(code="T-1", name="a feature", description="build it", workflow="feature")
    assert created["workflow"] == {"name": "feature", "step": "design", "number": 1, "of": 3}
    assert ada.next_task()["step"] == STEPS[0]
    assert ada.claim_task(code="T-1")["step"] == STEPS[0]


def test_a_step_that_its_holder_can_do_stays_in_their_hands_with_a_lease_that_starts_anew(board: Board, release: Seat) -> None:
    board.later(600)
    before = release.get_task_by_code(code="T-1")
    after = release.advance_task_workflow(code="T-1", fence=1, output="users(id, name)", artifacts=["schema.sql"])
    assert (after["state"], after["workflow"]["step"], after["claim"]["fence"]) == ("InProgress", "build", 1)
    assert after["claim"]["expires_at"] > before["claim"]["expires_at"]
    assert (after["step"], after["artifacts"], after["unblocked"]) == (STEPS[1], ["schema.sql"], [])


def test_a_step_that_needs_another_goes_to_whoever_can_do_it_with_what_was_done_before(board: Board, release: Seat, bob: Seat) -> None:
    release.advance_task_workflow(code="T-1", fence=1, output="users(id, name)")
    on = release.advance_task_workflow(code="T-1", fence=1, output="see src/users.py")
    assert (on["state"], on["required_capabilities"], on.get("claim"), on["owner_agent_name"]) == ("Created", ["testing"], None, None)
    assert release.next_task()["nothing_ready"]
    bob.register_agent(agent_name="bob", agent_type="qa", capabilities=["testing"])
    taken = bob.next_task()
    assert (taken["code"], taken["step"]["id"]) == ("T-1", "check")
    known = taken["context"]["knowledge"]
    assert [(each["kind"], each["body"], each["author"]) for each in known] == [
        ("step_output", "see src/users.py", "ada"),
        ("step_output", "users(id, name)", "ada"),
    ]
    assert on.get("attempts", 0) == 0


def test_the_last_step_hands_the_task_in_and_sets_free_what_waited(board: Board, release: Seat, bob: Seat) -> None:
    bob.create_task(code="T-2", name="after it", description="waits", depends_on=["T-1"])
    bob.register_agent(agent_name="bob", agent_type="qa", capabilities=["testing"])
    for _ in range(2):
        release.advance_task_workflow(code="T-1", fence=1, output="done")
    bob.claim_task(code="T-1")
    done = bob.advance_task_workflow(code="T-1", fence=2, output="all tests pass", confidence=1)
    assert (done["state"], done["result"]["summary"], done["unblocked"]) == ("Done", "all tests pass", ["T-2"])


def test_a_last_step_of_what_requires_a_review_goes_to_review(ada: Seat, bob: Seat) -> None:
    ada.define_workflow(name="short", steps=STEPS[:1])
    ada.create_task(code="T-1", name="x", description="x", workflow="short", requires_review=True)
    ada.claim_task(code="T-1")
    assert ada.advance_task_workflow(code="T-1", fence=1, output="done")["state"] == "Review"
    assert bob.review_task(code="T-1", verdict="approve")["state"] == "Done"


def test_a_step_that_its_holder_is_unsure_of_is_reviewed_first_and_then_goes_on(release: Seat, bob: Seat) -> None:
    unsure = release.advance_task_workflow(code="T-1", fence=1, output="a guess", confidence=0.3)
    assert (unsure["state"], unsure["workflow"]["step"]) == ("Review", "design")
    with pytest.raises(OwnReview):
        release.review_task(code="T-1", verdict="approve")
    with pytest.raises(StepsRemain):
        bob.set_task_state(code="T-1", state="Done")
    back = bob.review_task(code="T-1", verdict="send_back", findings=["no index"])
    assert (back["state"], back["workflow"]["step"], back["claim"]["fence"]) == ("InProgress", "design", 1)
    release.advance_task_workflow(code="T-1", fence=1, output="with an index", confidence=0.5)
    good = bob.review_task(code="T-1", verdict="approve")
    assert (good["state"], good["workflow"]["step"], good["claim"]["fence"]) == ("InProgress", "build", 1)


def test_an_approved_step_whose_next_needs_another_is_ready_for_them(release: Seat, bob: Seat) -> None:
    release.advance_task_workflow(code="T-1", fence=1, output="sure")
    release.advance_task_workflow(code="T-1", fence=1, output="a guess", confidence=0)
    assert bob.review_task(code="T-1", verdict="approve")["state"] == "Created"


def test_amid_its_workflow_a_task_is_not_finished_by_its_holder(board: Board, release: Seat, person: Seat) -> None:
    log = board.events()
    with pytest.raises(StepsRemain) as no:
        release.complete_task(code="T-1", fence=1, summary="enough")
    assert (no.value.step, no.value.left) == ("design", 2)
    with pytest.raises(StepsRemain):
        release.set_task_state(code="T-1", state="Done")
    assert board.events() == log
    assert person.set_task_state(code="T-1", state="Done")["state"] == "Done"


def test_only_the_holder_with_its_fence_finishes_a_step(board: Board, release: Seat, bob: Seat) -> None:
    log = board.events()
    with pytest.raises(NotHolder):
        bob.advance_task_workflow(code="T-1", fence=1, output="mine")
    with pytest.raises(StaleClaim):
        release.advance_task_workflow(code="T-1", fence=2, output="mine")
    assert board.events() == log


def test_a_task_without_a_workflow_has_no_steps(ada: Seat) -> None:
    ada.held("T-1")
    with pytest.raises(NoWorkflow):
        ada.advance_task_workflow(code="T-1", fence=1, output="done")


def test_defined_again_the_same_is_nothing_new_and_other_steps_are_a_new_revision(board: Board, ada: Seat) -> None:
    first = ada.define_workflow(name="feature", steps=STEPS)
    log = board.events()
    assert ada.define_workflow(name="feature", steps=STEPS) == first
    assert board.events() == log
    second = ada.define_workflow(name="feature", steps=STEPS[:2])
    assert (second["id"], second["rev"]) == (first["id"], first["rev"] + 1)


def test_a_task_on_its_way_keeps_the_steps_it_began_with(release: Seat) -> None:
    release.define_workflow(name="feature", steps=[STEPS[2]])
    assert release.advance_task_workflow(code="T-1", fence=1, output="done")["workflow"] == {
        "name": "feature",
        "step": "build",
        "number": 2,
        "of": 3,
    }


def test_a_workflow_is_named_by_its_id_too_and_one_that_is_not_there_by_its_neighbours(ada: Seat) -> None:
    number = ada.define_workflow(name="feature", steps=STEPS)["id"]
    assert ada.create_task(code="T-1", name="x", description="x", workflow_definition_id=number)["workflow"]["name"] == "feature"
    with pytest.raises(NotFound) as no:
        ada.create_task(code="T-2", name="x", description="x", workflow="featur")
    assert no.value.nearest == ("feature",)
    with pytest.raises(NotFound):
        ada.create_task(code="T-2", name="x", description="x", workflow=99)


def test_two_steps_of_one_id_are_refused(ada: Seat) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.define_workflow(name="feature", steps=[STEPS[0], STEPS[0]])
    assert no.value.problems == ("steps[1].id: design is the id of an earlier step",)


def test_what_the_task_itself_needs_is_kept_beside_what_its_step_needs(ada: Seat) -> None:
    ada.define_workflow(name="checked", steps=[STEPS[2], STEPS[1]])
    ada.register_agent(agent_name="ada", agent_type="backend", capabilities=["sql", "testing", "rust"])
    ada.create_task(code="T-1", name="x", description="x", workflow="checked", required_capabilities=["sql"])
    assert ada.get_task_by_code(code="T-1")["required_capabilities"] == ["sql", "testing"]
    assert ada.update_task(code="T-1", required_capabilities=["rust"])["required_capabilities"] == ["rust", "testing"]
    ada.claim_task(code="T-1")
    assert ada.advance_task_workflow(code="T-1", fence=1, output="done")["required_capabilities"] == ["rust"]


def test_planned_tasks_may_follow_a_workflow(ada: Seat) -> None:
    ada.define_workflow(name="feature", steps=STEPS)
    ada.plan_tasks(tasks=[{"ref": "a", "code": "T-1", "name": "x", "description": "x", "workflow": "feature"}])
    assert ada.get_task_by_code(code="T-1")["workflow"]["step"] == "design"
    assert ada.get_project_overview(detail="full")["workflows"] == ["feature"]


def test_a_person_goes_on_with_their_task_when_a_step_of_it_was_approved(ada: Seat, person: Seat) -> None:
    person.define_workflow(name="two", steps=[{"id": "one", "name": "one"}, {"id": "two", "name": "two", "required_capability": "rust"}])
    person.held("T-1", workflow="two")
    assert person.advance_task_workflow(code="T-1", fence=1, output="o", confidence=0.1)["state"] == "Review"
    assert ada.review_task(code="T-1", verdict="approve")["claim"]["agent"] == "local"


def test_an_offer_that_a_review_approves_leaves_the_task_at_its_step(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    person.define_workflow(name="two", steps=[{"id": "one", "name": "one"}, {"id": "two", "name": "two"}])
    person.task("T-1", workflow="two")
    ada.claim_task(code="T-1")
    number = ada.offer_handoff(code="T-1", fence=1, to="bob", summary="s", confidence=0.1)["handoff_id"]
    assert person.review_task(code="T-1", verdict="approve")["state"] == "PendingHandoff"
    assert bob.answer_handoff(handoff_id=number, accept=True)["workflow"]["step"] == "one"
