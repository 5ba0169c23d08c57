"""The doctor: what is well is said to be, and each fault is found, told with a remedy, and never waited for without end."""

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from taskactors.actors.workspace.connections import MCP_CLIENTS
from taskactors.cli import checks, connecting
from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer
from tests.support.server_process import ServerProcess, running

Found = dict[str, dict[str, str]]


@pytest.fixture
def real(project: Path) -> Iterator[ServerProcess]:
    with running(project / ".taskactors", "--http-port", "0", no_auth=False) as server:
        yield server


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a test can wait for."""
    monkeypatch.setattr(checks, "WITHIN_S", 0.3)
    monkeypatch.setattr(connecting, "WITHIN_S", 0.3)
    monkeypatch.setattr(connecting, "ROUND_TRIP_WITHIN_S", 0.3)


def examined(run: Run, *argv: str) -> tuple[int, Found]:
    ran = run("doctor", "--json", *argv)
    answer = json.loads(ran.out)
    assert answer["ok"] == (ran.code == 0)
    found = {check["name"]: check for check in answer["checks"]}
    assert all(each["remedy"] for each in found.values() if each["level"] != "ok")
    return ran.code, found


def levels(found: Found) -> dict[str, str]:
    return {name: check["level"] for name, check in found.items()}


def test_a_server_that_is_well_has_no_problem(real: ServerProcess, run: Run) -> None:
    code, found = examined(run)
    assert code == 0
    wanted = ["data folder", "lock", "server.json", "control socket", "ws port", "http port", "version", "local.token"]
    assert list(found) == [*wanted, "token", "disk", "clock", "health", "backup", "MCP over WebSocket", "MCP over HTTP"]
    # How much space the tester has, and whether the first backup is made yet, is not the server's doing.
    assert {name for name, level in levels(found).items() if level != "ok"} <= {"disk", "backup"}
    assert str(real.process.pid) in found["lock"]["said"]
    assert all("healthy" in found[name]["said"] for name in ("MCP over WebSocket", "MCP over HTTP"))
    shown = run("doctor").out
    assert "ok       control socket: answered in" in shown


def test_a_wrong_token_is_told_wherever_it_is_shown(real: ServerProcess, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKACTORS_TOKEN", "ta_wrong")
    code, found = examined(run)
    assert code == 1
    assert {name for name, level in levels(found).items() if level == "problem"} == {"token", "MCP over WebSocket", "MCP over HTTP"}
    for name in ("MCP over WebSocket", "MCP over HTTP"):
        assert "401" in found[name]["said"]
        assert "local.token" in found[name]["remedy"]


def test_a_token_that_others_can_read_is_a_problem(real: ServerProcess, run: Run) -> None:
    (real.data / "local.token").chmod(0o644)
    code, found = examined(run)
    assert (code, found["local.token"]["level"]) == (1, "problem")
    assert "chmod 600" in found["local.token"]["remedy"]


def test_a_data_folder_that_others_can_look_into_is_a_warning(real: ServerProcess, run: Run) -> None:
    real.data.chmod(0o755)
    code, found = examined(run)
    assert (code, found["data folder"]["level"]) == (0, "warning")


def test_a_server_without_tokens_passes_with_a_warning(run: Run, project: Path) -> None:
    with running(project / ".taskactors", "--http-port", "0"):
        code, found = examined(run)
    assert code == 0
    assert levels(found)["local.token"] == "warning"
    assert found["token"]["said"] == "none is needed over HTTP"


def test_a_stopped_server_is_told_from_a_killed_one(real: ServerProcess, run: Run) -> None:
    real.kill()
    code, killed = examined(run)
    assert code == 1
    assert (killed["lock"]["level"], killed["server.json"]["level"]) == ("warning", "warning")
    assert "stale" in killed["server.json"]["said"]
    assert {
        killed[name]["level"] for name in ("control socket", "ws port", "http port", "token", "MCP over WebSocket", "MCP over HTTP")
    } == {"problem"}
    with running(real.data) as again:
        assert again.stop() == 0
    code, stopped = examined(run)
    assert code == 1
    assert stopped["server.json"]["level"] == "ok"
    assert "ws port" not in stopped
    assert "taskactors serve" in stopped["control socket"]["remedy"]


@pytest.mark.usefixtures("hasty")
def test_a_server_that_hangs_is_not_waited_for(real: ServerProcess, run: Run) -> None:
    os.kill(real.process.pid, signal.SIGSTOP)
    try:
        code, found = examined(run)
    finally:
        os.kill(real.process.pid, signal.SIGCONT)
    assert code == 1
    assert "hangs" in found["control socket"]["said"]
    assert found["lock"]["level"] == "ok"
    assert {found[name]["level"] for name in ("token", "MCP over WebSocket", "MCP over HTTP")} == {"problem"}
    assert "no answer within" in found["MCP over WebSocket"]["said"]


def test_where_there_was_never_a_server_one_line_says_so(run: Run) -> None:
    ran = run("doctor")
    assert ran.code == 1
    assert ran.out.startswith("problem  data folder: no server was ever started")
    assert "taskactors serve" in ran.out


def test_a_number_that_another_process_has_by_now_is_no_server(server: FakeServer, run: Run) -> None:
    (server.data / "server.lock").write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": "then"}))
    _, found = examined(run)
    assert found["lock"]["level"] == "warning"
    assert "another process" in found["lock"]["said"]
    assert found["server.json"]["level"] == "warning"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 50_000, '{"pid": "x", "ws": 3, "version": null}', '{"ws": "ws://[", "http": "http://x:99999"}']
)
def test_a_damaged_note_is_told_and_ends_nothing(text: str, server: FakeServer, run: Run) -> None:
    (server.data / "server.json").write_text(text)
    code, found = examined(run)
    assert code == 1
    assert found["server.json"]["level"] != "ok"


def health(**facts: Any) -> dict[str, Any]:
    return {"status": "healthy", "timestamp": "2020-01-01T00:00:00Z", "total_tasks": 1, "uptime_s": 5} | facts


def test_an_unhealthy_server_with_another_clock_and_an_old_backup_is_told(server: FakeServer, run: Run) -> None:
    told = health(status="unhealthy", fault="the disk is full", backup={"last": "2020-01-01T00:00:00Z"})
    server.answers["health_check"] = lambda params: told
    _, found = examined(run)
    assert "the disk is full" in found["health"]["said"]
    assert (found["health"]["level"], found["clock"]["level"], found["backup"]["level"]) == ("problem", "warning", "warning")
    server.answers["health_check"] = lambda params: {}
    _, found = examined(run)
    assert (found["health"]["level"], found["clock"]["level"], found["backup"]["level"]) == ("problem", "warning", "warning")


def test_another_version_is_a_warning(server: FakeServer, run: Run) -> None:
    (server.data / "server.json").write_text(json.dumps({"pid": 1, "version": "0.0.1\x1b[2J"}))
    shown = run("doctor").out
    assert "warning  version: the server is 0.0.1\\x1b[2J" in shown


@pytest.mark.parametrize(("free", "level"), [(10 << 30, "ok"), (100 << 20, "warning"), (1 << 20, "problem")])
def test_a_disk_that_fills_up_is_told_in_time(free: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        def __init__(self, path: str) -> None:
            self.free = free

    monkeypatch.setattr(shutil, "disk_usage", Usage)
    assert checks.disk(str(tmp_path)).level == level


def test_of_a_server_elsewhere_only_the_connection_is_looked_at(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    code, found = examined(run, "--url", f"ws://127.0.0.1:{port}/mcp")
    assert code == 1
    assert levels(found) == {"server": "warning", "MCP over WebSocket": "problem"}
    code, found = examined(run, "--url", f"http://127.0.0.1:{port}/mcp")
    assert code == 1
    assert levels(found) == {"server": "warning", "MCP over HTTP": "problem"}


def test_a_server_that_listens_everywhere_is_reached_from_here() -> None:
    assert checks.here("ws://0.0.0.0:8765/mcp?agent=ada") == "ws://127.0.0.1:8765/mcp?agent=ada"
    assert checks.here("http://[::]:80/mcp") == "http://[::1]:80/mcp"
    assert checks.here("wss://host/mcp") == "wss://host/mcp"


def test_a_certificate_that_is_not_trusted_is_told_from_a_server_that_does_not_answer(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = [project / name for name in ("cert.pem", "key.pem", "ca.pem")]
    certificate.cert_chain_pems[0].write_to_path(files[0])
    certificate.private_key_pem.write_to_path(files[1])
    authority.cert_pem.write_to_path(files[2])
    tls = ["--tls-cert", str(files[0]), "--tls-key", str(files[1])]
    with running(project / ".taskactors", "--http-port", "0", *tls, no_auth=False):
        code, found = examined(run)
        over_tls = ("token", "MCP over WebSocket", "MCP over HTTP")
        assert code == 1
        assert all("SSL_CERT_FILE" in found[name]["remedy"] for name in over_tls)
        monkeypatch.setenv("SSL_CERT_FILE", str(files[2]))
        code, found = examined(run)
        assert code == 0
        assert {levels(found)[name] for name in over_tls} == {"ok"}


@pytest.fixture
def known(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """A server whose addresses are known, and a command that is there."""
    facts = {"pid": 1, "ws": "ws://127.0.0.1:8765/mcp", "http": "http://127.0.0.1:8766/mcp"}
    (server.data / "server.json").write_text(json.dumps(facts))
    # Nothing listens there, and none of these tests is about that.
    monkeypatch.setattr("taskactors.cli.doctor._round_trip", lambda url, token: checks.Check("round trip", checks.OK, url))
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name == "taskactors" else None)
    return server


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("client", MCP_CLIENTS)
@pytest.mark.parametrize("via", ["bridge", "http"])
def test_what_connect_wrote_leads_to_this_server(client: str, via: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _, before = examined(run)
    assert not [name for name in before if "configuration" in name]
    monkeypatch.setenv("TASKACTORS_TOKEN", "ta_x")
    run("connect", client, "--via", via, "--write")
    _, found = examined(run)
    assert levels(found)[f"{client} configuration"] == "ok"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("entry", "level", "said"),
    [
        ({"command": "gone", "args": ["bridge"]}, "problem", "gone is not there"),
        ({"command": "taskactors", "args": ["serve"]}, "warning", "no bridge"),
        ({"command": "taskactors", "args": ["bridge", "--url", "/elsewhere"]}, "warning", "/elsewhere"),
        ({"command": "taskactors", "args": ["bridge", "--url", "ws://127.0.0.1:1/mcp"]}, "warning", "where this server is not"),
        ({"type": "ws", "url": "ws://127.0.0.1:8766/mcp"}, "warning", "where this server is not"),
        ({"type": "ws", "url": "ws://localhost:8765/mcp?agent=ada"}, "ok", "leads to this server"),
        ({"type": "ws", "url": "ws://127.0.0.1:8765/mcp", "headers": {"A": "${TASKACTORS_TOKEN}"}}, "warning", "not set in this shell"),
        ({"url": ["x"]}, "warning", "where this server is not"),
    ],
)
def test_a_client_that_is_led_elsewhere_is_told(entry: Any, level: str, said: str, run: Run, project: Path) -> None:
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"other": {}, "taskactors": entry}}))
    _, found = examined(run)
    assert found["claude configuration"]["level"] == level
    assert said in found["claude configuration"]["said"]


@pytest.mark.usefixtures("known")
def test_a_clients_file_that_cannot_be_read_is_told_with_its_line(run: Run, project: Path) -> None:
    (project / ".mcp.json").write_text('{\n"mcpServers": }')
    (project / ".cursor").write_text("a file where a folder should be")
    _, found = examined(run)
    assert "line 2" in found["claude configuration"]["said"]
    assert found["cursor configuration"]["level"] == "warning"
