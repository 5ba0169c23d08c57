"""Changing what a task says: what is given and nothing else, against a rev, with additions that never conflict."""

import pytest

from taskactors.domain.errors import Conflict, InvalidArguments, LimitReached, NotHolder, TaskClosed
from taskactors.domain.moments import text_of
from taskactors.storage.engine import Done

from .board import NOW, Board, Seat

CHANGES = {
    "name": "Another name",
    "description": "Something else",
    "role": "qa",
    "required_capabilities": ["rust"],
    "priority_score": 1.0,
    "labels": ["late"],
    "parent_code": "PARENT-1",
    "acceptance_criteria": ["it holds"],
    "estimated_effort": 5,
    "due_at": text_of(NOW + 60_000),
    "not_before": text_of(NOW + 30_000),
    "confidence_threshold": 0.1,
    "requires_review": True,
    "lease_s": 7,
    "owner_agent_name": "bob",
}

EMPTIED = {
    "role": None,
    "parent_code": None,
    "due_at": None,
    "not_before": None,
    "estimated_effort": None,
    "lease_s": None,
    "labels": (),
    "required_capabilities": (),
    "acceptance_criteria": (),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_field_that_is_given_changes_alone(board: Board, ada: Seat, field: str) -> None:
    ada.task("PARENT-1")
    ada.task("T-1")
    before = ada.get_task_by_code(code="T-1")
    after = ada.update_task(code="T-1", **{field: CHANGES[field]})
    assert after[field] == CHANGES[field]
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {field, "rev"}
    assert after["rev"] == 2
    assert after == ada.get_task_by_code(code="T-1")


@pytest.mark.parametrize("field", EMPTIED)
def test_a_field_that_is_cleared_is_empty_again(board: Board, ada: Seat, field: str) -> None:
    ada.task("PARENT-1")
    ada.task("T-1", **{name: CHANGES[name] for name in EMPTIED})
    before = board.task("T-1")
    ada.update_task(code="T-1", clear=[field])
    after = board.task("T-1")
    assert getattr(before, field) != EMPTIED[field]
    assert getattr(after, field) == EMPTIED[field]
    assert all(getattr(after, other) == getattr(before, other) for other in EMPTIED if other != field)


def test_what_has_to_be_there_cannot_be_cleared(ada: Seat) -> None:
    ada.task("T-1")
    with pytest.raises(InvalidArguments):
        ada.update_task(code="T-1", clear=["name"])


def test_null_means_not_given(ada: Seat) -> None:
    ada.task("T-1", role="qa", labels=["a"])
    assert ada.update_task(code="T-1", role=None, labels=None, name=None)["rev"] == 1


def test_an_update_that_changes_nothing_makes_no_event_and_no_rev(board: Board, ada: Seat) -> None:
    ada.task("T-1", name="a task", labels=["x"])
    before = board.events()
    assert ada.update_task(code="T-1", name="a task", labels=["x"], add_labels=["x"])["rev"] == 1
    assert ada.update_task(code="T-1")["rev"] == 1
    assert board.events() == before


@pytest.mark.parametrize("expected", [1, 3, 2**53])
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("update_task", {"name": "mine"}),
        ("update_task", {"add_note": "mine"}),
        ("assign_task", {"new_owner": "ada"}),
        ("set_task_state", {"state": "Cancelled"}),
        ("archive_task", {}),
    ],
)
def test_an_edit_of_another_rev_is_refused_and_shows_the_current_value(
    board: Board, ada: Seat, bob: Seat, tool: str, arguments: dict[str, object], expected: int
) -> None:
    ada.task("T-1")
    bob.update_task(code="T-1", name="theirs")
    before = board.events()
    with pytest.raises(Conflict) as no:
        ada.call(tool, code="T-1", expected_rev=expected, **arguments)
    assert (no.value.rev, no.value.expected_rev) == (2, expected)
    assert no.value.current == ada.get_task_by_code(code="T-1")
    assert board.events() == before


def test_of_two_edits_of_the_same_rev_one_wins_even_in_one_batch(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    first, second = board.write(
        ada.command("update_task", code="T-1", name="ada's", expected_rev=1),
        bob.command("update_task", code="T-1", name="bob's", expected_rev=1),
    )
    assert isinstance(first, Done)
    with pytest.raises(Conflict):
        board.outcome(second)
    assert board.task("T-1").name == "ada's"


def test_the_right_rev_is_taken(ada: Seat) -> None:
    ada.task("T-1")
    assert ada.update_task(code="T-1", name="one", expected_rev=1)["rev"] == 2
    assert ada.update_task(code="T-1", name="two", expected_rev=2)["rev"] == 3


def test_notes_labels_and_artifacts_of_several_add_up(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1", labels=["one"])
    board.write(
        ada.command("update_task", code="T-1", add_note="seen", add_labels=["two"], add_artifacts=["a.txt"]),
        bob.command("update_task", code="T-1", add_note="seen too", add_labels=["three", "two"], add_artifacts=["b.txt", "a.txt"]),
    )
    task = board.task("T-1")
    assert [(note.by, note.text) for note in task.notes] == [("ada", "seen"), ("bob", "seen too")]
    assert task.labels == ("one", "two", "three")
    assert task.artifacts == ("a.txt", "b.txt")


def test_a_note_says_when_and_by_whom(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    board.later(5)
    assert ada.update_task(code="T-1", add_note="a word")["notes"] == [{"at": text_of(NOW + 5_000), "by": "ada", "text": "a word"}]


def test_labels_can_be_replaced_added_and_removed_at_once(ada: Seat) -> None:
    ada.task("T-1", labels=["a", "b"])
    assert ada.update_task(code="T-1", labels=["c", "d"], add_labels=["e"], remove_labels=["d", "z"])["labels"] == ["c", "e"]


def test_a_task_takes_only_so_many_labels_and_a_refused_update_changes_nothing(board: Board, ada: Seat) -> None:
    ada.task("T-1", labels=[f"l{number}" for number in range(32)])
    with pytest.raises(LimitReached):
        ada.update_task(code="T-1", name="changed", add_labels=["one-more"])
    assert board.task("T-1").name == "a task"
    assert ada.update_task(code="T-1", add_labels=["l0"])["rev"] == 1


@pytest.mark.parametrize("state", ["Done", "Cancelled"])
def test_a_closed_task_can_still_be_described(ada: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", state)
    assert ada.update_task(code="T-1", add_note="afterwards")["state"] == state


def test_an_archived_task_stays_as_it_is(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Done", "Archived")
    before = board.events()
    for given in ({"name": "other"}, {"add_note": "psst"}, {"owner": "bob"}, {"clear": ["role"]}):
        with pytest.raises(TaskClosed):
            ada.update_task(code="T-1", **given)
    assert board.events() == before


def test_a_claim_outlives_an_edit_by_somebody_else(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    claim = board.task("T-1").claim
    bob.update_task(code="T-1", description="clearer", priority_score=9)
    assert board.task("T-1").claim == claim
    assert board.task("T-1").holder == "ada"


def test_nobody_takes_a_held_task_from_its_holder_by_editing_its_owner(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    with pytest.raises(NotHolder):
        bob.update_task(code="T-1", owner="bob")
    assert board.task("T-1").holder == "ada"


def test_an_edit_of_what_work_goes_by_moves_the_task_to_where_it_is_then_found(board: Board, ada: Seat, bob: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python"])
    ada.task("T-1")
    assert bob.discover_work()["items"]
    ada.update_task(code="T-1", required_capabilities=["python"])
    assert not bob.discover_work()["items"]
    assert ada.discover_work()["items"]


def test_a_task_cannot_become_a_part_of_itself_however_far_up(ada: Seat) -> None:
    ada.task("A-1")
    ada.task("B-1", parent_code="A-1")
    ada.task("C-1", parent_code="B-1")
    for under in ("A-1", "B-1", "C-1"):
        with pytest.raises(InvalidArguments) as no:
            ada.update_task(code="A-1", parent_code=under)
        assert no.value.problems[0].startswith("parent_code: ")
    assert "parent_code" not in ada.get_task_by_code(code="A-1")


def test_an_update_names_the_fields_it_changed_but_not_their_text(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.update_task(code="T-1", description="a secret", role="qa")
    *_, event = board.events()
    assert (event.kind, event.by) == ("task_updated", "ada")
    assert event.data["fields"] == ["description", "role"]
    assert "secret" not in str(event.data)
