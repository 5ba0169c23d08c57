"""Backup and restore: whatever was answered before a backup began is there after the loss of everything else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import trio

from tests.support.agent_client import Lost, connected
from tests.support.server_process import ServerProcess, running


def taskactors(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "taskactors", *arguments], capture_output=True, text=True, check=False, timeout=60)


async def worked(url: str, agent: str, answered: list[str]) -> None:
    """Create tasks until the server is gone; what was answered is noted."""
    try:
        async with connected(url, agent) as me:
            while True:
                answered.append((await me.call("create_task", code="WORK", name="n", description="d" * 500))["code"])
    except Lost:
        pass


async def backed_up_under_load(server: ServerProcess, data: Path) -> tuple[dict[str, object], set[str]]:
    answered: list[str] = []
    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(worked, server.ws, f"agent-{number}", answered)
        while len(answered) < 100:
            await trio.lowlevel.checkpoint()
        before = set(answered)
        said = await trio.to_thread.run_sync(taskactors, "backup", "--url", str(data), "--json")
        assert said.returncode == 0, said.stderr
        assert len(answered) > len(before)
        server.kill()
    made: dict[str, object] = json.loads(said.stdout)
    return made, before


async def test_everything_answered_before_a_backup_began_is_there_after_it_is_restored(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as server:
        made, before = await backed_up_under_load(server, data)
    kept = shutil.copytree(str(made["path"]), tmp_path / "kept")
    shutil.rmtree(data)
    restored = taskactors("restore", str(kept), "--data", str(data))
    assert restored.returncode == 0, restored.stderr
    assert "default" in restored.stdout
    verified = taskactors("verify", "--data", str(data))
    assert verified.returncode == 0, verified.stdout
    with running(data) as server:
        async with connected(server.ws) as person:
            found: set[str] = set()
            cursor: dict[str, str] = {}
            while True:
                page = await person.call("list_tasks", limit=100, **cursor)
                found |= {each["code"] for each in page["items"]}
                if "next_cursor" not in page:
                    break
                cursor = {"cursor": page["next_cursor"]}
            assert before <= found
            assert (await person.call("health_check"))["events"] == made["events"]
        in_use = taskactors("restore", str(kept), "--data", str(data))
        assert (in_use.returncode, "in use" in in_use.stderr) == (1, True)


def test_a_damaged_backup_is_refused_and_the_data_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as server:
        made = json.loads(taskactors("backup", "--url", str(data), "--to", str(tmp_path / "backups"), "--json").stdout)
        assert server.stop() == 0
    file = Path(made["path"]) / "data.mdb"
    whole = (data / "projects" / "default" / "data.mdb").read_bytes()
    file.write_bytes(file.read_bytes()[:-4096] + b"x" * 4096)
    refused = taskactors("restore", made["path"], "--data", str(data))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no whole backup" in refused.stderr
    assert (data / "projects" / "default" / "data.mdb").read_bytes() == whole
    nothing = taskactors("restore", str(tmp_path / "nowhere"), "--data", str(data))
    assert "there is no backup" in nothing.stderr


def test_what_a_restore_replaces_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as server:
        made = json.loads(taskactors("backup", "--url", str(data), "--json").stdout)
        taskactors("task", "add", "later", "--url", str(data))
        assert server.stop() == 0
    said = json.loads(taskactors("restore", made["path"], "--data", str(data), "--json").stdout)
    assert (Path(said["replaced"]) / "data.mdb").is_file()
    with running(data):
        assert json.loads(taskactors("task", "list", "--url", str(data), "--json").stdout)["items"] == []
