"""Clients are told of the server in their own files, with nothing else there changed and no token written."""

import io
import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from taskactors.actors.workspace.ai_tools import AI_TOOLS, AiTool
from taskactors.actors.workspace.connections import MCP_CLIENTS
from taskactors.actors.workspace.facts import Facts, Surroundings
from taskactors.actors.workspace.setup import setup_instructions
from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer


@pytest.fixture(autouse=True)
def home(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    return folder


def file_of(client: str, project: Path, home: Path) -> Path:
    file = MCP_CLIENTS[client].file
    return home / file[2:] if file.startswith("~/") else project / file


def entry_in(file: Path, servers: str) -> Any:
    text = file.read_text()
    return (tomllib.loads(text) if file.suffix == ".toml" else json.loads(text))[servers]["taskactors"]


@pytest.mark.parametrize("client", MCP_CLIENTS)
def test_a_client_without_a_file_gets_one_that_leads_to_the_bridge(client: str, run: Run, project: Path, home: Path) -> None:
    ran = run("connect", client, "--write", "--agent", "ada", "--profile", "worker", "--project", "web")
    assert (ran.code, ran.err) == (0, "")
    assert "Next: " in ran.out
    entry = entry_in(file_of(client, project, home), MCP_CLIENTS[client].servers)
    words = ["bridge", "--project", "web", "--agent", "ada", "--tools", "worker"]
    assert (entry["command"], entry["args"][: len(words)]) == ("taskactors", words)
    # A file for all projects must not start a server in each of them.
    assert ("--start" in entry["args"]) is (client != "codex")


@pytest.mark.parametrize(
    ("client", "via", "entry"),
    [
        (
            "claude",
            "ws",
            {"type": "ws", "url": "ws://127.0.0.1:8765/mcp/web?agent=ada", "headers": {"Authorization": "Bearer ${TASKACTORS_TOKEN}"}},
        ),
        (
            "claude",
            "http",
            {"type": "http", "url": "http://127.0.0.1:9/mcp/web?agent=ada", "headers": {"Authorization": "Bearer ${TASKACTORS_TOKEN}"}},
        ),
        ("codex", "http", {"url": "http://127.0.0.1:9/mcp/web?agent=ada", "bearer_token_env_var": "TASKACTORS_TOKEN"}),
        (
            "cursor",
            "http",
            {"url": "http://127.0.0.1:9/mcp/web?agent=ada", "headers": {"Authorization": "Bearer ${env:TASKACTORS_TOKEN}"}},
        ),
        (
            "vscode",
            "http",
            {
                "type": "http",
                "url": "http://127.0.0.1:9/mcp/web?agent=ada",
                "headers": {"Authorization": "Bearer ${input:taskactors_token}"},
            },
        ),
    ],
)
def test_over_a_network_the_running_server_is_named_and_the_token_is_not(
    client: str, via: str, entry: dict[str, Any], run: Run, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FakeServer(project / ".taskactors", http="http://127.0.0.1:9/mcp")
    try:
        (server.data / "local.token").write_text("ta_local_secret")
        monkeypatch.setenv("TASKACTORS_TOKEN", "ta_ada_secret")
        ran = run("connect", client, "--via", via, "--agent", "ada", "--project", "web", "--write")
    finally:
        server.stop()
    assert ran.code == 0
    assert "TASKACTORS_TOKEN" in ran.out or "have the token" in ran.out
    file = file_of(client, project, home)
    assert entry_in(file, MCP_CLIENTS[client].servers) == entry
    assert "secret" not in file.read_text() + ran.out
    if client == "vscode":
        assert [each["id"] for each in json.loads(file.read_text())["inputs"]] == ["taskactors_token"]


@pytest.mark.parametrize(
    ("client", "url", "entry"),
    [
        ("claude", "wss://host:8765", {"type": "ws", "url": "wss://host:8765/mcp/web"}),
        ("cursor", "https://host/mcp/", {"url": "https://host/mcp/web"}),
        ("cursor", "wss://host/mcp", {"command": "taskactors", "args": ["bridge", "--url", "wss://host/mcp/web"]}),
        (
            "codex",
            "wss://host/mcp",
            {"command": "taskactors", "args": ["bridge", "--url", "wss://host/mcp/web"], "env_vars": ["TASKACTORS_TOKEN"]},
        ),
    ],
)
def test_a_server_elsewhere_is_reached_the_way_of_its_address(client: str, url: str, entry: dict[str, Any], run: Run) -> None:
    answer = json.loads(run("connect", client, "--url", url, "--project", "web", "--json").out)
    (servers,) = (each for name, each in answer["files"][0]["holds"].items() if name != "inputs")
    assert entry.items() <= servers["taskactors"].items()
    assert any("TASKACTORS_TOKEN" in step for step in answer["next"])


@pytest.mark.parametrize(
    "argv",
    [
        ["cursor", "--via", "ws"],
        ["codex", "--via", "http", "--url", "wss://host/mcp"],
        ["claude", "--via", "bridge", "--url", "https://host/mcp"],
        ["claude", "--url", "ftp://host"],
        ["claude", "--url", "ws://["],
        ["claude", "--url", "wss://ta_secret@host/mcp"],
        ["claude", "--url", "https://ada:ta_secret@host/mcp"],
        ["claude", "--url", "wss://host/mcp/web?agent=ada"],
        ["claude", "--agent", "Not A Name"],
        ["claude", "--project", "../up"],
        ["cursor", "--hooks"],
        ["claude", "--hooks", "--url", "wss://host/mcp"],
    ],
)
def test_what_cannot_be_is_wrong_usage_and_writes_nothing(argv: list[str], run: Run, project: Path, home: Path) -> None:
    ran = run("connect", *argv, "--write")
    assert (ran.code, ran.out) == (2, "")
    assert "ta_secret" not in ran.err
    assert [each.name for each in project.iterdir()] == [".git"]
    assert list(home.iterdir()) == []


CODEX = """# mine
model = "x"

[mcp_servers.other]  # keep
command = "y"

[tui]
theme = 'z'
"""


def test_toml_keeps_what_is_a_persons_own(run: Run, home: Path) -> None:
    file = home / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text(CODEX)
    file.chmod(0o600)
    assert run("connect", "codex", "--write").code == 0
    after = file.read_text()
    ours = '[mcp_servers.taskactors]\ncommand = "taskactors"\nargs = ["bridge"]\n'
    assert ours in after
    assert after.replace(ours, "").split() == CODEX.split()
    assert tomllib.loads(after)["mcp_servers"]["other"] == {"command": "y"}
    assert file.stat().st_mode & 0o777 == 0o600
    kept = file.with_name("config.toml.before-taskactors")
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (CODEX, 0o600)


@pytest.mark.parametrize("client", MCP_CLIENTS)
def test_once_more_changes_nothing_and_another_way_replaces_the_first(client: str, run: Run, project: Path, home: Path) -> None:
    file = file_of(client, project, home)
    run("connect", client, "--write")
    first, when = file.read_text(), file.stat().st_mtime_ns
    again = run("connect", client, "--write")
    assert "says so already" in again.out
    assert (file.read_text(), file.stat().st_mtime_ns) == (first, when)
    assert not file.with_name(file.name + ".before-taskactors").exists()
    run("connect", client, "--write", "--via", "http")
    assert "command" not in entry_in(file, MCP_CLIENTS[client].servers)
    assert file.with_name(file.name + ".before-taskactors").read_text() == first
    assert {each.name for each in file.parent.iterdir()} <= {file.name, file.name + ".before-taskactors", ".git"}


@pytest.mark.parametrize(
    ("client", "text", "line"),
    [
        ("claude", b'{\n"mcpServers": {,}\n}', 2),
        ("claude", b'// no comments here\n{"mcpServers": {}}', 1),
        ("vscode", b'{\n// fine\n"servers": []}', 3),
        ("codex", b"a = 1\nb = = 2\n", 2),
        ("codex", b"mcp_servers = 3\n", 1),
        ("cursor", b"\xff\xfe{}", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_left_alone_with_its_line_told(
    client: str, text: bytes, line: int, run: Run, project: Path, home: Path
) -> None:
    file = file_of(client, project, home)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text)
    ran = run("connect", client, "--write")
    assert (ran.code, ran.out) == (1, "")
    assert str(file) in ran.err
    assert f"line {line}" in ran.err
    assert file.read_bytes() == text


def test_a_file_that_is_a_link_stays_one(run: Run, home: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('model = "x"\n')
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").symlink_to(real)
    assert run("connect", "codex", "--write").code == 0
    assert (home / ".codex" / "config.toml").is_symlink()
    assert "taskactors" in tomllib.loads(real.read_text())["mcp_servers"]


def hooks_in(file: Path, event: str) -> list[str]:
    return [each["command"] for group in json.loads(file.read_text())["hooks"][event] for each in group["hooks"]]


@pytest.mark.parametrize(("client", "name"), [("claude", ".claude/settings.json"), ("codex", ".codex/hooks.json")])
def test_hooks_stand_beside_a_persons_own_once(client: str, name: str, run: Run, project: Path) -> None:
    file = project / name
    file.parent.mkdir()
    mine = {"model": "x", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}], "Other": []}}
    file.write_text(json.dumps(mine, indent=2))
    for agent in ("ada", "bob"):
        assert run("connect", client, "--hooks", "--write", "--agent", agent).code == 0
        ours = f"taskactors inbox --hook --agent {agent}"
        assert hooks_in(file, "Stop") == [ours, "mine"]
        assert hooks_in(file, "UserPromptSubmit") == [ours]
    assert json.loads(file.read_text())["model"] == "x"


def test_hooks_that_cannot_be_merged_leave_the_servers_file_alone_too(run: Run, project: Path) -> None:
    (project / ".claude").mkdir()
    (project / ".claude" / "settings.json").write_text("{")
    assert run("connect", "claude", "--hooks", "--write").code == 1
    assert not (project / ".mcp.json").exists()


def test_the_hook_that_is_installed_tells_of_mail(server: FakeServer, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = {"id": 1, "message_type": "question", "author_agent_name": "bob", "content": "ready?"}
    server.answers["read_inbox"] = lambda params: {"items": [mail], "next_cursor": "1"}
    run("connect", "claude", "--hooks", "--write", "--agent", "ada", "--url", str(server.data))
    (command,) = hooks_in(project / ".claude" / "settings.json", "Stop")
    program, *words = shlex.split(command)
    monkeypatch.setattr("sys.stdin", io.StringIO('{"hook_event_name": "Stop"}'))
    assert program == "taskactors"
    assert "from bob: ready?" in json.loads(run(*words).out)["reason"]
    assert server.around[-1]["agent"] == "ada"


def test_from_a_folder_further_down_the_projects_own_file_is_written(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = project / "src" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    run("connect", "claude", "--write")
    assert (project / ".mcp.json").exists()


def test_printed_only_nothing_is_written_and_what_is_printed_is_what_would_be(run: Run, project: Path, home: Path) -> None:
    shown = run("connect", "codex").out
    assert list(home.iterdir()) == []
    run("connect", "codex", "--write")
    assert (home / ".codex" / "config.toml").read_text().strip() in shown


@pytest.mark.parametrize("tool", [tool for tool in AI_TOOLS.values() if tool.client])
def test_setup_instructions_tell_what_connect_would_write(tool: AiTool, run: Run) -> None:
    assert tool.client is not None
    servers = {"ws": "ws://127.0.0.1:9/mcp", "http": "http://127.0.0.1:10/mcp"}
    urls = {f"{way}_url": f"{url}/web" for way, url in servers.items()}
    around = Surroundings(**urls, project="web", version="1", root=None, tools={})
    setup = setup_instructions(Facts(around=around, roster=(), counts={}, ready=0), tool.name)
    assert setup["configs"].keys() == set(tool.client.ways)
    for way, text in setup["configs"].items():
        assert text in setup["instructions"]
        told = (tomllib.loads if tool.client.is_toml else json.loads)(text.replace("YOUR-NAME", "ada"))
        url = ["--url", servers[way]] if way in servers else []
        asked = run("connect", tool.client.name, "--via", way, "--project", "web", "--agent", "ada", "--json", *url)
        holds = json.loads(asked.out)["files"][0]["holds"]
        # Whoever reads instructions of a server needs none started.
        words = holds[tool.client.servers]["taskactors"].get("args", [])
        words[:] = [word for word in words if word != "--start"]
        assert holds == told
