"""Plans: a whole tree of tasks or none, what they wait for, and a task that is done when its parts are."""

import pytest

from taskactors.domain.errors import DependencyCycle, DuplicateCode, InvalidArguments, NotAllowed, NotFound, TaskClosed

from .board import Board, Seat


def item(ref: str, code: str = "P", **given: object) -> dict[str, object]:
    return {"ref": ref, "code": code, "name": ref, "description": "d"} | given


def finished(by: Seat, code: str) -> list[str]:
    fence = by.claim_task(code=code)["claim"]["fence"]
    return list(by.complete_task(code=code, fence=fence, summary="s")["unblocked"])


def test_a_plan_is_created_whole_with_its_own_names_resolved(board: Board, ada: Seat) -> None:
    ada.task("OLD-1")
    planned = ada.plan_tasks(
        tasks=[
            item("tests", depends_on=["api", "OLD-1"], assignee="bob"),
            item("api", "API", depends_on=[{"code": "schema", "kind": "blocks"}]),
            item("schema", "DB-9", priority_score=9.0),
            item("part", parent="tests"),
        ]
    )
    codes = {each["ref"]: each["code"] for each in planned["items"]}
    assert list(codes) == ["tests", "api", "schema", "part"], "in the order in which they were given"
    assert codes["schema"] == "DB-9"
    assert board.task(codes["tests"]).blockers == (codes["api"], "OLD-1")
    assert board.task(codes["part"]).parent_code == codes["tests"]
    assert board.task(codes["tests"]).owner_agent_name == "bob"
    assert {each["ref"]: each["state"] for each in planned["items"]} == {
        "tests": "WaitingForDependency",
        "api": "WaitingForDependency",
        "schema": "Created",
        "part": "Created",
    }


@pytest.mark.parametrize(
    ("tasks", "error"),
    [
        ([item("a"), item("b", depends_on=["NONE-1"])], NotFound),
        ([item("a"), item("b", "OLD-1")], DuplicateCode),
        ([item("a", depends_on=["b"]), item("b", depends_on=["a"])], DependencyCycle),
        ([item("a", parent="b"), item("b", parent="a")], DependencyCycle),
        ([item("a"), item("a")], InvalidArguments),
        ([item("a", "1")], InvalidArguments),
        ([], InvalidArguments),
    ],
)
def test_one_bad_task_leaves_nothing_of_a_plan(board: Board, ada: Seat, tasks: list[dict[str, object]], error: type[Exception]) -> None:
    ada.task("OLD-1")
    events = len(board.events())
    with pytest.raises(error):
        ada.plan_tasks(tasks=tasks)
    assert len(board.events()) == events
    assert [each["code"] for each in ada.list_tasks()["items"]] == ["OLD-1"]


def test_a_refused_circle_is_named(ada: Seat) -> None:
    for code, waits in (("A-1", []), ("B-1", ["A-1"]), ("C-1", ["B-1"])):
        ada.task(code, depends_on=waits)
    with pytest.raises(DependencyCycle, match="A-1 → C-1 → B-1 → A-1"):
        ada.edit_dependencies(code="A-1", add=["C-1"])
    with pytest.raises(DependencyCycle):
        ada.edit_dependencies(code="A-1", add=["A-1"])


def test_a_decomposed_task_waits_for_its_parts_and_is_done_with_the_last(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("BIG-1")
    ada.task("AFTER-1", depends_on=["BIG-1"])
    planned = ada.plan_tasks(parent="BIG-1", tasks=[item("one", "ONE-1"), item("two", "TWO-1", depends_on=["one"])])
    assert planned["parent"]["state"] == "WaitingForDependency"
    assert board.task("BIG-1").holder is None
    assert finished(bob, "ONE-1") == ["TWO-1"]
    assert board.task("BIG-1").state == "WaitingForDependency"
    assert finished(bob, "TWO-1") == ["AFTER-1"]
    assert (board.task("BIG-1").state, board.task("BIG-1").percent) == ("Done", 100)
    with pytest.raises(TaskClosed):
        ada.plan_tasks(parent="BIG-1", tasks=[item("late")])


def test_parts_that_were_called_off_do_not_hold_their_parent_but_do_not_finish_it_alone(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("BIG-1")
    ada.plan_tasks(parent="BIG-1", tasks=[item("one", "ONE-1"), item("two", "TWO-1")])
    person.move("ONE-1", "Cancelled")
    assert board.task("BIG-1").state == "WaitingForDependency"
    finished(ada, "TWO-1")
    assert board.task("BIG-1").state == "Done"


def test_only_its_holder_a_person_or_a_coordinator_decomposes_work_that_is_held(ada: Seat, bob: Seat, person: Seat) -> None:
    ada.held("BIG-1")
    with pytest.raises(NotAllowed):
        bob.plan_tasks(parent="BIG-1", tasks=[item("one")])
    assert person.plan_tasks(parent="BIG-1", tasks=[item("one")])["parent"]["state"] == "WaitingForDependency"


def test_a_part_cannot_wait_for_the_whole(ada: Seat) -> None:
    ada.task("BIG-1")
    with pytest.raises(DependencyCycle, match="BIG-1"):
        ada.plan_tasks(parent="BIG-1", tasks=[item("one", "ONE-1", depends_on=["BIG-1"])])


@pytest.mark.parametrize(
    ("kind", "after_one", "after_two"), [("waits-for-any", "Created", "Created"), ("waits-for-all", "WaitingForDependency", "Created")]
)
def test_a_task_may_wait_for_one_or_for_all_parts_of_another(board: Board, ada: Seat, kind: str, after_one: str, after_two: str) -> None:
    ada.task("TOP-1")
    ada.task("ONE-1", parent_code="TOP-1")
    ada.task("TWO-1", parent_code="TOP-1")
    ada.task("X-1", depends_on=[{"code": "TOP-1", "kind": kind}])
    assert board.task("X-1").state == "WaitingForDependency"
    finished(ada, "ONE-1")
    assert board.task("X-1").state == after_one
    finished(ada, "TWO-1")
    assert board.task("X-1").state == after_two
    ada.task("THREE-1", parent_code="TOP-1")
    assert board.task("X-1").state == ("Created" if kind == "waits-for-any" else "WaitingForDependency"), (
        "a part that came later counts too"
    )


def test_a_new_blocker_makes_ready_work_wait_and_taking_it_away_frees_it(board: Board, ada: Seat) -> None:
    ada.task("A-1")
    ada.task("B-1")
    assert ada.edit_dependencies(code="B-1", add=["A-1"])["state"] == "WaitingForDependency"
    assert ada.edit_dependencies(code="B-1", remove=["A-1"])["state"] == "Created"
    assert ada.edit_dependencies(code="B-1", add=[{"code": "A-1", "kind": "related"}])["state"] == "Created"
    rev = board.task("B-1").rev
    assert ada.edit_dependencies(code="B-1", add=[{"code": "A-1", "kind": "related"}])["rev"] == rev, "what is so already is no change"


def test_a_blocker_found_on_the_way_ends_the_claim_but_only_for_whoever_may(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("A-1")
    ada.task("B-1")
    with pytest.raises(NotAllowed):
        bob.edit_dependencies(code="A-1", add=["B-1"])
    assert ada.edit_dependencies(code="A-1", add=["B-1"])["state"] == "WaitingForDependency"
    assert board.task("A-1").holder is None
    finished(bob, "B-1")
    assert board.task("A-1").state == "Created"


def test_a_cancelled_blocker_that_is_taken_away_holds_nothing_back(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("A-1")
    ada.task("B-1", depends_on=["A-1"])
    person.move("A-1", "Cancelled")
    assert ada.get_task_by_code(code="B-1")["blocker_cancelled"] is True
    after = ada.edit_dependencies(code="B-1", remove=["A-1"])
    assert after["state"] == "Created"
    assert "blocker_cancelled" not in after


def test_the_graph_shows_what_waits_for_what_and_the_longest_way_to_the_end(ada: Seat, bob: Seat) -> None:
    ada.plan_tasks(
        tasks=[
            item("a", "A-1", estimated_effort=10),
            item("b", "B-1", estimated_effort=100, depends_on=["a"]),
            item("c", "C-1", estimated_effort=20, depends_on=["a"]),
            item("d", "D-1", estimated_effort=10, depends_on=["b", "c"]),
        ]
    )
    ada.task("ALONE-1")
    graph = ada.get_dependency_graph(codes=["B-1"], depth=1)
    assert [each["code"] for each in graph["nodes"]] == ["A-1", "B-1", "D-1"]
    whole = ada.get_dependency_graph()
    assert whole["critical_path"] == ["A-1", "B-1", "D-1"]
    assert {"from": "C-1", "to": "D-1", "kind": "blocks"} in whole["edges"]
    assert {each["code"]: each["waits_for"] for each in whole["blocked"]} == {"B-1": ["A-1"], "C-1": ["A-1"], "D-1": ["B-1", "C-1"]}
    finished(bob, "A-1")
    assert ada.get_dependency_graph()["critical_path"] == ["B-1", "D-1"]


def test_a_drawing_holds_no_markup_of_a_name(ada: Seat) -> None:
    ada.task("A-1", name='x"]; click A-1 "javascript:alert(1)" <b>')
    drawing = ada.get_dependency_graph(format="mermaid")["mermaid"]
    assert drawing.startswith("graph LR\n")
    node = next(line for line in drawing.splitlines() if "A-1" in line)
    assert node.count('"') == 2
    assert "<b>" not in node


def test_a_task_does_not_become_a_part_of_what_it_waits_for(board: Board, ada: Seat) -> None:
    ada.task("BIG-1")
    ada.plan_tasks(parent="BIG-1", tasks=[item("one", "ONE-1")])
    ada.task("TWO-1", depends_on=["BIG-1"])
    ada.task("ALL-1", depends_on=[{"code": "BIG-1", "kind": "waits-for-all"}])
    with pytest.raises(DependencyCycle, match="NEW-1"):
        ada.task("NEW-1", parent_code="BIG-1", depends_on=["BIG-1"])
    with pytest.raises(DependencyCycle, match="NEW-1"):
        ada.task("NEW-1", parent_code="BIG-1", depends_on=["ALL-1"])
    with pytest.raises(DependencyCycle, match="TWO-1"):
        ada.update_task(code="TWO-1", parent_code="BIG-1")
    assert board.task("TWO-1").parent_code is None


def test_a_decomposed_task_is_not_set_free_before_its_parts_are_done(board: Board, ada: Seat) -> None:
    ada.task("FIRST-1")
    ada.task("BIG-1", depends_on=["FIRST-1"])
    ada.plan_tasks(parent="BIG-1", tasks=[item("one", "ONE-1")])
    ada.move("FIRST-1", "InProgress", "Done")
    assert board.task("BIG-1").state == "WaitingForDependency"
    ada.move("ONE-1", "InProgress", "Done")
    assert board.task("BIG-1").state == "Done"


def test_the_graph_tells_only_of_open_work_that_it_waits_and_why(board: Board, ada: Seat) -> None:
    ada.task("FIRST-1")
    ada.task("OVER-1", depends_on=["FIRST-1"])
    ada.move("OVER-1", "Cancelled")
    assert ada.get_dependency_graph(codes=["FIRST-1"])["blocked"] == []
    ada.task("BIG-1")
    ada.task("PART-1", parent_code="BIG-1")
    ada.edit_dependencies(code="BIG-1", add=["PART-1"])
    assert ada.get_dependency_graph(codes=["BIG-1"])["edges"] == [{"from": "PART-1", "to": "BIG-1", "kind": "blocks"}]


def test_the_longest_way_leads_through_the_parts_of_a_whole_whatever_else_it_waits_for(board: Board, ada: Seat) -> None:
    ada.task("BIG-1")
    ada.plan_tasks(parent="BIG-1", tasks=[item("one", "ONE-1")])
    ada.task("SUB-1", parent_code="ONE-1")
    ada.edit_dependencies(code="BIG-1", add=[{"code": "ONE-1", "kind": "waits-for-all"}])
    assert ada.get_dependency_graph(codes=["BIG-1"])["critical_path"] == ["ONE-1", "BIG-1"]
