"""taskactors plan: a file becomes a plan at once or not at all, and what waits for what is shown."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer
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


def test_everything_that_is_wrong_with_a_file_is_said_at_once_and_nothing_is_sent(server: FakeServer, run: Run, project: Path) -> None:
    text = 'title = "x"\n[[tasks]]\nref="a"\ncode="A"\nname=" "\n[[tasks]]\nref="a"\ncode=7\nname="n"\ndescription="d"\n'
    ran = run("plan", plan_file(project, text))
    assert ran.code == 1
    for said in ("title: there is no such key", "tasks[0].name", "tasks[0].description", "tasks[1].code", "tasks[1].ref: 'a'"):
        assert said in ran.err
    assert server.received == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.toml", "= nothing", "cannot be read"),
        ("p.json", "{", "cannot be read"),
        ("p.json", "7", "one task at least"),
        ("p.toml", "", "one task"),
    ],
)
def test_what_is_no_plan_is_said_to_be_none(run: Run, project: Path, name: str, text: str, said: str) -> None:
    ran = run("plan", plan_file(project, text, name))
    assert (ran.code, said in ran.err) == (1, True)
    assert run("plan", project / "missing.toml").code == 1
    assert run("plan").code == 2
    assert run("plan", "one", "two").code == 2


def test_a_dry_run_shows_what_would_be_and_asks_nobody(run: Run, project: Path) -> None:
    ran = run("plan", EXAMPLE, "--dry-run", "--parent", "EPIC-1")
    assert ran.code == 0
    assert "login   API   schema     Login" in ran.out
    assert "3 tasks would be created as parts of EPIC-1. Nothing was." in ran.out
    odd = plan_file(project, json.dumps([TASK | {"depends_on": ["OLD-1"]}]), "odd.json")
    assert "have to be tasks that exist: OLD-1." in run("plan", odd, "--dry-run").out


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
