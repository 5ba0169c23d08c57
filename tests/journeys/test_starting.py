"""A start: people can connect before anything is loaded that only clients need, and nobody who comes early is forgotten."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import trio

from tests.support import held_back
from tests.support.agent_client import connected
from tests.support.server_process import ServerProcess, running

SDK = ("mcp", "mcp_types", "pydantic", "pydantic_core", "starlette", "anyio")
LATER = (*SDK, "hypercorn", "h11", "h2", "trio_websocket", "wsproto", "jsonschema", "structlog", "rich", "prometheus_client", "httpx2")
"""All that is large, and that nobody needs before a client is there."""

ENDS_WITHIN_S = 30.0


@contextmanager
def without(packages: tuple[str, ...], data: Path) -> Iterator[ServerProcess]:
    """A server that says it is ready while none of these can be loaded."""
    program = (held_back.__file__, ",".join(packages))
    with running(data, "--http-port", "0", program=program, stdin=subprocess.PIPE) as server:
        yield server


def let_in(server: ServerProcess, what: str = "all") -> None:
    assert server.process.stdin is not None
    assert server.process.stdout is not None
    server.process.stdin.write(f"{what}\n".encode())
    server.process.stdin.close()
    assert server.process.stdout.readline() == b"known\n"


def base(server: ServerProcess) -> str:
    return str(server.facts["http"]).removesuffix("/mcp")


async def test_a_server_is_ready_before_it_has_loaded_what_only_clients_need(tmp_path: Path) -> None:
    with without(LATER, tmp_path / "data") as server:
        let_in(server)
        async with connected(server.ws, "ada") as ada:
            await ada.call("create_task", code="A-1", name="x", description="x")
        assert server.stop() == 0
        said = json.loads(server.errors.read_text().splitlines()[-1])
    assert said["collects"] is True
    assert said["frozen"] > 0


async def test_what_needs_no_sdk_is_served_before_there_is_one_and_whoever_needs_it_waits(tmp_path: Path) -> None:
    with without(SDK, tmp_path / "data") as server:
        async with httpx2.AsyncClient(timeout=ENDS_WITHIN_S) as client, trio.open_nursery() as early:
            assert (await client.get(f"{base(server)}/health")).status_code == 200
            call = {"jsonrpc": "2.0", "id": 1, "method": "create_task", "params": {"code": "A-1", "name": "x", "description": "x"}}
            assert "error" not in (await client.post(f"{base(server)}/rpc", json=call)).json()
            listed = [sys.executable, "-m", "taskactors", "task", "list"]
            here = {**os.environ, "TASKACTORS_DATA": str(server.data)}
            assert b"A-1" in (await trio.run_process(listed, capture_stdout=True, env=here)).stdout
            seen: list[str] = []

            async def over_websocket() -> None:
                async with connected(server.ws, "ada") as ada:
                    arrived.release()
                    seen.append((await ada.call("get_task_by_code", code="A-1"))["name"])

            async def over_http() -> None:
                arrived.release()
                hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {**INTRODUCTION}}
                async with client.stream("POST", f"{base(server)}/mcp", json=hello, headers=ACCEPT) as answer:
                    seen.append(str(answer.status_code))

            arrived = trio.Semaphore(0)
            early.start_soon(over_websocket)
            early.start_soon(over_http)
            await arrived.acquire()
            await arrived.acquire()
            # Others are served while they wait, and their turn has not come.
            assert (await client.get(f"{base(server)}/health")).status_code == 200
            assert seen == []
            let_in(server)
        assert sorted(seen) == ["200", "x"]
        assert server.stop() == 0


INTRODUCTION = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.mark.parametrize("missing", ["mcp_types", "hypercorn"])
def test_a_server_that_cannot_load_what_its_clients_need_ends_and_says_so(missing: str, tmp_path: Path) -> None:
    with without((missing,), tmp_path / "data") as server:
        let_in(server, "none")
        assert server.process.wait(ENDS_WITHIN_S) == 1
        assert f"No module named '{missing}" in server.errors.read_text()
        assert not (server.data / "server.json").exists()


def test_a_server_that_is_stopped_while_it_still_loads_stops_as_it_should(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--http-port", "0", "--log-level", "warning") as server:
        assert server.stop() == 0
        assert server.errors.read_text() == ""


def test_the_check_sees_what_is_loaded_too_soon(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="lmdb is loaded where everybody is served"), without(("lmdb",), tmp_path / "data"):
        pass
