"""The shell's commands against a real server: waiting costs nothing, brakes hold, and a commit respects what others have reserved."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_client import connected
from tests.support.server_process import ServerProcess, running


def environment(server: ServerProcess, agent: str | None = None) -> dict[str, str]:
    ours = {"TASKACTORS_URL": str(server.data), **({"TASKACTORS_AGENT": agent} if agent else {})}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TASKACTORS_", "GIT_"))}
    identity = {f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return kept | ours | identity


def started(server: ServerProcess, *words: str, agent: str | None = None) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-m", "taskactors", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(server, agent))


def ran(server: ServerProcess, *words: str, agent: str | None = None) -> tuple[int, str, str]:
    with started(server, *words, agent=agent) as command:
        out, errors = command.communicate(timeout=60)
    return command.returncode, out, errors


async def test_a_shell_that_waits_hears_of_work_when_it_comes(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws) as person:
            with started(server, "wait", "--for", "work", "--json", agent="ada") as waiting:
                # It is there before the work is, if the machine is quick; what it says is the same otherwise.
                await person.call("create_task", code="T-1", name="n", description="d")
                out, errors = waiting.communicate(timeout=30)
            assert (waiting.returncode, errors) == (0, "")
            assert json.loads(out)["came"] == "work"
            await person.call("send_message", to="ada", content="hello")
            assert ran(server, "wait", "--for", "mail", agent="ada")[1].startswith("Mail: comment from local")
            assert ran(server, "inbox", agent="ada")[1].count("hello") == 1, "waiting has confirmed nothing"
            code, out, _ = ran(server, "wait", "--for", "mail", "--within", "1", agent="ada")
            assert (code, out) == (1, "Nothing came.\n")


async def test_what_happens_is_shown_as_it_happens(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            with started(server, "tail", "--all", "--count", "3", "--json") as tail:
                await ada.call("create_task", code="T-1", name="n", description="d")
                await ada.call("claim_task", code="T-1")
                out, _ = tail.communicate(timeout=30)
            events: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
            assert [event["kind"] for event in events] == ["agent_registered", "task_created", "task_claimed"]
            assert [event["seq"] for event in events] == [1, 2, 3]


async def test_brakes_are_set_and_let_go_from_the_shell(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            await ada.call("create_task", code="T-1", name="n", description="d")
            assert "Paused: project" in ran(server, "pause", "project", "--reason", "release day")[1]
            code, _, errors = ran(server, "task", "claim", "T-1", agent="ada")
            assert code == 1
            assert "release day" in errors
            assert ran(server, "pause", "project", "--off")[1] == "Nobody is paused.\n"
            assert ran(server, "task", "claim", "T-1", agent="ada")[0] == 0
            assert ran(server, "pause", "project", agent="ada")[0] == 1, "an agent holds nobody back"


def installed(repository: Path) -> "subprocess.CompletedProcess[str]":
    install = [sys.executable, "-P", "-m", "taskactors", "guard", "--install"]
    return subprocess.run(install, cwd=repository, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


async def test_a_commit_that_touches_what_another_has_reserved_is_refused(tmp_path: Path, repository: Path) -> None:
    def commit(file: str, agent: str) -> "subprocess.CompletedProcess[str]":
        (repository / file).parent.mkdir(exist_ok=True)
        (repository / file).write_text(f"by {agent}")
        subprocess.run(["git", "add", file], cwd=repository, check=True)
        return subprocess.run(
            ["git", "commit", "-m", "x"], cwd=repository, capture_output=True, text=True, env=environment(server, agent), check=False
        )

    with running(tmp_path / "data") as server:
        assert installed(repository).returncode == 0
        async with connected(server.ws, "ada") as ada:
            await ada.call("reserve_files", patterns=["src/"])
            refused = commit("src/x y.py", "bob")
            assert refused.returncode == 1
            assert "src/x y.py: ada" in refused.stderr
            assert commit("src/x y.py", "ada").returncode == 0
            assert commit("docs/a.md", "bob").returncode == 0
            assert server.stop() == 0
        again = commit("src/z.py", "bob")
        assert again.returncode == 0
        assert "nothing was checked" in again.stderr


def test_a_hook_that_somebody_wrote_is_kept(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    done = installed(repository)
    assert done.returncode == 1
    assert "there is a hook already" in done.stderr
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
