"""Metrics: what a real server says of itself is true, and grows with the server and not with its clients."""

from pathlib import Path

import httpx2
import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from tests.support.agent_client import Refused, connected
from tests.support.server_process import ServerProcess, running


async def figures(server: ServerProcess) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    async with httpx2.AsyncClient() as client:
        reply = await client.get(str(server.facts["http"]).replace("/mcp", "/metrics"))
    assert reply.status_code == 200
    families = text_string_to_metric_families(reply.text)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples}


def of(found: dict[tuple[str, tuple[tuple[str, str], ...]], float], name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


async def test_calls_events_and_commits_are_counted_for_what_they_were(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            before = await figures(server)
            await ada.call("create_task", code="ONE-1", name="one", description="to be done")
            await ada.call("claim_task", code="ONE-1")
            with pytest.raises(Refused, match="NONE-1"):
                await ada.call("claim_task", code="NONE-1")
            after = await figures(server)
            assert of(after, "taskactors_connections", project="default") == 1
        for outcome in ("ok", "not_found"):
            assert of(after, "taskactors_calls_total", project="default", tool="claim_task", outcome=outcome) == 1
        assert of(after, "taskactors_call_seconds_count", tool="claim_task") == 2
        assert of(after, "taskactors_events_total", project="default", kind="task_claimed") == 1
        assert of(after, "taskactors_claim_wait_seconds_count", project="default") == 1
        commits = "taskactors_commit_seconds_count"
        assert of(after, commits, project="default") - of(before, commits, project="default") >= 2
        assert of(after, "taskactors_store_fault", project="default") == 0
        assert of(after, "taskactors_broken_rules", project="default") == 0
        assert of(after, "process_resident_memory_bytes") > 1_000_000


async def test_nothing_that_a_client_makes_up_becomes_a_series(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:

        async def work(number: int) -> None:
            async with connected(server.ws, f"agent-{number}") as agent:
                await agent.call("create_task", code=f"MANY-{number}", name=f"name {number}", description="to be done")
                await agent.request("tools/call", {"name": f"tool_{number}", "arguments": {}})

        await work(0)
        before = await figures(server)
        async with trio.open_nursery() as nursery:
            for number in range(1, 30):
                nursery.start_soon(work, number)
        assert (await figures(server)).keys() == before.keys()


async def test_figures_are_for_those_who_may_look_at_every_project(tmp_path: Path) -> None:
    with running(tmp_path / "data", no_auth=False) as server:
        url = str(server.facts["http"]).replace("/mcp", "/metrics")
        async with httpx2.AsyncClient() as client:
            assert (await client.get(url)).status_code == 401
            local = (server.data / "local.token").read_text().strip()
            rpc, mine = url.replace("/metrics", "/rpc"), {"authorization": f"Bearer {local}"}

            async def token(**wanted: object) -> str:
                made = await client.post(rpc, headers=mine, json={"jsonrpc": "2.0", "id": 1, "method": "admin.add_token", "params": wanted})
                return str(made.json()["result"]["token"])

            some, every = await token(name="some", projects=["web"]), await token(name="every", scope="read")
            assert (await client.get(url, headers={"authorization": f"Bearer {some}"})).status_code == 403
            assert (await client.get(url, headers={"authorization": f"Bearer {every}"})).status_code == 200
