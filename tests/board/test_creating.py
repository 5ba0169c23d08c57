"""Creating tasks: codes given whole or by prefix, every field, and what makes a new task ready or not."""

from typing import Any

import pytest

from taskactors.board.layout import counter
from taskactors.board.view import NUMBER_BYTES
from taskactors.domain.errors import DuplicateCode, InvalidArguments, LimitReached, NoName, NotFound
from taskactors.domain.moments import text_of
from taskactors.domain.task import State

from .board import NOW, PERSON, Board, Seat

DAY_MS = 24 * 3600 * 1000


def test_a_new_task_is_ready_at_once_and_says_who_made_it(board: Board, ada: Seat) -> None:
    answer = ada.create_task(code="ARCH-01", name="Design", description="Draw it")
    assert answer["code"] == "ARCH-01"
    assert answer["state"] == "Created"
    assert answer["owner_agent_name"] is None
    assert answer["inserted_at"] == text_of(NOW)
    assert answer["done_at"] is None
    assert answer["created_by"] == "ada"
    assert answer["rev"] == 1
    assert answer == ada.get_task_by_code(code="ARCH-01")


def test_every_field_that_is_given_is_kept_and_shown(ada: Seat) -> None:
    ada.task("PARENT-1")
    given: dict[str, Any] = {
        "code": "ARCH-01",
        "name": "Design",
        "description": "Draw it",
        "owner_agent_name": "bob",
        "role": "architect",
        "required_capabilities": ["python", "sql"],
        "priority_score": 9.5,
        "labels": ["ui", "beta"],
        "parent_code": "PARENT-1",
        "acceptance_criteria": ["it stands", "it is small"],
        "estimated_effort": 90,
        "due_at": text_of(NOW + 2 * DAY_MS),
        "not_before": text_of(NOW + DAY_MS),
        "confidence_threshold": 0.6,
        "requires_review": True,
        "lease_s": 120,
    }
    answer = ada.create_task(**given)
    assert {name: answer[name] for name in given} == given
    shown = ada.get_task_by_code(code="ARCH-01")
    assert {name: shown[name] for name in given} == given


def test_a_task_that_was_given_nothing_has_the_promised_defaults(board: Board, ada: Seat) -> None:
    task = board.task(ada.task("ARCH-01"))
    assert (task.priority_score, task.confidence_threshold, task.requires_review, task.attempts) == (5.0, 0.8, False, 0)
    assert (task.lease_s, task.not_before, task.due_at, task.parent_code, task.role) == (None, None, None, None, None)


def test_zero_is_a_value_and_shown_as_one(ada: Seat) -> None:
    ada.task("ARCH-01", priority_score=0, confidence_threshold=0)
    shown = ada.get_task_by_code(code="ARCH-01")
    assert (shown["priority_score"], shown["confidence_threshold"]) == (0, 0)


@pytest.mark.parametrize("again", ["ARCH-01", "arch-01", "Arch-01"])
def test_a_code_is_taken_once_whatever_its_case_and_the_refusal_names_it(board: Board, ada: Seat, bob: Seat, again: str) -> None:
    ada.task("ARCH-01", name="the first")
    with pytest.raises(DuplicateCode) as no:
        bob.task(again, name="the second")
    assert no.value.task == again
    assert again in str(no.value)
    assert board.task("ARCH-01").name == "the first"
    assert board.view().state_counts() == {"Created": 1}


@pytest.mark.parametrize("asked", ["ARCH-01", "arch-01", "aRcH-01"])
def test_a_task_is_found_by_its_code_whatever_the_case(ada: Seat, asked: str) -> None:
    ada.task("Arch-01")
    assert ada.get_task_by_code(code=asked)["code"] == "Arch-01"
    assert ada.claim_task(code=asked)["code"] == "Arch-01"


def test_the_code_of_an_archived_task_is_not_free_again(ada: Seat) -> None:
    ada.held("ARCH-01")
    ada.move("ARCH-01", "Done", "Archived")
    with pytest.raises(DuplicateCode):
        ada.task("ARCH-01")


def test_a_prefix_takes_the_next_number_of_its_series(ada: Seat) -> None:
    assert [ada.task("SEC"), ada.task("sec"), ada.task("DOC"), ada.task("SEC")] == ["SEC-001", "SEC-002", "DOC-001", "SEC-003"]


def test_a_prefix_passes_over_numbers_that_somebody_used_by_hand(ada: Seat) -> None:
    ada.task("sec-001")
    ada.task("SEC-003")
    assert [ada.task("SEC"), ada.task("SEC")] == ["SEC-002", "SEC-004"]


def test_a_refused_creation_uses_up_no_number_of_the_series(board: Board, ada: Seat) -> None:
    with pytest.raises(NotFound):
        ada.task("SEC", depends_on=["NOWHERE-1"])
    assert ada.task("SEC") == "SEC-001"
    assert board.task("SEC-001").id == 1


def test_a_series_grows_beyond_three_digits_and_ends_where_codes_end(board: Board, ada: Seat) -> None:
    series = "S" * 16
    assert ada.task(series) == f"{series}-001"
    taken = (999).to_bytes(NUMBER_BYTES, "big")
    board.write(lambda transaction: transaction.put(counter(f"code:{series}"), taken))
    with pytest.raises(LimitReached):
        ada.task(series)
    board.write(lambda transaction: transaction.put(counter("code:SEC"), taken))
    assert ada.task("SEC") == "SEC-1000"


@pytest.mark.parametrize("code", ["A1", "1ARCH", "A--1", "ARCH-", "A_1", "A" * 20 + "1", "A" * 17, "ARCH 1", "ÄRCH-1", "-A1", "ARCH-01\n"])
def test_a_code_that_breaks_the_rules_is_refused_and_nothing_is_made(board: Board, ada: Seat, code: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.task(code)
    assert no.value.problems[0].startswith("code: ")
    assert board.events() == []


@pytest.mark.parametrize("code", ["A-1", "ABC1", "A" * 18 + "-1", "a1b2-C3"])
def test_a_code_at_the_edge_of_the_rules_is_taken_as_it_is(ada: Seat, code: str) -> None:
    assert ada.task(code) == code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "x" * 201),
        ("description", "\n"),
        ("description", "x" * 20_001),
        ("priority_score", 10.5),
        ("priority_score", -1),
        ("confidence_threshold", 1.01),
        ("lease_s", 0),
        ("lease_s", 86_401),
        ("estimated_effort", 0),
        ("role", "boss"),
        ("labels", ["two words"]),
        ("required_capabilities", [""]),
        ("due_at", "tomorrow"),
        ("due_at", "2026-01-31T12:00:00"),
        ("colour", "red"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_the_name_of_its_argument(board: Board, ada: Seat, field: str, value: object) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.task("ARCH-01", **{field: value})
    assert [problem.partition(":")[0].partition("[")[0] for problem in no.value.problems] == [field]
    assert board.events() == []


def test_text_is_kept_without_the_space_around_it(board: Board, ada: Seat) -> None:
    ada.task("ARCH-01", name="  Design\t", description="\n Draw it \n")
    assert (board.task("ARCH-01").name, board.task("ARCH-01").description) == ("Design", "Draw it")


def test_text_in_any_language_and_at_full_length_comes_back_as_it_was(ada: Seat) -> None:
    name, description = "数" * 200, "🦉é" * 10_000
    ada.task("ARCH-01", name=name, description=description)
    shown = ada.get_task_by_code(code="ARCH-01")
    assert (shown["name"], shown["description"]) == (name, description)


def test_a_label_or_capability_named_twice_counts_once(board: Board, ada: Seat) -> None:
    ada.task("ARCH-01", labels=["b", "a", "b"], required_capabilities=["sql", "python", "sql"])
    assert board.task("ARCH-01").labels == ("b", "a")
    assert board.task("ARCH-01").required_capabilities == ("python", "sql")


def test_a_parent_may_be_named_by_id_or_by_code_but_both_must_mean_the_same(board: Board, ada: Seat) -> None:
    ada.task("PARENT-1")
    ada.task("OTHER-1")
    ada.task("ARCH-01", parent_task_id=1)
    ada.task("ARCH-02", parent_code="parent-1")
    ada.task("ARCH-03", parent_task_id=1, parent_code="PARENT-1")
    assert {board.task(code).parent_code for code in ("ARCH-01", "ARCH-02", "ARCH-03")} == {"PARENT-1"}
    with pytest.raises(NotFound):
        ada.task("ARCH-04", parent_task_id=1, parent_code="OTHER-1")


@pytest.mark.parametrize("given", [{"parent_code": "NOWHERE-1"}, {"parent_task_id": 77}, {"depends_on": ["NOWHERE-1"]}])
def test_a_parent_or_blocker_that_is_not_there_is_refused(board: Board, ada: Seat, given: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        ada.task("ARCH-01", **given)
    assert board.view().find_coded("ARCH-01") is None


def test_a_misspelt_blocker_is_answered_with_codes_that_look_alike(ada: Seat) -> None:
    ada.task("BACKEND-01")
    with pytest.raises(NotFound) as no:
        ada.task("ARCH-01", depends_on=["BACKEN-01"])
    assert "BACKEND-01" in no.value.remedy()


def test_an_owner_who_was_never_seen_joins_the_team(board: Board, ada: Seat) -> None:
    ada.task("ARCH-01", owner_agent_name="qa")
    assert board.agent("qa").provisional
    assert board.agent("qa").role == "qa"


@pytest.mark.parametrize("owner", ["all", "team", "role:qa", "Bob", "two words", "server"])
def test_an_owner_that_nobody_can_be_called_is_refused(board: Board, ada: Seat, owner: str) -> None:
    with pytest.raises(NoName):
        ada.task("ARCH-01", owner_agent_name=owner)
    assert board.view().find_coded("ARCH-01") is None


@pytest.mark.parametrize("spelled", ["owner", "owner_agent_name"])
def test_an_owner_may_be_given_in_either_spelling(board: Board, ada: Seat, spelled: str) -> None:
    ada.task("ARCH-01", **{spelled: "bob"})
    assert board.task("ARCH-01").owner_agent_name == "bob"


def test_a_start_in_the_past_delays_nothing(board: Board, ada: Seat) -> None:
    ada.task("ARCH-01", not_before=text_of(NOW - 1))
    assert board.task("ARCH-01").not_before is None
    assert [each["code"] for each in ada.discover_work()["items"]] == ["ARCH-01"]


@pytest.mark.parametrize("field", ["due_at", "not_before"])
@pytest.mark.parametrize("moment", ["1969-12-31T23:59:59Z", "9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+01:00"])
def test_a_moment_that_could_not_be_stored_and_said_again_is_refused(ada: Seat, field: str, moment: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.task("ARCH-01", **{field: moment})
    assert no.value.problems[0].startswith(f"{field}: ")


def test_creating_is_one_event_by_whoever_called(board: Board, ada: Seat) -> None:
    board.as_person(acting_for="bob").task("ARCH-01")
    *_, made = board.events()
    assert (made.kind, made.subject, made.by, made.acting_for) == ("task_created", "task:1", PERSON.name, "bob")
    assert made.data == {"code": "ARCH-01", "to": State.CREATED}


def test_an_unknown_task_is_not_found_by_anybody(ada: Seat) -> None:
    ada.task("ARCH-01")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("get_task_by_code", {"code": "ARCH-02"}),
        ("get_task_by_id", {"id": 2}),
        ("update_task", {"id": 2, "name": "x"}),
        ("claim_task", {"code": "ARCH-02"}),
        ("release_task", {"code": "ARCH-02"}),
        ("archive_task", {"id": 2}),
        ("assign_task", {"id": 2, "new_owner": "bob"}),
        ("set_task_state", {"id": 2, "state": "Done"}),
        ("start_work_session", {"id": 2}),
        ("get_task_messages", {"task_code": "ARCH-02"}),
        ("create_task_message", {"task_code": "ARCH-02", "content": "hello", "message_type": "comment"}),
    ]
    for tool, named in calls:
        with pytest.raises(NotFound):
            ada.call(tool, **named)


def test_a_task_named_by_id_and_code_must_be_one_task(ada: Seat) -> None:
    ada.task("ARCH-01")
    ada.task("ARCH-02")
    assert ada.claim_task(id=1, code="arch-01")["id"] == 1
    with pytest.raises(NotFound):
        ada.claim_task(id=2, code="ARCH-01")


def test_a_task_that_nobody_names_is_refused(ada: Seat) -> None:
    with pytest.raises(InvalidArguments):
        ada.claim_task()
