"""The short commands against a real server over TLS, as from another machine: with its address and a token in the environment."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.cli.conftest import Run
from tests.support.server_process import ServerProcess, running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def board(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("board")
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "pem")
    with running(folder / "data", "--tls-cert", str(folder / "pem"), "--tls-key", str(folder / "pem"), no_auth=False) as server:
        yield server


def http_url(board: ServerProcess) -> str:
    return str(board.facts["http"]).removesuffix("/mcp").replace("127.0.0.1", "localhost")


def local_token(board: ServerProcess) -> str:
    return (board.data / "local.token").read_text().strip()


@pytest.fixture
def elsewhere(board: ServerProcess, authority: trustme.CA, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServerProcess:
    """The same server, from a folder that has nothing of it."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("TASKACTORS_URL", http_url(board))
    monkeypatch.setenv("TASKACTORS_TOKEN", local_token(board))
    return board


def token(run: Run, name: str) -> str:
    return str(json.loads(run("token", "add", name, "--json").out)["token"])


def test_a_day_at_the_shell_of_another_machine(elsewhere: ServerProcess, run: Run, project: Path) -> None:
    assert run("task", "add", "Write the schema", "--code", "DAY-1").out == "DAY-1 Created: Write the schema\n"
    for number in range(2, 5):
        assert run("task", "add", f"Part {number}", "--code", f"DAY-{number}").code == 0
    assert "held by ada with fence 1" in run("task", "claim", "DAY-1", "--agent", "ada").out
    assert run("task", "claim", "DAY-1", "--agent", "bob").code == 1
    assert run("task", "done", "DAY-1", "--agent", "ada", "--summary", "all of it").out == "DAY-1 Done: Write the schema\n"
    assert "all of it" in run("task", "show", "DAY-1").out
    assert run("task", "show", "NOPE-1").code == 1
    page = run("task", "list", "--limit", "2")
    assert "More: --cursor " in page.out
    assert len(json.loads(run("task", "list", "--json").out)["items"]) == 4
    assert "coordinator" in run("agents", "promote", "ada").out
    assert "ada" in run("agents", "list").out
    assert "project default" in run("verify").out
    assert run("pause", "role:docs", "--reason", "not now").code == 0
    assert str(elsewhere.data) in run("backup").out
    assert run("backup", "--to", "there").code == 2
    assert not (project / ".taskactors").exists()


def test_messages_and_waits_of_an_agent_with_its_own_token(elsewhere: ServerProcess, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = token(run, "zoe")
    assert run("send", "zoe", "look at this", "--importance", "high").code == 0
    monkeypatch.setenv("TASKACTORS_TOKEN", secret)
    assert run("wait", "--for", "mail", "--within", "5").out == "Mail: comment from local\n"
    assert "look at this" in run("inbox").out
    assert run("inbox").out == "Nothing new.\n"
    assert run("wait", "--for", "mail", "--within", "1").code == 1
    assert "zoe's" in run("send", "all", "x", "--agent", "bob").err
    assert "for whoever runs the server" in run("verify").err


def test_log_lines_are_kept_while_the_server_cannot_be_reached_and_then_told_once(
    elsewhere: ServerProcess, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKACTORS_TOKEN", "ta_nobody_x")
    kept = run("log", "BACKEND → QA: kept for now")
    assert (kept.code, "kept" in kept.err) == (0, True)
    monkeypatch.setenv("TASKACTORS_TOKEN", local_token(elsewhere))
    assert run("log", "BACKEND → QA: schema is ready").err == ""
    messages = json.loads(run("inbox", "--agent", "qa", "--all", "--json").out)["items"]
    assert [(each["author_agent_name"], each["content"]) for each in messages] == [
        ("role:backend", "kept for now"),
        ("role:backend", "schema is ready"),
    ]
    assert (project / "coordination.log").read_text().count("\n") == 2


def test_a_certificate_that_nobody_trusts_is_said_in_words(elsewhere: ServerProcess, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    name = http_url(elsewhere).replace("localhost", "127.0.0.1")
    other = run("task", "list", "--url", name)
    assert (other.code, "is not trusted" in other.err, "127.0.0.1" in other.err) == (3, True, True)
    monkeypatch.delenv("SSL_CERT_FILE")
    nobody = run("task", "list")
    assert (nobody.code, "is not trusted" in nobody.err, "SSL_CERT_FILE" in nobody.err) == (3, True, True)


def test_without_a_good_token_nothing_is_done(elsewhere: ServerProcess, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKACTORS_TOKEN", "ta_ada_wrong")
    wrong = run("task", "list")
    assert (wrong.code, "unknown" in wrong.err, "wrong" in wrong.err) == (1, True, False)
    monkeypatch.delenv("TASKACTORS_TOKEN")
    assert "TASKACTORS_TOKEN" in run("task", "list").err


def test_the_token_is_in_no_argument_and_what_is_waited_for_comes_through(elsewhere: ServerProcess) -> None:
    """As another process, whose arguments everybody on a machine can read."""
    command = [sys.executable, "-m", "taskactors", "wait", "--for", "news", "--agent", "ida", "--within", "30"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as waiting:
        assert local_token(elsewhere).encode() not in Path(f"/proc/{waiting.pid}/cmdline").read_bytes()
        assert waiting.stdout is not None
        while waiting.poll() is None:
            subprocess.run([sys.executable, "-m", "taskactors", "send", "all", "news"], check=True, capture_output=True)
        assert waiting.stdout.read().startswith("News: message_sent")
        assert waiting.returncode == 0


def test_a_hook_tells_of_mail_of_a_server_elsewhere_once_and_what_it_remembers_is_nobody_else_s(
    elsewhere: ServerProcess, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = token(run, "hal")
    run("send", "hal", "look at this")
    monkeypatch.setenv("TASKACTORS_TOKEN", secret)
    for told in (True, False):
        monkeypatch.setattr("sys.stdin", io.StringIO('{"hook_event_name": "Stop"}'))
        hook = run("inbox", "--hook", "--agent", "hal")
        assert (hook.code, "look at this" in hook.out) == (0, told)
    made = [project / ".taskactors", *(project / ".taskactors").rglob("*")]
    assert any("localhost" in path.name for path in made)
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}
    assert list(project.rglob(".gitignore"))
