"""When work does not come to its end, the demo says for each task why."""

from pathlib import Path
from typing import Any

import pytest

from taskactors.demo.plan import Plan
from taskactors.demo.plan_file import read_plan
from taskactors.demo.unfinished import is_finished, may_go_on, reasons

TEXT = """
title = "t"
[team]
qa = ["test"]
[[task]]
code = "A-1"
name = "n"
description = "d"
archive = true
[[task]]
code = "B-1"
name = "n"
description = "d"
depends_on = ["A-1"]
[[task]]
code = "C-1"
name = "n"
description = "d"
capabilities = ["fly"]
[[task]]
code = "D-1"
name = "n"
description = "d"
role = "docs"
capabilities = ["test"]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "plan.toml").write_text(TEXT)
    return read_plan(tmp_path / "plan.toml")


def board(**states: str) -> dict[str, Any]:
    return {f"{letter}-1": {"state": state, "claim": {"agent": "ada"}} for letter, state in states.items()}


def test_it_is_finished_when_every_task_is_done_and_those_to_archive_are_archived(plan: Plan) -> None:
    done = board(A="Archived", B="Done", C="Done", D="Archived")
    assert is_finished(plan, done)
    assert reasons(plan, done) == []
    assert not is_finished(plan, done | board(A="Done"))
    assert not is_finished(plan, board(A="Archived", B="Done", C="Done"))


@pytest.mark.parametrize(("state", "goes_on"), [("InProgress", True), ("Blocked", True), ("Created", False), ("Review", False)])
def test_work_that_somebody_holds_or_that_time_brings_back_may_go_on(state: str, goes_on: bool) -> None:
    assert may_go_on(board(A="Done", B=state)) is goes_on
    assert may_go_on({"A-1": {"state": "Created", "not_before": "2026-01-01T00:00:00Z"}})


@pytest.mark.parametrize(
    ("states", "code", "why"),
    [
        ({}, "A-1", "is not on the board"),
        ({"A": "Created"}, "A-1", "is ready, but nobody took it"),
        ({"A": "InProgress"}, "A-1", "is still in the hands of ada"),
        ({"A": "Blocked"}, "A-1", "is blocked, in the hands of ada: no reason given"),
        ({"A": "Review"}, "A-1", "waits for a review"),
        ({"A": "PendingHandoff"}, "A-1", "was offered to another by ada, and nobody took it"),
        ({"A": "Quarantined"}, "A-1", "was put aside after 3 failed attempts"),
        ({"A": "Cancelled"}, "A-1", "is Cancelled"),
        ({"A": "Created", "B": "WaitingForDependency"}, "B-1", "waits for A-1"),
        ({"C": "Created"}, "C-1", "needs fly, which nobody on this team can do"),
        ({"D": "Created"}, "D-1", "needs test, which docs cannot do"),
    ],
)
def test_each_unfinished_task_has_its_reason(plan: Plan, states: dict[str, str], code: str, why: str) -> None:
    assert dict(reasons(plan, board(**states)))[code] == why
