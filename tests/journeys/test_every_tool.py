"""A week of one team in which every tool is used for what it is there for, over real WebSockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from taskactors.actors.tools import TOOLS
from tests.support.agent_client import AgentClient, Refused, connected
from tests.support.server_process import running

Answer = dict[str, Any]


class Member:
    """One of the team; every tool that it calls is noted."""

    def __init__(self, client: AgentClient, used: set[str]) -> None:
        self._client = client
        self._used = used

    async def call(self, tool: str, **arguments: Any) -> Answer:
        self._used.add(tool)
        return await self._client.call(tool, **arguments)


@asynccontextmanager
async def team(url: str, used: set[str]) -> AsyncIterator[tuple[Member, Member, Member, Member]]:
    """The person, ada who plans, bob who builds and eve who checks."""
    async with AsyncExitStack() as stack:
        members = [Member(await stack.enter_async_context(connected(url, name)), used) for name in (None, "ada", "bob", "eve")]
        person, ada, bob, eve = members
        for member, name, role, can in (
            (ada, "ada", "architect", []),
            (bob, "bob", "backend", ["python"]),
            (eve, "eve", "qa", ["testing"]),
        ):
            await member.call("register_agent", agent_name=name, agent_type=role, role=role, capabilities=can)
        yield person, ada, bob, eve


async def plans(person: Member, ada: Member) -> None:
    steps = [{"id": "build", "name": "Build it"}, {"id": "check", "name": "Check it", "required_capability": "testing"}]
    await ada.call("define_workflow", name="feature", steps=steps)
    planned = await ada.call(
        "plan_tasks",
        tasks=[
            {"ref": "db", "code": "DB-1", "name": "Schema", "description": "users", "role": "backend"},
            {"ref": "api", "code": "API-1", "name": "Login", "description": "POST /login", "depends_on": ["db"], "workflow": "feature"},
        ],
    )
    assert [each["state"] for each in planned["items"]] == ["Created", "WaitingForDependency"]
    await ada.call("create_task", code="DOC-1", name="Guide", description="how to log in", owner_agent_name="eve")
    await ada.call("edit_dependencies", code="DOC-1", add=["API-1"])
    graph = await ada.call("get_dependency_graph")
    assert graph["critical_path"] == ["DB-1", "API-1", "DOC-1"]
    await ada.call("update_task", code="DB-1", priority_score=9, add_labels=["first"])
    assert [each["code"] for each in (await person.call("list_tasks"))["items"]] == ["DOC-1", "API-1", "DB-1"]
    await person.call("set_pause", target="role:backend", paused=True, reason="not before noon")


async def builds(person: Member, bob: Member, eve: Member) -> None:
    with pytest.raises(Refused) as held_back:
        await bob.call("next_task")
    assert held_back.value.code == "paused"
    await person.call("set_pause", target="role:backend", paused=False)
    assert [each["code"] for each in (await bob.call("discover_work"))["items"]] == ["DB-1"]
    task = await bob.call("next_task", reserve=["schema.sql"])
    fence = task["claim"]["fence"]
    session = (await bob.call("start_work_session", code="DB-1"))["session_id"]
    await bob.call("report_progress", code="DB-1", fence=fence, percent=50, note="tables drawn")
    await bob.call("renew_claim", code="DB-1", fence=fence)
    assert not (await eve.call("reserve_files", patterns=["*.sql"], ttl_s=60))["granted"]
    asked = await bob.call("request_help", code="DB-1", question="which encoding?", to="role:qa")
    (question,) = [each for each in (await eve.call("read_inbox"))["items"] if each["message_type"] == "help"]
    await eve.call("create_task_message", task_code="DB-1", content="UTF-8", message_type="answer", reply_to_message_id=question["id"])
    assert [each["content"] for each in (await bob.call("get_task_messages", task_code="DB-1"))["items"]] == ["UTF-8", "which encoding?"]
    assert asked["id"] == question["id"]
    await bob.call("add_knowledge", title="Encoding", body="UTF-8 everywhere", kind="decision", code="DB-1")
    await bob.call("end_work_session", session_id=session)
    done = await bob.call("complete_task", code="DB-1", fence=fence, summary="tables are there", evidence=["schema loads"])
    assert (done["state"], done["unblocked"]) == ("Done", ["API-1"])
    assert (await eve.call("reserve_files", patterns=["*.sql"], ttl_s=60))["granted"]
    assert (await eve.call("release_files", patterns=["*.sql"]))["released"]


async def goes_through_its_steps(ada: Member, bob: Member, eve: Member) -> None:
    await bob.call("claim_task", code="API-1")
    on = await bob.call("advance_task_workflow", code="API-1", fence=1, output="POST /login answers")
    assert on["state"] == "Created"
    checked = await eve.call("next_task")
    assert (checked["code"], checked["context"]["knowledge"][0]["body"]) == ("API-1", "POST /login answers")
    await eve.call("release_task", code="API-1", fence=2, reason="the test machine is down", failure="transient")
    await ada.call("assign_task", code="API-1", new_owner_agent_name="eve")
    await ada.call("update_task", code="API-1", clear=["not_before"])
    await eve.call("claim_task", code="API-1")
    unsure = await eve.call("advance_task_workflow", code="API-1", fence=3, output="one test is flaky", confidence=0.5)
    assert unsure["state"] == "Review"
    assert (await bob.call("review_task", code="API-1", verdict="approve", findings=["rerun it at night"]))["state"] == "Done"


async def hands_over(bob: Member, eve: Member) -> None:
    fence = (await eve.call("claim_task", code="DOC-1"))["claim"]["fence"]
    offer = await eve.call("offer_handoff", code="DOC-1", fence=fence, to="bob", summary="the outline is there", next_steps="write it")
    (mail,) = [each for each in (await bob.call("read_inbox"))["items"] if each["message_type"] == "handoff"]
    assert "the outline is there" in mail["content"]
    taken = await bob.call("answer_handoff", handoff_id=offer["handoff_id"], accept=True)
    assert (taken["claim"]["agent"], taken["claim"]["fence"]) == ("bob", fence + 1)
    await bob.call("set_task_state", code="DOC-1", state="Done")
    await bob.call("archive_task", code="DOC-1", confirm=True)
    await bob.call("send_message", to="all", content="login is done")


async def is_looked_over(person: Member, ada: Member) -> None:
    overview = await person.call("get_project_overview", detail="full")
    assert overview["counts"] == {"Done": 2, "Archived": 1}
    assert {each["name"] for each in (await person.call("list_agents", status="connected"))["items"]} == {"ada", "bob", "eve"}
    assert {each["in"] for each in (await ada.call("search", query="utf"))["items"]} == {"messages", "knowledge"}
    digest = await ada.call("get_changes", digest=True)
    assert {each["code"] for each in digest["items"] if "code" in each} == {"DB-1", "API-1", "DOC-1"}
    assert (await person.call("get_task_by_id", id=1))["code"] == "DB-1"
    assert (await person.call("get_task_by_code", code="db-1"))["result"]["summary"] == "tables are there"
    assert (await person.call("health_check"))["status"] == "healthy"


async def is_set_up(person: Member, root: Path) -> None:
    assert "ws://" in (await person.call("get_setup_instructions", ai_tool_type="claude-code"))["instructions"]
    assert (await person.call("get_agentic_workflow_description"))["workflow_description"]
    content = (await person.call("get_instructions_for_main_ai_file", ai_tool_type="claude-code"))["content"]
    written = await person.call("create_main_ai_file", ai_tool_type="claude-code", content=content)
    assert "taskactors" in (root / written["file_name"]).read_text()
    assert len((await person.call("get_workspace_manifest"))["tools"]) == len(TOOLS)


async def test_a_team_gets_its_work_done_with_every_tool(tmp_path: Path) -> None:
    used: set[str] = set()
    with running(tmp_path / "data", "--root", f"week={tmp_path}") as server:
        async with team(f"{server.ws}/week", used) as (person, ada, bob, eve):
            await plans(person, ada)
            await builds(person, bob, eve)
            await goes_through_its_steps(ada, bob, eve)
            await hands_over(bob, eve)
            await is_looked_over(person, ada)
            await is_set_up(person, tmp_path)
        assert server.stop() == 0
    assert used == set(TOOLS)
