"""Metrics: what a real server says of itself is true, and grows with the server and not with its clients."""

from pathlib import Path

import httpx2
import pytest
import trio
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.agent_client import Refused, connected
from tests.support.fake_front import INITIALIZE, introduced, legacy
from tests.support.server_process import ServerProcess, running

PROMISED = {
    "taskactors_calls": "counter",
    "taskactors_call_seconds": "histogram",
    "taskactors_actor_crashes": "counter",
    "taskactors_actor_restarts": "counter",
    "taskactors_faults": "counter",
    "taskactors_connections": "gauge",
    "taskactors_http_sessions": "gauge",
    "taskactors_clients_turned_away": "counter",
    "taskactors_project_up": "gauge",
    "taskactors_project_healthy": "gauge",
    "taskactors_parked_waiters": "gauge",
    "taskactors_events": "counter",
    "taskactors_claim_wait_seconds": "histogram",
    "taskactors_delivery_seconds": "histogram",
    "taskactors_mailbox_letters": "gauge",
    "taskactors_tasks": "gauge",
    "taskactors_ready_tasks": "gauge",
    "taskactors_oldest_ready_age_seconds": "gauge",
    "taskactors_work_sessions": "gauge",
    "taskactors_batch_units": "histogram",
    "taskactors_commit_seconds": "histogram",
    "taskactors_store_fault": "gauge",
    "taskactors_store_damaged": "gauge",
    "taskactors_broken_rules": "gauge",
    "taskactors_backup_fault": "gauge",
    "taskactors_backup_age_seconds": "gauge",
}
"""Every figure of ours, as the operator's page and its alerts know it."""


async def scraped(server: ServerProcess) -> list[Metric]:
    async with httpx2.AsyncClient() as client:
        reply = await client.get(str(server.facts["http"]).replace("/mcp", "/metrics"))
    assert reply.status_code == 200
    return list(text_string_to_metric_families(reply.text))


async def figures(server: ServerProcess) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = await scraped(server)
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


async def test_every_figure_that_is_promised_is_there_from_the_first_scrape_on_and_says_what_it_is(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        families = {each.name: each for each in await scraped(server) if each.name.startswith("taskactors_")}
        assert {name: each.type for name, each in families.items()} == PROMISED
        assert all(each.documentation for each in families.values())


async def test_what_stands_and_what_arrived_is_told_as_it_is(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
            await bob.call("read_inbox")
            assert of(await figures(server), "taskactors_ready_tasks", project="default") == 0
            for number in range(3):
                await ada.call("create_task", code=f"T-{number}", name="n", description="d")
            await ada.call("claim_task", code="T-0")
            await ada.call("start_work_session", code="T-0")
            await ada.call("send_message", to="bob", content="schema is ready")
            found = await figures(server)
            assert of(found, "taskactors_ready_tasks", project="default") == 2
            assert 0 < of(found, "taskactors_oldest_ready_age_seconds", project="default") < 60
            assert of(found, "taskactors_tasks", project="default", state="InProgress") == 1
            assert of(found, "taskactors_tasks", project="default", state="Done") == 0
            assert of(found, "taskactors_work_sessions", project="default") == 1
            arrived = "taskactors_delivery_seconds_count"
            assert [of(found, arrived, project="default", way=way) for way in ("inbox", "waiter", "push")] == [0, 0, 0]
            await bob.call("read_inbox")
            found = await figures(server)
            assert [of(found, arrived, project="default", way=way) for way in ("inbox", "waiter", "push")] == [1, 0, 0]


async def test_what_a_subscriber_is_told_is_a_delivery_too(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with introduced(server.ws) as peer, connected(server.ws, "ada") as ada:
            await peer.ask(legacy("resources/subscribe", {"uri": "taskactors://tasks"}, "subscribe"))
            await ada.call("create_task", code="T-1", name="n", description="d")
            assert (await peer.next())["method"] == "notifications/resources/updated"
            assert of(await figures(server), "taskactors_delivery_seconds_count", project="default", way="push") == 1


async def test_sessions_over_http_are_counted_while_they_are_open(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        http = str(server.facts["http"])
        async with httpx2.AsyncClient(headers={"accept": "application/json, text/event-stream"}) as client:
            assert of(await figures(server), "taskactors_http_sessions") == 0
            begun = await client.post(http, json=legacy("initialize", INITIALIZE))
            assert of(await figures(server), "taskactors_http_sessions") == 1
            await client.delete(http, headers={"mcp-session-id": begun.headers["mcp-session-id"]})
            assert of(await figures(server), "taskactors_http_sessions") == 0


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
