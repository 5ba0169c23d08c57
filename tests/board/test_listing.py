"""Lists of tasks: every filter in every spelling, newest first, paged with neither gap nor double."""

from typing import Any

import pytest

from taskactors.board import listing
from taskactors.domain.errors import InvalidArguments
from taskactors.domain.moments import text_of

from .board import NOW, Answer, Board, Seat


def listed(seat: Seat, **filters: object) -> list[str]:
    return [each["code"] for each in seat.call("list_tasks", **filters)["items"]]


def pages(seat: Seat, **filters: object) -> list[list[str]]:
    found: list[list[str]] = []
    given: dict[str, object] = dict(filters)
    while True:
        answer: Answer = seat.call("list_tasks", **given)
        found.append([each["code"] for each in answer["items"]])
        if "next_cursor" not in answer:
            return found
        given = filters | {"offset": None, "cursor": answer["next_cursor"]}


@pytest.fixture
def team(board: Board, ada: Seat, bob: Seat) -> Seat:
    """Six tasks, a minute apart; T-1 and T-2 are ada's, T-1 and T-4 are Done."""
    given: dict[int, dict[str, Any]] = {
        2: {"role": "qa", "owner": "ada"},
        3: {"labels": ["ui", "late"]},
        5: {"parent_code": "T-1"},
        6: {"parent_code": "T-3"},
    }
    for number in range(1, 7):
        ada.task(f"T-{number}", **given.get(number, {}))
        board.later(60)
    ada.claim_task(code="T-1")
    bob.claim_task(code="T-4")
    ada.move("T-1", "Done")
    board.later(60)
    bob.move("T-4", "Done")
    return board.as_agent("eve")


def test_an_empty_project_lists_nothing(ada: Seat) -> None:
    assert ada.list_tasks() == {"items": []}


def test_a_list_is_newest_first(team: Seat) -> None:
    assert listed(team) == ["T-6", "T-5", "T-4", "T-3", "T-2", "T-1"]


@pytest.mark.parametrize("owner", ["owner", "owner_agent_name"])
def test_both_spellings_of_the_owner_filter(team: Seat, owner: str) -> None:
    assert listed(team, **{owner: "ada"}) == ["T-2", "T-1"]
    assert listed(team, **{owner: "bob"}) == ["T-4"]
    assert listed(team, **{owner: "nobody"}) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "Done"}, ["T-4", "T-1"]),
        ({"state": "Created"}, ["T-6", "T-5", "T-3", "T-2"]),
        ({"state": "Archived"}, []),
        ({"role": "qa"}, ["T-2"]),
        ({"label": "late"}, ["T-3"]),
        ({"label": "lat"}, []),
        ({"parent_code": "T-1"}, ["T-5"]),
        ({"parent_code": "t-3"}, ["T-6"]),
        ({"owner": "ada", "state": "Done"}, ["T-1"]),
        ({"owner": "ada", "state": "Created", "role": "qa"}, ["T-2"]),
        ({"parent_code": "T-1", "state": "Done"}, []),
        ({"created_after": text_of(NOW + 120_000)}, ["T-6", "T-5", "T-4"]),
        ({"created_before": text_of(NOW + 120_000)}, ["T-2", "T-1"]),
        ({"created_after": text_of(NOW), "created_before": text_of(NOW + 180_000)}, ["T-3", "T-2"]),
        ({"completed_after": text_of(NOW + 360_000)}, ["T-4"]),
        ({"completed_after": text_of(NOW + 359_999)}, ["T-4", "T-1"]),
        ({"completed_before": text_of(NOW + 420_000)}, ["T-1"]),
        ({"completed_before": text_of(NOW)}, []),
        ({"limit": 2}, ["T-6", "T-5"]),
        ({"offset": 4}, ["T-2", "T-1"]),
        ({"offset": 1, "limit": 1}, ["T-5"]),
        ({"offset": 6}, []),
        ({"state": "Done", "offset": 1}, ["T-1"]),
    ],
)
def test_every_filter_filters_and_together_they_narrow(team: Seat, filters: dict[str, object], expected: list[str]) -> None:
    assert listed(team, **filters) == expected


def test_a_moment_is_understood_in_any_time_zone(team: Seat) -> None:
    assert text_of(NOW + 120_000) == "2026-09-21T14:15:20.000Z"
    assert listed(team, created_after="2026-09-21T16:15:20+02:00") == ["T-6", "T-5", "T-4"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("filters", [{}, {"state": "Created"}, {"owner": "ada"}, {"parent_code": "T-1"}, {"label": "ui"}])
def test_pages_have_neither_gap_nor_double(team: Seat, filters: dict[str, object], limit: int) -> None:
    found = pages(team, limit=limit, **filters)
    assert [code for page in found for code in page] == listed(team, limit=100, **filters)
    assert all(len(page) == limit for page in found[:-1])


def test_a_list_goes_on_where_it_was_whatever_happens_between_two_pages(board: Board, ada: Seat, team: Seat) -> None:
    first = team.list_tasks(limit=2)
    ada.task("T-7")
    ada.update_task(code="T-3", name="changed")
    ada.claim_task(code="T-5")
    assert listed(team, limit=2, cursor=first["next_cursor"]) == ["T-4", "T-3"]


def test_a_task_that_leaves_the_filter_between_two_pages_hides_no_other(ada: Seat, team: Seat) -> None:
    first = team.list_tasks(state="Created", limit=2)
    ada.move("T-5", "Cancelled")
    assert listed(team, state="Created", limit=2, cursor=first["next_cursor"]) == ["T-3", "T-2"]


def test_a_filter_that_matches_little_answers_early_with_a_cursor(ada: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "EXAMINED_LIMIT", 10)
    for code in ("RARE-1", "RARE-2", "RARE-3"):
        ada.task(code, labels=["rare"])
    for number in range(25):
        ada.task(f"T-{number}")
    assert pages(ada, label="rare") == [[], [], ["RARE-3", "RARE-2", "RARE-1"]]
    # An offset that was not yet used up goes on with the cursor.
    assert pages(ada, label="rare", offset=2) == [[], [], ["RARE-1"]]


@pytest.mark.parametrize(
    "cursor", ["x", "t", "t-1", "t1.5", "m5", "tt5", "t5+", "t5+x", "t٣", "t²", "T5", " t5", "t" + "9" * 19, "t" + "9" * 120]
)
def test_a_cursor_that_was_never_given_is_refused(team: Seat, cursor: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        team.list_tasks(cursor=cursor)
    assert no.value.problems[0].startswith("cursor: ")


def test_a_cursor_beyond_the_end_is_the_end(team: Seat) -> None:
    assert team.list_tasks(cursor="t1") == {"items": []}
    assert listed(team, cursor="t999999999999999999") == listed(team)


def test_an_offset_with_a_cursor_is_refused(team: Seat) -> None:
    with pytest.raises(InvalidArguments) as no:
        team.list_tasks(cursor="t5", offset=1)
    assert no.value.problems[0].startswith("offset: ")


@pytest.mark.parametrize(
    ("field", "value"),
    [("limit", 0), ("limit", 101), ("offset", -1), ("offset", 10_001), ("state", "done"), ("created_after", "yesterday"), ("sort", "name")],
)
def test_what_cannot_be_meant_is_refused_by_name(team: Seat, field: str, value: object) -> None:
    with pytest.raises(InvalidArguments) as no:
        team.call("list_tasks", **{field: value})
    assert no.value.problems[0].startswith(f"{field}: ")


def test_a_page_is_twenty_tasks_shown_in_short_unless_asked_otherwise(ada: Seat) -> None:
    for number in range(21):
        ada.task(f"T-{number}", description="d" * 1_000, acceptance_criteria=["it holds"])
    answer = ada.list_tasks()
    assert len(answer["items"]) == 20
    assert all(len(item["description"]) < 300 and "acceptance_criteria" not in item for item in answer["items"])
    (whole,) = ada.list_tasks(limit=1, detail="full")["items"]
    assert (len(whole["description"]), whole["acceptance_criteria"]) == (1_000, ["it holds"])


def test_a_list_by_owner_does_not_look_at_the_tasks_of_others(board: Board, ada: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    ada.task("MINE-1", owner="ada")
    for number in range(50):
        ada.task(f"T-{number}")
    monkeypatch.setattr(listing, "EXAMINED_LIMIT", 10)
    assert pages(ada, owner="ada") == [["MINE-1"]]
