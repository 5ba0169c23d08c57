"""Errands: the rest of what agents use on a day, tool by tool. They come after the day, so what is on the board from it is known."""

import pytest

from tests.clients.hands import Agent, ProtocolError

# fmt: off
NEEDED = frozenset({
    "archive_task", "assign_task", "claim_task", "create_main_ai_file", "create_task", "create_task_message",
    "discover_work", "end_work_session", "get_agentic_workflow_description", "get_instructions_for_main_ai_file",
    "get_setup_instructions", "get_task_by_code", "get_task_by_id", "get_task_messages", "get_workspace_manifest",
    "health_check", "list_tasks", "read_inbox", "register_agent", "release_task", "send_message", "set_task_state",
    "start_work_session", "update_task",
})
# fmt: on
"""What a day and its errands need of the server's tools."""


async def run_errands(backend: Agent, qa: Agent) -> None:
    """All of them, in order."""
    await look_around(backend, qa)
    await work(backend, qa, await plan(backend))
    await give_back(backend, qa)


async def look_around(backend: Agent, qa: Agent) -> None:
    """Health, setup, the main file, and two agents on the team."""
    assert (await backend.ok("health_check"))["status"] == "healthy"
    assert "register_agent" in (await backend.ok("get_setup_instructions", ai_tool_type="claude-code"))["instructions"]
    assert (await backend.ok("get_agentic_workflow_description", requested_agent_count=2))["recommended_agent_count"] == 2
    assert (await backend.ok("get_instructions_for_main_ai_file"))["file_name"] == "CLAUDE.md"
    assert (await backend.ok("create_main_ai_file", content="# Rules\n\n## Claims\n"))["sections"] == ["Rules", "Claims"]
    await backend.ok("register_agent", agent_name="backend-1", agent_type="backend", capabilities=["python"], description="writes code")
    await qa.ok("register_agent", agent_name="qa-1", agent_type="qa", capabilities=["review"])
    assert {agent["name"] for agent in (await backend.ok("get_workspace_manifest"))["agents"]} >= {"backend-1", "qa-1"}


async def plan(backend: Agent) -> int:
    """Tasks by whole code and by prefix, found again by every name they go by; the id of the first."""
    arch = await backend.ok("create_task", code="ARCH-01", name="Schéma", description="Návrh schématu 数据库", owner_agent_name="backend-1")
    assert (arch["state"], arch["owner_agent_name"]) == ("Created", "backend-1")
    tokens = await backend.ok("create_task", code="SEC", name="Tokens", description="d", required_capabilities=["python"])
    assert tokens["code"] == "SEC-001"
    assert (await backend.ok("create_task", code="SEC", name="More", description="d"))["code"] == "SEC-002"
    assert "duplicate_code" in await backend.refused("create_task", code="ARCH-01", name="again", description="d")
    assert "invalid_arguments" in await backend.refused("create_task", code="ARCH-02", nam="x")
    assert (await backend.ok("get_task_by_id", id=arch["id"]))["code"] == "ARCH-01"
    assert (await backend.ok("get_task_by_code", code="ARCH-01"))["description"] == "Návrh schématu 数据库"
    for spelling in ("owner", "owner_agent_name"):
        mine = (await backend.ok("list_tasks", **{spelling: "backend-1"}, state="Created"))["items"]
        assert [task["code"] for task in mine] == ["ARCH-01"]
    assert len((await backend.ok("list_tasks", state="Created"))["items"]) == 3
    return int(arch["id"])


async def work(backend: Agent, qa: Agent, arch: int) -> None:
    """Discover, claim, ask, answer, finish, archive."""
    found = await backend.ok("discover_work", agent_name="backend-1", capabilities=["python"], max_tasks=10)
    assert {task["code"] for task in found["items"]} == {"ARCH-01", "SEC-001", "SEC-002"}
    claimed = await backend.ok("claim_task", task_id=arch, agent_name="backend-1")
    assert (claimed["state"], claimed["claim"]["fence"]) == ("InProgress", 1)
    assert "not_claimable" in await qa.refused("claim_task", task_id=arch, agent_name="qa-1")
    session = await backend.ok("start_work_session", task_id=arch, agent_name="backend-1")
    question = await backend.ok(
        "create_task_message",
        task_code="ARCH-01",
        author_agent_name="backend-1",
        target_agent_name="qa-1",
        message_type="question",
        content="Má být klíč číselný? 🔑",
    )
    answer = await qa.ok(
        "create_task_message",
        task_code="ARCH-01",
        author_agent_name="qa-1",
        target_agent_name="backend-1",
        message_type="solution",
        content="Ano, číselný.",
        reply_to_message_id=question["id"],
    )
    replies = (await backend.ok("get_task_messages", task_code="ARCH-01", reply_to_message_id=question["id"]))["items"]
    assert [(reply["id"], reply["content"]) for reply in replies] == [(answer["id"], "Ano, číselný.")]
    updated = await backend.ok("update_task", id=arch, description="Nový popis ✓")
    assert updated["description"] == "Nový popis ✓"
    await backend.ok("end_work_session", session_id=session["session_id"], notes="hotovo", productivity_score=0.9)
    assert (await backend.ok("set_task_state", id=arch, state="Review"))["state"] == "Review"
    done = await qa.ok("set_task_state", id=arch, state="Done")
    assert done["done_at"]
    archived = await backend.ok("archive_task", id=arch, confirm=True)
    assert (archived["state"], archived["done_at"]) == ("Archived", done["done_at"])
    assert "invalid_transition" in await backend.refused("set_task_state", id=arch, state="Quarantined")


async def give_back(backend: Agent, qa: Agent) -> None:
    """Release, assign, the inbox, and a tool that there is not."""
    second = (await qa.ok("claim_task", code="SEC-002", agent_name="qa-1"))["id"]
    assert "not_holder" in await backend.refused("release_task", task_id=second, agent_name="backend-1")
    released = await qa.ok("release_task", task_id=second, agent_name="qa-1")
    assert (released["state"], released["owner_agent_name"]) == ("Created", None)
    assert (await backend.ok("assign_task", id=second, new_owner="backend-1"))["owner_agent_name"] == "backend-1"
    await backend.ok("send_message", to="role:qa", content="Hotovo ✔")
    assert await qa.fresh_mail() == ["Má být klíč číselný? 🔑", "Hotovo ✔"]
    with pytest.raises(ProtocolError) as unknown:
        await backend.hands.call("no_such_tool", {})
    assert unknown.value.code == -32602
