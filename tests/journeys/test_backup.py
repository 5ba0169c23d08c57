"""Backup and restore: whatever was answered before a backup began is there after the loss of everything else."""

import json
import shutil
import subprocess
import sys
import time
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
import trio

from taskactors.storage.on_lmdb import open_lmdb
from tests.board.board import Board
from tests.support.agent_client import Lost, Refused, connected
from tests.support.server_process import ServerProcess, running


def taskactors(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "taskactors", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)


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


def test_without_a_server_its_data_is_backed_up_all_the_same_and_the_backup_can_be_checked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as server:
        taskactors("task", "add", "kept", "--url", str(data))
        server.kill()
    made = json.loads(taskactors("backup", "--url", str(data), "--json").stdout)
    assert Path(made["path"]).parent == data / "backups" / "default"
    assert made["sha256"] == sha256((Path(made["path"]) / "data.mdb").read_bytes()).hexdigest()
    for named in (made["path"], f"{made['path']}/data.mdb"):
        whole = taskactors("verify", named)
        assert (whole.returncode, whole.stdout.startswith("Clean")) == (0, True)
    shutil.rmtree(data / "projects")
    assert taskactors("restore", made["path"], "--data", str(data)).returncode == 0
    with running(data):
        assert [each["name"] for each in json.loads(taskactors("task", "list", "--url", str(data), "--json").stdout)["items"]] == ["kept"]


def test_a_damaged_backup_is_found_out_and_what_is_none_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as server:
        assert server.stop() == 0
    made = json.loads(taskactors("backup", "--url", str(data), "--json").stdout)
    file = Path(made["path"]) / "data.mdb"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    damaged = taskactors("verify", made["path"], "--json")
    assert (damaged.returncode, json.loads(damaged.stdout)["clean"]) == (1, False)
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "data.mdb").write_text("no store at all")
    for command in (("verify",), ("restore", "--data", str(data))):
        refused = taskactors(*command, str(tmp_path / "wrong"))
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
    nowhere = taskactors("verify", str(tmp_path / "nowhere"))
    assert (nowhere.returncode, "there is no backup" in nowhere.stderr) == (1, True)
    unknown = taskactors("backup", "--url", str(data), "--project", "other")
    assert (unknown.returncode, "no project other" in unknown.stderr) == (1, True)


def a_hundred_days_ago(data: Path) -> str:
    """What a team did then, in the data folder of a server; returns the cursor of somebody who left in the middle of it."""
    engine = open_lmdb(data / "projects" / "default")
    then = Board(engine=engine, now=int(time.time() * 1000) - 100 * 24 * 3600 * 1000).as_agent("ada")
    then.task("OLD-1", description="log in with a secret of ours")
    cursor = str(then.get_changes(cursor="now")["next_cursor"])
    for number in range(2, 6):
        then.task(f"OLD-{number}")
    engine.close()
    return cursor


async def test_an_older_cursor_after_history_was_dropped_hears_where_to_go_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    old = a_hundred_days_ago(data)
    with running(data) as server:
        async with connected(server.ws, "ada") as ada:
            assert len((await ada.call("get_changes", cursor=old))["items"]) == 4
            said = await trio.to_thread.run_sync(partial(taskactors, given="a secret of ours"), "redact", "--url", str(data))
            assert said.returncode == 0, said.stderr
            kept = await trio.to_thread.run_sync(taskactors, "retain", "--url", str(data), "--keep-events", "1", "--json")
            dropped = json.loads(kept.stdout)
            assert (dropped["dropped"], dropped["first_seq"]) == (6, 7)
            with pytest.raises(Refused) as no:
                await ada.call("get_changes", cursor=old)
            assert (no.value.code, no.value.facts["first_seq"], no.value.facts["missed"]) == ("cursor_expired", 7, 4)
            later = (await ada.call("get_changes", cursor=no.value.facts["next_cursor"]))["items"]
            assert [each["kind"] for each in later] == ["text_redacted", "history_dropped"]
            assert (await ada.call("get_task_by_code", code="OLD-1"))["description"] == "log in with [redacted]"
        server.kill()
    assert taskactors("verify", "--data", str(data)).returncode == 0
    made = json.loads(taskactors("backup", "--url", str(data), "--json").stdout)
    assert b"secret of ours" not in (Path(made["path"]) / "data.mdb").read_bytes()
