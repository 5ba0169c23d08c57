"""A full day of work through the Python SDK 1.x, in an environment that has nothing of ours. Usage: python_day.py URL"""

import asyncio
import json
import sys
import warnings

warnings.simplefilter("ignore")

from mcp import ClientSession  # noqa: E402
from mcp.client.websocket import websocket_client  # noqa: E402
from mcp.shared.exceptions import McpError  # noqa: E402

# fmt: off
NEEDED = {
    "archive_task", "assign_task", "claim_task", "create_main_ai_file", "create_task", "create_task_message",
    "discover_work", "end_work_session", "get_agentic_workflow_description", "get_instructions_for_main_ai_file",
    "get_setup_instructions", "get_task_by_code", "get_task_by_id", "get_task_messages", "get_workspace_manifest",
    "health_check", "list_tasks", "read_inbox", "register_agent", "release_task", "send_message", "set_task_state",
    "start_work_session", "update_task",
}
# fmt: on
"""What a day needs of the server's tools."""


class Day:
    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def ok(self, tool: str, **arguments: object) -> dict:
        result = await self.session.call_tool(tool, arguments)
        assert not result.isError, result.content[0].text
        assert json.loads(result.content[0].text) == result.structuredContent
        return result.structuredContent

    async def refused(self, tool: str, **arguments: object) -> str:
        result = await self.session.call_tool(tool, arguments)
        assert result.isError, result.structuredContent
        return result.content[0].text


async def join(s: Day) -> None:
    """Health, setup, the main file, and two agents on the team."""
    assert (await s.ok("health_check"))["status"] == "healthy"
    assert "register_agent" in (await s.ok("get_setup_instructions", ai_tool_type="claude-code"))["instructions"]
    assert (await s.ok("get_agentic_workflow_description", requested_agent_count=2))["recommended_agent_count"] == 2
    assert (await s.ok("get_instructions_for_main_ai_file"))["file_name"] == "CLAUDE.md"
    assert (await s.ok("create_main_ai_file", content="# Rules\n\n## Claims\n"))["sections"] == ["Rules", "Claims"]
    await s.ok("register_agent", agent_name="backend-1", agent_type="backend", capabilities=["python"], description="writes code")
    await s.ok("register_agent", agent_name="qa-1", agent_type="qa", capabilities=["review"])
    assert {agent["name"] for agent in (await s.ok("get_workspace_manifest"))["agents"]} >= {"backend-1", "qa-1"}


async def plan(s: Day) -> dict:
    """Tasks by whole code and by prefix, found again by every name they go by."""
    arch = await s.ok("create_task", code="ARCH-01", name="Schéma", description="Návrh schématu 数据库", owner_agent_name="backend-1")
    assert (arch["state"], arch["owner_agent_name"]) == ("Created", "backend-1")
    assert (await s.ok("create_task", code="SEC", name="Tokens", description="d", required_capabilities=["python"]))["code"] == "SEC-001"
    assert (await s.ok("create_task", code="SEC", name="More", description="d"))["code"] == "SEC-002"
    assert "duplicate_code" in await s.refused("create_task", code="ARCH-01", name="again", description="d")
    assert "invalid_arguments" in await s.refused("create_task", code="ARCH-02", nam="x")
    assert (await s.ok("get_task_by_id", id=arch["id"]))["code"] == "ARCH-01"
    assert (await s.ok("get_task_by_code", code="ARCH-01"))["description"] == "Návrh schématu 数据库"
    for spelling in ("owner", "owner_agent_name"):
        assert [task["code"] for task in (await s.ok("list_tasks", **{spelling: "backend-1"}))["items"]] == ["ARCH-01"]
    assert len((await s.ok("list_tasks", state="Created"))["items"]) == 3
    return arch


async def work(s: Day, arch: dict) -> None:
    """Discover, claim, ask, answer, finish, archive."""
    found = await s.ok("discover_work", agent_name="backend-1", capabilities=["python"], max_tasks=10)
    assert {task["code"] for task in found["items"]} == {"ARCH-01", "SEC-001", "SEC-002"}
    claimed = await s.ok("claim_task", task_id=arch["id"], agent_name="backend-1")
    assert (claimed["state"], claimed["claim"]["fence"]) == ("InProgress", 1)
    assert "not_claimable" in await s.refused("claim_task", task_id=arch["id"], agent_name="qa-1")
    session = await s.ok("start_work_session", task_id=arch["id"], agent_name="backend-1")
    question = await s.ok(
        "create_task_message",
        task_code="ARCH-01",
        author_agent_name="backend-1",
        target_agent_name="qa-1",
        message_type="question",
        content="Má být klíč číselný? 🔑",
    )
    answer = await s.ok(
        "create_task_message",
        task_code="ARCH-01",
        author_agent_name="qa-1",
        target_agent_name="backend-1",
        message_type="solution",
        content="Ano, číselný.",
        reply_to_message_id=question["id"],
    )
    replies = (await s.ok("get_task_messages", task_code="ARCH-01", reply_to_message_id=question["id"]))["items"]
    assert [(reply["id"], reply["content"]) for reply in replies] == [(answer["id"], "Ano, číselný.")]
    updated = await s.ok("update_task", id=arch["id"], description="Nový popis ✓")
    assert updated["description"] == "Nový popis ✓"
    await s.ok("end_work_session", session_id=session["session_id"], notes="hotovo", productivity_score=0.9)
    assert (await s.ok("set_task_state", id=arch["id"], state="Review"))["state"] == "Review"
    done = await s.ok("set_task_state", id=arch["id"], state="Done")
    assert done["done_at"]
    archived = await s.ok("archive_task", id=arch["id"], confirm=True)
    assert (archived["state"], archived["done_at"]) == ("Archived", done["done_at"])
    assert "invalid_transition" in await s.refused("set_task_state", id=arch["id"], state="Quarantined")


async def give_back(s: Day) -> None:
    """Release, assign, and the inbox."""
    second = (await s.ok("claim_task", code="SEC-002", agent_name="qa-1"))["id"]
    assert "not_holder" in await s.refused("release_task", task_id=second, agent_name="backend-1")
    released = await s.ok("release_task", task_id=second, agent_name="qa-1")
    assert (released["state"], released["owner_agent_name"]) == ("Created", None)
    assert (await s.ok("assign_task", id=second, new_owner="backend-1"))["owner_agent_name"] == "backend-1"
    await s.ok("send_message", to="role:qa", content="Hotovo ✔")
    inbox = await s.ok("read_inbox", agent="qa-1")
    assert [message["content"] for message in inbox["items"]] == ["Má být klíč číselný? 🔑", "Hotovo ✔"]
    assert (await s.ok("read_inbox", agent="qa-1", cursor=inbox["next_cursor"]))["items"] == []
    try:
        await s.session.call_tool("no_such_tool", {})
    except McpError as unknown:
        code = unknown.error.code
    assert code == -32602


async def main(url: str) -> None:
    async with websocket_client(url) as (read, write), ClientSession(read, write) as session:
        negotiated = await session.initialize()
        assert negotiated.serverInfo.name == "taskactors"
        assert {tool.name for tool in (await session.list_tools()).tools} >= NEEDED
        s = Day(session)
        await join(s)
        await work(s, await plan(s))
        await give_back(s)
    print("the day is done")


asyncio.run(main(sys.argv[1]))
