"""The demo as a person runs it: a real server, six real clients, and a summary that holds against what is stored."""

import json
import os
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

from taskactors.demo.example import example_plan
from tests.support.agent_client import connected
from tests.support.server_process import running

PACE = ["--pace", "0.3"]
MARK = "DEMO_OF_A_TEST"

HOPELESS = """
title = "nobody can"
[[task]]
code = "A-1"
name = "n"
description = "d"
minutes = 1
[[task]]
code = "B-1"
name = "n"
description = "d"
depends_on = ["A-1"]
capabilities = ["fly"]
"""


def started(arguments: Sequence[str], mark: str = "") -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")} | {MARK: mark}
    command = [sys.executable, "-m", "taskactors", "demo", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def carried_through(arguments: Sequence[str]) -> tuple[int, str, str]:
    with started(arguments) as demo:
        out, errors = demo.communicate(timeout=100)
    return demo.returncode, out, errors


def left_over(mark: str) -> list[int]:
    """The processes that carry this mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}\0".encode() in (folder / "environ").read_bytes() + b"\0":
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def ended(pid: int) -> bool:
    """Whether a process ends, or has, within the time that a server may take to stop."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 10.0)[0])
    finally:
        os.close(process)


async def stored(url: str) -> tuple[dict[str, str], dict[str, Any]]:
    async with connected(url) as person:
        page = await person.call("list_tasks", limit=100)
        health = await person.call("health_check")
    return {task["code"]: task["state"] for task in page["items"]}, dict(health)


def test_a_team_works_the_example_to_its_end_with_everything_that_goes_wrong_on_the_way(tmp_path: Path) -> None:
    code, out, errors = carried_through(["--json", "--data", str(tmp_path / "data"), *PACE])
    assert (code, errors) == (0, "")
    said = json.loads(out)
    assert said["ok"] is True
    assert set(said["states"].values()) == {"Done", "Archived"}
    assert said["killed"] == said["expired"] == said["sent_back"] == said["blocked"] == said["helped"] == said["put_aside"] == 1
    assert (said["failures"], said["reserved"], said["stood_in_line"]) == (4, 2, 1)
    assert said["handoffs"] == [{"task": "API-04", "from": "ben", "to": "dina"}]
    assert said["handoffs_read"] == 1
    assert said["waits"] >= 6
    assert said["questions"] == said["answers"] == 2
    (taken_over,) = said["takeovers"]
    assert (taken_over["task"], taken_over["from"]) == ("API-03", "mia")
    assert sorted(task for done in said["done_by"].values() for task in done) == sorted(said["states"])
    assert all(said["done_by"].values()), "every agent did something"
    with running(tmp_path / "data") as server:
        states, health = trio.run(stored, server.ws)
        assert states == said["states"]
        assert sum(health["tasks"].values()) == len(states)
    check = [sys.executable, "-m", "taskactors", "verify", "--data", str(tmp_path / "data")]
    verified = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_work_that_nobody_can_do_ends_with_the_reason_for_each_task_and_not_with_success(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(HOPELESS)
    code, out, errors = carried_through([str(plan), *PACE])
    assert (code, errors) == (1, "")
    assert "B-1 needs fly, which nobody on this team can do" in out
    assert "it ended early: nobody can go on" in out
    assert "A-1 " not in out.partition("it ended early")[2]


def test_a_folder_with_tasks_of_others_is_left_alone(tmp_path: Path) -> None:
    async def fill(url: str) -> None:
        async with connected(url) as person:
            await person.call("create_task", code="OURS-1", name="n", description="d")

    with running(tmp_path / "data") as server:
        trio.run(fill, server.ws)
        assert server.stop() == 0
    code, _, errors = carried_through(["--data", str(tmp_path / "data"), *PACE])
    assert code == 1
    assert "there are 1 tasks in" in errors
    with running(tmp_path / "data") as server:
        assert trio.run(stored, server.ws)[0] == {"OURS-1": "Created"}


def test_a_bad_plan_is_refused_before_anything_starts(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(example_plan().read_text().replace('role = "docs"', 'role = "boss"', 1))
    code, out, errors = carried_through([str(plan)])
    assert (code, out) == (2, "")
    first, problem, _ = errors.splitlines()
    assert first == f"taskactors: {plan} is no plan"
    assert problem.startswith("  line ")
    assert "role" in problem


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_demo_that_is_ended_in_the_middle_leaves_no_process_behind(ending: signal.Signals) -> None:
    mark = uuid.uuid4().hex
    with started(PACE, mark) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "claims" in line:
                break
        assert len(left_over(mark)) > 6, "the server and the agents are there"
        demo.send_signal(ending)
        _, errors = demo.communicate(timeout=30)
    assert (demo.returncode, errors) == ((130, "") if ending is signal.SIGINT else (-ending, errors))
    for pid in left_over(mark):
        assert ended(pid), f"process {pid} is still there"
    assert left_over(mark) == []
