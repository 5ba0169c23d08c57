"""Short commands load the standard library alone, and little of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.fake_http import serving
from tests.cli.fake_server import FakeServer

HEAVY = {
    "trio",
    "attr",
    "attrs",
    "cattrs",
    "mcp",
    "mcp_types",
    "lmdb",
    "msgspec",
    "rich",
    "structlog",
    "anyio",
    "trio_websocket",
    "jsonschema",
    "pydantic",
}

EXAMPLE = str(Path(__file__).parents[2] / "docs" / "examples" / "plan.toml")

PROBE = """
import json, sys
before = set(sys.modules)
from taskactors.cli import main
code = main(sys.argv[1:])
sys.stderr.write("\\n" + json.dumps([code, sorted(set(sys.modules) - before)]))
"""


def loaded_by(*argv: str) -> set[str]:
    """The modules that a command loads on top of what its interpreter starts with."""
    # -S: what other packages' start-up files load is not the command's doing.
    search = [str(Path(__file__).parents[2] / "src")]
    process = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {search!r}\n{PROBE}", *argv], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(process.stderr.splitlines()[-1])
    assert code == 0, process.stderr
    return set(modules)


@pytest.fixture
def team(server: FakeServer) -> FakeServer:
    task = {"code": "A-1", "state": "Done", "name": "x", "description": "x"}
    server.answers |= {
        "send_message": lambda params: {"id": 1, "target_agent_name": "all"},
        "read_inbox": lambda params: {"items": [], "next_cursor": "0"},
        "create_task": lambda params: task,
        "list_tasks": lambda params: {"items": []},
        "get_task_by_code": lambda params: task,
        "claim_task": lambda params: task,
        "release_task": lambda params: task,
        "set_task_state": lambda params: task,
        "plan_tasks": lambda params: {"items": []},
        "get_dependency_graph": lambda params: {"nodes": [], "edges": [], "critical_path": [], "blocked": []},
        "list_agents": lambda params: {"items": []},
        "admin.verify": lambda params: {"clean": True, "findings": []},
    }
    return server


@pytest.mark.parametrize(
    "argv",
    [
        ["log", "BACKEND → QA: x"],
        ["log", "--project", "web", "x"],
        ["send", "all", "x"],
        ["inbox"],
        ["task", "add", "x"],
        ["task", "list"],
        ["task", "show", "A-1"],
        ["task", "claim", "A-1"],
        ["task", "release", "A-1"],
        ["task", "done", "A-1"],
        ["plan", EXAMPLE],
        ["plan", "--graph"],
        ["agents", "list"],
        ["verify"],
    ],
)
def test_a_short_command_loads_the_standard_library_alone(argv: list[str], team: FakeServer) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(*argv)} - {"taskactors"}
    assert loaded.isdisjoint(HEAVY)
    assert loaded <= set(sys.stdlib_module_names)


def test_a_log_line_needs_nothing_that_takes_long_to_load(team: FakeServer) -> None:
    assert loaded_by("log", "BACKEND → QA: x").isdisjoint({"argparse", "json", "re", "enum", "typing", "socket", "pathlib", "datetime"})


def test_a_bridge_loads_no_sdk_for_every_agent_has_one() -> None:
    probe = "import sys; import taskactors.cli.bridge, taskactors.transports.bridge; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = set(process.stdout.split())
    assert "trio_websocket" in loaded
    assert loaded.isdisjoint({"mcp", "mcp_types", "pydantic", "anyio", "lmdb", "structlog", "httpx2"})


def test_the_package_itself_loads_nothing() -> None:
    probe = "import sys; before = set(sys.modules); import taskactors; print(*set(sys.modules) - before)"
    process = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert process.stdout.split() == ["taskactors"]


def test_the_check_itself_sees_what_is_heavy() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        loaded_by("serve", "--host", "127.0.0.1", "--data", "/dev/null/x")


def test_a_short_command_to_a_server_elsewhere_loads_the_standard_library_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as http:
        http.answers["list_tasks"] = {"result": {"items": []}}
        monkeypatch.setenv("TASKACTORS_URL", http.url)
        loaded = {name.partition(".")[0] for name in loaded_by("task", "list")} - {"taskactors"}
    assert loaded.isdisjoint(HEAVY)
    assert loaded <= set(sys.stdlib_module_names)
