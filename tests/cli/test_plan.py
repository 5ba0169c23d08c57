"""taskactors plan: a file becomes a plan at once or not at all, and what waits for what is shown."""

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer, No
from tests.support.server_process import running

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "plan.toml"
CREATED = {"items": [{"ref": "a", "code": "A-001", "id": 1, "state": "Created"}]}
TASK = {"ref": "a", "code": "A", "name": "Alpha", "description": "d"}
GRAPH = {
    "nodes": [{"code": code, "state": "Created", "name": code.lower()} for code in ("A", "B", "C", "D")],
    "edges": [
        {"from": "A", "to": "B", "kind": "blocks"},
        {"from": "A", "to": "C", "kind": "blocks"},
        {"from": "B", "to": "D", "kind": "blocks"},
        {"from": "C", "to": "D", "kind": "blocks"},
        {"from": "D", "to": "A", "kind": "related"},
    ],
    "critical_path": ["A", "B", "D"],
    "blocked": [],
}


def plan_file(folder: Path, text: str, name: str = "plan.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_is_sent_whole_with_everything_that_it_says(server: FakeServer, run: Run, project: Path) -> None:
    server.answers["plan_tasks"] = lambda params: CREATED
    text = (
        'parent = "EPIC-1"\n[[tasks]]\nref="a"\ncode="A"\nname="Alpha"\ndescription="d"\ndepends_on=["X-1", {code="Y-1", kind="related"}]\n'
    )
    ran = run("plan", plan_file(project, text), "--idempotency-key", "k")
    assert (ran.code, ran.out) == (0, "REF  CODE   STATE    NAME\na    A-001  Created  Alpha\n")
    (call,) = server.calls_of("plan_tasks")
    assert (call["parent"], call["idempotency_key"]) == ("EPIC-1", "k")
    assert call["tasks"] == [TASK | {"depends_on": ["X-1", {"code": "Y-1", "kind": "related"}]}]


@pytest.mark.parametrize("content", [[TASK], {"tasks": [TASK]}])
def test_json_will_do_from_a_file_or_from_standard_input(
    server: FakeServer, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch, content: Any
) -> None:
    server.answers["plan_tasks"] = lambda params: CREATED
    assert json.loads(run("plan", plan_file(project, json.dumps(content), "plan.json"), "--json").out) == CREATED
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(content)))
    assert run("plan", "-").code == 0
    assert [params["tasks"] for params in server.calls_of("plan_tasks")] == [[TASK], [TASK]]


WRONG = """
title = "x"
parent = "no code"
[[tasks]]
ref = ["a"]
due = 2026-01-01T00:00:00Z
[[tasks]]
ref = "a"
code = "7"
name = " "
description = "d"
[[tasks]]
ref = "a"
code = "A"
name = "n"
description = "d"
role = "boss"
depends_on = 5
"""


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_everything_that_is_wrong_with_a_file_is_said_at_once_a_line_each_and_nothing_is_sent(
    server: FakeServer, run: Run, project: Path, options: tuple[str, ...]
) -> None:
    path = plan_file(project, WRONG)
    ran = run("plan", path, *options)
    assert (ran.code, ran.out) == (1, "")
    first, *problems, last = ran.err.splitlines()
    assert first == f"taskactors: {path} is no plan"
    assert [problem.partition(": ")[0].strip() for problem in problems] == [
        "title",
        "tasks[0]",  # what it lacks
        "tasks[0].ref",
        "tasks[0]",  # what it has too much
        "tasks[1].name",
        "tasks[1].code",
        "tasks[2].depends_on",
        "tasks[2].role",
        "tasks[2].ref",
    ]
    assert "nothing was created" in last
    assert server.received == []


def test_what_only_the_server_refuses_is_told_as_it_tells_it_and_the_rest_whole(server: FakeServer, run: Run, project: Path) -> None:
    def refuse(params: dict[str, Any]) -> dict[str, Any]:
        raise No("invalid_arguments", "idempotency_key: is too long")

    server.answers["plan_tasks"] = refuse
    good = plan_file(project, json.dumps([TASK]), "good.json")
    assert "idempotency_key: is too long" in run("plan", good, "--idempotency-key", "k" * 99).err
    bad = plan_file(project, json.dumps([TASK | {"ref": f"r{number}", "role": "boss"} for number in range(30)]), "bad.json")
    ran = run("plan", bad)
    assert (ran.code, ran.err.count(".role: ")) == (1, 30)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.toml", "= nothing", "cannot be read"),
        ("p.json", "{", "cannot be read"),
        ("p.json", "[" * 100_000, "cannot be read"),
        ("p.toml", "tasks = inf", "cannot be read"),
        ("p.json", "7", "one value alone"),
        ("p.json", "[]", "tasks: must not be empty"),
        ("p.toml", "", "tasks: is required"),
        ("p.toml", "tasks = 7", "tasks: must be a list"),
        ("p.toml", "tasks = [7]", "tasks[0]: must be"),
        ("p.json", json.dumps([TASK | {"depends_on": ["b"]}, TASK | {"ref": "b", "parent": "a"}]), "a → b → a"),
        ("p.json", json.dumps([TASK | {"ref": f"r{number}"} for number in range(101)]), "tasks: has 101 entries; the limit is 100"),
    ],
)
def test_what_is_no_plan_is_said_to_be_none(run: Run, project: Path, name: str, text: str, said: str) -> None:
    ran = run("plan", plan_file(project, text, name), "--dry-run")
    assert (ran.code, said in ran.err) == (1, True), ran.err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("one", "two"),
        ("--mermaid", "one"),
        ("--graph", "--dry-run"),
        ("--graph", "--parent", "A-1"),
        ("--graph", "--idempotency-key", "k"),
    ],
)
def test_no_word_is_passed_over(run: Run, words: tuple[str, ...]) -> None:
    assert run("plan", *words).code == 2


def test_a_file_that_is_not_there_is_said_not_to_be(run: Run) -> None:
    ran = run("plan", "missing.toml")
    assert (ran.code, "missing.toml" in ran.err) == (1, True)


def test_a_dry_run_shows_what_would_be_and_asks_nobody(run: Run, project: Path) -> None:
    ran = run("plan", EXAMPLE, "--dry-run", "--parent", "EPIC-1")
    assert ran.code == 0
    assert "login   API   schema     Login" in ran.out
    assert "3 tasks would be created as parts of EPIC-1. Nothing was." in ran.out
    odd = plan_file(project, json.dumps([TASK | {"depends_on": ["OLD-1"]}]), "odd.json")
    assert "have to be tasks that exist: OLD-1." in run("plan", odd, "--dry-run").out
    assert json.loads(run("plan", odd, "--dry-run", "--json").out) == {"tasks": [TASK | {"depends_on": ["OLD-1"]}], "parent": None}


def test_the_graph_tells_each_task_under_what_it_waits_for(server: FakeServer, run: Run) -> None:
    server.answers["get_dependency_graph"] = lambda params: GRAPH if params["format"] == "json" else {"mermaid": "graph LR"}
    told = run("plan", "--graph", "A").out.splitlines()
    assert told == [
        "A  Created  a",
        "  B  Created  b",
        "    D  Created  d",
        "  C  Created  c",
        "    D  Created  d",
        "The longest way: A → B → D.",
    ]
    assert run("plan", "--graph", "--mermaid").out == "graph LR\n"
    assert [params.get("codes") for params in server.calls_of("get_dependency_graph")] == [["A"], None]


def test_the_graph_says_who_has_what_why_it_stands_and_where_it_stopped(server: FakeServer, run: Run) -> None:
    nodes = [
        {"code": "P", "state": "Blocked", "name": "part", "holder": "ada"},
        {"code": "W", "state": "WaitingForDependency", "name": "whole\x1b[2J"},
    ]
    server.answers["get_dependency_graph"] = lambda params: {
        "nodes": nodes,
        "edges": [{"from": "P", "to": "W", "kind": "part-of"}],
        "critical_path": ["P"],
        "blocked": [{"code": "P", "why": "no key", "holder": "ada"}, {"code": "W", "waits_for": ["P"], "blocker_cancelled": True}],
        "stopped_after": 300,
        "mermaid": "graph LR\n  P[\x1b]",
    }
    ran = run("plan", "--graph")
    assert ran.out.splitlines() == [
        "P  Blocked  part  (held by ada; blocked: no key)",
        "  W  WaitingForDependency  whole\\x1b[2J  (part-of; what it waits for was cancelled)",
    ]
    assert "it stopped after 300 tasks" in ran.err
    assert run("plan", "--graph", "--mermaid").out == "graph LR\n  P[\\x1b]\n"


def test_a_way_of_many_steps_is_told_as_far_as_anybody_reads(server: FakeServer, run: Run) -> None:
    codes = [f"T-{number}" for number in range(100)]
    server.answers["get_dependency_graph"] = lambda params: {
        "nodes": [{"code": code, "state": "Created", "name": "n"} for code in codes],
        "edges": [{"from": one, "to": other, "kind": "blocks"} for one, other in pairwise(codes)],
        "critical_path": [],
        "blocked": [],
    }
    assert len(run("plan", "--graph").out.splitlines()) == 34


def test_the_example_becomes_a_plan_on_a_real_server(run: Run, project: Path) -> None:
    with running(project / ".taskactors"):
        made = run("plan", EXAMPLE)
        assert [line.split()[1:3] for line in made.out.splitlines()[1:]] == [
            ["DB-001", "Created"],
            ["API-001", "WaitingForDependency"],
            ["DOC-001", "WaitingForDependency"],
        ]
        assert run("plan", "--graph").out.splitlines()[-1] == "The longest way: DB-001 → API-001 → DOC-001."
        refused = run("plan", plan_file(project, json.dumps([TASK | {"depends_on": ["NOPE-1"]}]), "bad.json"))
        assert (refused.code, "NOPE-1" in refused.err) == (1, True)
        below = run("plan", plan_file(project, json.dumps([TASK | {"code": "PART"}]), "parts.json"), "--parent", "DOC-001")
        assert below.out.splitlines()[-1] == "DOC-001 is WaitingForDependency until its parts are Done."
