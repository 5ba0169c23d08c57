"""The limits of what is stored: at each the board goes on, one past it says no in words, with the limit, and changes nothing."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from taskactors.board import circles, crowding
from taskactors.board.additions import LIMITS, NOTES_BYTES
from taskactors.board.listing import READ_BYTES
from taskactors.board.messages import READ_CHARACTERS
from taskactors.board.reservations import RESERVATIONS_LIMIT
from taskactors.board.tasks import PARENTS_LIMIT
from taskactors.domain.errors import DependencyCycle, LimitReached
from taskactors.domain.finishing import FINDINGS_LIMIT
from taskactors.domain.task import DEPENDENCIES_LIMIT

from .board import Board, Seat

ADDED_AT_ONCE = 64
"""As many dependencies as one call of edit_dependencies may add, and as many artifacts as one may bring."""


def one_past(board: Board, limit: int, call: Callable[[], Any]) -> LimitReached:
    """The refusal of a call that goes past a limit, after which everything is as it was."""
    before = stored(board)
    with pytest.raises(LimitReached) as no:
        call()
    assert no.value.limit == limit
    assert str(limit) in no.value.cause()
    assert no.value.remedy()
    assert stored(board) == before
    return no.value


def stored(board: Board) -> list[tuple[bytes, bytes]]:
    return board.engine.read(lambda snapshot: snapshot.range(b"", b"\xff" * 8, limit=1_000_000))


# how many tasks one waits for, and how many wait for one


def test_a_task_depends_on_so_many_others_however_they_were_added(board: Board, ada: Seat) -> None:
    others = [ada.task(f"B-{number}") for number in range(DEPENDENCIES_LIMIT + 1)]
    ada.task("AT-ONCE-1", depends_on=others[:DEPENDENCIES_LIMIT])
    one_past(board, DEPENDENCIES_LIMIT, lambda: ada.edit_dependencies(code="AT-ONCE-1", add=others[-1:]))
    ada.task("T-1")
    for start in range(0, DEPENDENCIES_LIMIT, ADDED_AT_ONCE):
        ada.edit_dependencies(code="T-1", add=others[start : start + ADDED_AT_ONCE])
    one_past(board, DEPENDENCIES_LIMIT, lambda: ada.edit_dependencies(code="T-1", add=[{"code": others[-1], "kind": "related"}]))
    assert len(ada.edit_dependencies(code="T-1", add=others[-1:], remove=others[:1])["depends_on"]) == DEPENDENCIES_LIMIT


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So few tasks may wait for one that a test need not make a thousand."""
    monkeypatch.setattr(crowding, "DEPENDANTS_LIMIT", 3)
    return 3


def test_so_many_tasks_wait_for_one(board: Board, ada: Seat, few: int) -> None:
    ada.task("B-1")
    for number in range(few):
        ada.task(f"T-{number}", depends_on=["B-1"])
    ada.task("FREE-1", depends_on=[{"code": "B-1", "kind": "related"}])
    one_past(board, few, lambda: ada.task("MORE-1", depends_on=["B-1"]))
    one_past(board, few, lambda: ada.edit_dependencies(code="FREE-1", add=["B-1"]))
    ada.update_task(code="T-0", name="still edited")
    ada.edit_dependencies(code="T-0", add=[ada.task("OTHER-1")])
    ada.edit_dependencies(code="T-0", remove=["B-1"])
    ada.edit_dependencies(code="FREE-1", add=["B-1"])


def test_a_task_has_so_many_direct_parts_and_so_many_wait_for_them(board: Board, ada: Seat, few: int) -> None:
    ada.task("WHOLE-1")
    for number in range(few):
        ada.task(f"PART-{number}", parent_code="WHOLE-1")
        ada.task(f"WAITS-{number}", depends_on=[{"code": "WHOLE-1", "kind": "waits-for-all"}])
    ada.task("FREE-1")
    one_past(board, few, lambda: ada.task("MORE-1", parent_code="WHOLE-1"))
    one_past(board, few, lambda: ada.update_task(code="FREE-1", parent_code="WHOLE-1"))
    one_past(board, few, lambda: ada.task("MORE-1", depends_on=[{"code": "WHOLE-1", "kind": "waits-for-any"}]))
    one_past(
        board,
        few,
        lambda: ada.plan_tasks(tasks=[{"ref": "a", "code": "NEW-1", "name": "n", "description": "d"}], parent="WHOLE-1"),
    )
    ada.task("DEEPER-1", parent_code="PART-0")
    ada.update_task(code="PART-0", name="still edited")


def test_the_last_to_be_told_of_a_blockers_end_is_told_of_it(board: Board, ada: Seat) -> None:
    """At the real limit, in one commit."""
    ada.task("B-1")
    for number in range(crowding.DEPENDANTS_LIMIT):
        ada.task(f"T-{number}", depends_on=["B-1"])
    one_past(board, crowding.DEPENDANTS_LIMIT, lambda: ada.task("MORE-1", depends_on=["B-1"]))
    ada.claim_task(code="B-1")
    ada.move("B-1", "Done")
    assert board.view().state_counts() == {"Created": crowding.DEPENDANTS_LIMIT, "Done": 1}


# how far a plan is looked through


def chain(seat: Seat, length: int) -> list[str]:
    codes = [seat.task("T-0")]
    for number in range(1, length):
        codes.append(seat.task(f"T-{number}", depends_on=codes[-1:]))
    return codes


def test_a_plan_is_as_deep_as_the_limit_and_a_circle_through_all_of_it_is_seen(board: Board, ada: Seat) -> None:
    *_, last = codes = chain(ada, circles.EXAMINED_LIMIT + 2)
    deepest, one_deeper = codes[-2], last
    ada.task("END-1")
    ada.edit_dependencies(code="END-1", add=[codes[circles.EXAMINED_LIMIT - 1]])
    one_past(board, circles.EXAMINED_LIMIT, lambda: ada.edit_dependencies(code="END-1", add=[one_deeper]))
    with pytest.raises(DependencyCycle) as no:
        ada.edit_dependencies(code="T-0", add=[codes[circles.EXAMINED_LIMIT]])
    assert len(no.value.cycle) == circles.EXAMINED_LIMIT + 1
    # Whoever waits for too much can always wait for less.
    assert ada.edit_dependencies(code=last, remove=[deepest])["state"] == "Created"


def parts_of_parts(seat: Seat, series: str, depth: int) -> str:
    """A task decomposed into one part, which is decomposed in its turn, so far down; returns the last."""
    part = seat.task(f"{series}-0")
    for number in range(1, depth + 1):
        seat.plan_tasks(parent=part, tasks=[{"ref": "part", "code": f"{series}-{number}", "name": "n", "description": "d"}])
        part = f"{series}-{number}"
    return part


def test_a_task_is_a_part_of_a_part_so_far_up_and_the_last_ends_them_all(board: Board, ada: Seat) -> None:
    above = parts_of_parts(ada, "T", PARENTS_LIMIT)
    ada.task("MOVED-1")
    one_past(board, PARENTS_LIMIT, lambda: ada.task("MORE-1", parent_code=above))
    one_past(board, PARENTS_LIMIT, lambda: ada.update_task(code="MOVED-1", parent_code=above))
    assert ada.update_task(code="MOVED-1", parent_code=f"T-{PARENTS_LIMIT - 1}")["parent_code"] == f"T-{PARENTS_LIMIT - 1}"
    ada.move("MOVED-1", "Cancelled")
    ada.claim_task(code=above)
    ada.move(above, "Done")
    assert board.view().state_counts() == {"Done": PARENTS_LIMIT + 1, "Cancelled": 1}


def test_what_was_put_under_another_with_all_its_parts_ends_with_the_last_of_them(board: Board, ada: Seat) -> None:
    """Twice as deep as a task may be put: deeper than the language lets functions call each other."""
    below, last = parts_of_parts(ada, "A", PARENTS_LIMIT - 1), parts_of_parts(ada, "B", PARENTS_LIMIT)
    ada.update_task(code="B-0", parent_code=below)
    ada.claim_task(code=last)
    ada.move(last, "Done")
    ada.claim_task(code=below)
    ada.move(below, "Done")
    assert board.view().state_counts() == {"Done": 2 * PARENTS_LIMIT + 1}


# how much is kept with one task


def test_a_task_keeps_so_many_notes(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    for _ in range(LIMITS["notes"]):
        ada.update_task(code="T-1", add_note="x")
    one_past(board, LIMITS["notes"], lambda: ada.update_task(code="T-1", add_note="x"))
    ada.claim_task(code="T-1")
    one_past(board, LIMITS["notes"], lambda: ada.report_progress(code="T-1", fence=1, note="x"))


def test_the_notes_of_a_task_are_so_large_together_counted_in_bytes(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    longest = "😀" * 20_000
    whole, left = divmod(NOTES_BYTES, len(longest.encode()))
    for _ in range(whole):
        ada.update_task(code="T-1", add_note=longest)
    ada.update_task(code="T-1", add_note="x" * (left // 2))
    left -= left // 2
    one_past(board, NOTES_BYTES, lambda: ada.update_task(code="T-1", add_note="x" * (left + 1)))
    ada.update_task(code="T-1", add_note="x" * left)
    one_past(board, NOTES_BYTES, lambda: ada.update_task(code="T-1", add_note="x"))


def test_a_task_keeps_so_many_artifacts(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    for start in range(0, LIMITS["artifacts"], ADDED_AT_ONCE):
        ada.update_task(code="T-1", add_artifacts=[f"file-{number}" for number in range(start, start + ADDED_AT_ONCE)])
    one_past(board, LIMITS["artifacts"], lambda: ada.update_task(code="T-1", add_artifacts=["one-more"]))
    ada.update_task(code="T-1", add_artifacts=["file-0"])


def test_a_task_keeps_so_many_findings(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    bob.task("X-1")
    for left in range(FINDINGS_LIMIT, 0, -32):
        ada.move("T-1", "Review")
        bob.review_task(code="T-1", verdict="send_back", findings=["wrong"] * min(32, left))
    ada.move("T-1", "Review")
    one_past(board, FINDINGS_LIMIT, lambda: bob.review_task(code="T-1", verdict="send_back", findings=["wrong"]))
    assert bob.review_task(code="T-1", verdict="approve")["state"] == "Done"


def test_a_project_has_so_many_reservations(board: Board, ada: Seat, bob: Seat) -> None:
    for number in range(RESERVATIONS_LIMIT):
        ada.reserve_files(patterns=[f"src/{number}"])
    one_past(board, RESERVATIONS_LIMIT, lambda: bob.reserve_files(patterns=["docs"]))
    ada.release_files(patterns=["src/0"])
    assert bob.reserve_files(patterns=["docs"])["granted"]


# how much one answer holds


def test_a_page_of_large_tasks_is_short_and_goes_on(board: Board, ada: Seat) -> None:
    large = 2 * READ_BYTES // NOTES_BYTES
    for number in range(large):
        ada.task(f"T-{number}")
        for _ in range(NOTES_BYTES // 20_000):
            ada.update_task(code=f"T-{number}", add_note="x" * 20_000)
    for given in ({"detail": "full"}, {"label": "there-is-none"}, {"owner": "nobody", "state": "Created"}):
        sizes: list[int] = []
        codes: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = ada.list_tasks(limit=100, **given, **cursor)
            codes += [each["code"] for each in page["items"]]
            sizes.append(len(msgspec.json.encode(page)))
            if "next_cursor" not in page:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert max(sizes) <= READ_BYTES + NOTES_BYTES
        if "detail" in given:
            assert codes == [f"T-{number}" for number in reversed(range(large))]
            assert len(sizes) >= 2


def test_a_page_of_long_messages_is_short_and_goes_on(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    number = 2 * READ_CHARACTERS // 20_000
    for _ in range(number):
        ada.create_task_message(task_code="T-1", content="x" * 20_000, message_type="comment")
    page = ada.get_task_messages(task_code="T-1", limit=100)
    assert len(page["items"]) == -(-READ_CHARACTERS // 20_000)
    rest = ada.get_task_messages(task_code="T-1", limit=100, cursor=page["next_cursor"])
    assert page["items"][-1]["id"] == rest["items"][0]["id"] + 1
