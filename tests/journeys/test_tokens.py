"""Tokens, on a real server: who has a good one gets what it allows, and everybody else gets nothing."""

import contextlib
import itertools
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import trio
import trustme
from trio_websocket import ConnectionClosed, open_websocket_url

from tests.support.agent_client import AgentClient, Lost, Refused, connected
from tests.support.server_process import ServerProcess, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("guarded") / "data", no_auth=False) as server:
        yield server


def command(server: ServerProcess, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "taskactors", *words],
        env={**os.environ, "TASKACTORS_DATA": str(server.data), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


_names = itertools.count(1)


def made(server: ServerProcess, *options: str, name: str | None = None) -> dict[str, Any]:
    """A new token, of somebody nobody else is unless a name is given."""
    ran = command(server, "token", "add", name or f"agent-{next(_names)}", "--json", *options)
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def local(server: ServerProcess) -> str:
    return (server.data / "local.token").read_text().strip()


async def turned_away(url: str, token: str | None = None) -> int:
    """The status with which the handshake of a WebSocket is answered; 101 lets it in."""
    parts = urlsplit(url)
    lines = [
        f"GET {parts.path}?{parts.query} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    async with await trio.open_tcp_stream(parts.hostname or "", parts.port or 0) as stream:
        await stream.send_all("\r\n".join([*lines, "", ""]).encode())
        return int((await stream.receive_some()).split(b" ")[1])


async def rpc(server: ServerProcess, method: str, token: str | None = None, **params: Any) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient() as client:
        url = str(server.facts["http"]).replace("/mcp", "/rpc")
        reply = await client.post(url, headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return reply.status_code, reply.json() if reply.status_code == 200 else reply.text


async def test_without_a_good_token_no_door_opens(server: ServerProcess) -> None:
    revoked = made(server)
    assert command(server, "token", "revoke", revoked["id"]).returncode == 0
    for token in (None, "ta_ada_nonsense", revoked["token"]):
        assert await turned_away(server.ws, token) == 401
        assert (await rpc(server, "create_task", token, code="NOT-1", name="never", description="never"))[0] == 401
        async with httpx2.AsyncClient() as client:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
            assert (await client.post(str(server.facts["http"]), json=body, headers=headers)).status_code == 401
    async with connected(server.ws, token=local(server)) as person:
        with pytest.raises(Refused) as no:
            await person.call("get_task_by_code", code="NOT-1")
        assert no.value.code == "not_found"


async def test_an_agent_acts_as_itself_alone(server: ServerProcess) -> None:
    ada = made(server, "--role", "qa")
    assert await turned_away(f"{server.ws}?agent=somebody-else", ada["token"]) == 403
    async with connected(server.ws, token=ada["token"]) as client:
        await client.call("create_task", code="SELF-1", name="mine", description="to be done")
        claimed = await client.call("claim_task", code="SELF-1")
        assert claimed["owner_agent_name"] == ada["name"]
        with pytest.raises(Refused) as no:
            await client.call("claim_task", code="SELF-1", agent_name="bob")
        assert no.value.code == "not_allowed"
        (me,) = [each for each in (await client.call("list_agents"))["items"] if each["name"] == ada["name"]]
        assert me["role"] == "qa"


async def test_whoever_may_only_read_changes_nothing(server: ServerProcess) -> None:
    reader = made(server, "--scope", "read")
    async with connected(server.ws, token=reader["token"]) as client:
        before = (await client.call("get_changes", cursor="latest", limit=1))["next_cursor"]
        for tool, arguments in {
            "create_task": {"code": "READ-1", "name": "never", "description": "never"},
            "register_agent": {"agent_name": reader["name"]},
            "send_message": {"to": "all", "content": "hello"},
            "next_task": {},
            "set_pause": {"target": "project", "paused": True},
        }.items():
            with pytest.raises(Refused) as no:
                await client.call(tool, **arguments)
            assert no.value.code == "not_allowed"
        assert (await client.call("list_tasks", limit=1)) is not None
        assert (await client.call("get_changes", cursor=before, limit=1))["items"] == []


async def test_a_token_opens_only_the_projects_it_is_for(server: ServerProcess) -> None:
    it = made(server, "--for-project", "web")
    assert await turned_away(server.ws, it["token"]) == 403
    async with connected(f"{server.ws}/web", token=it["token"]) as client:
        assert (await client.call("health_check"))["status"] == "healthy"


async def test_revoking_a_token_closes_what_was_opened_with_it_and_nothing_else(server: ServerProcess) -> None:
    gone, stays = made(server), made(server)
    async with connected(server.ws, token=stays["token"]) as other:
        async with connected(server.ws, token=gone["token"]) as client:
            await client.call("health_check")
            async with trio.open_nursery() as nursery:

                async def waits() -> None:
                    with pytest.raises(Lost):
                        await client.call("read_inbox", wait_s=40)

                nursery.start_soon(waits)
                await trio.to_thread.run_sync(command, server, "token", "revoke", gone["name"])
            assert client.socket.closed is not None
            assert client.socket.closed.code == 1008
            with pytest.raises(ConnectionClosed):
                await client.socket.send_message("{}")
        assert (await other.call("health_check"))["status"] == "healthy"
    assert await turned_away(server.ws, gone["token"]) == 401


async def test_a_session_over_http_belongs_to_the_token_that_opened_it(server: ServerProcess) -> None:
    ada, eve = made(server), made(server)
    url = str(server.facts["http"])
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    accept = {"accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=accept) as client:
        mine = {"authorization": f"Bearer {ada['token']}"}
        opened = await client.post(url, headers=mine, json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about})
        assert opened.status_code == 200
        session = {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
        assert (await client.post(url, headers=mine | session, json=listing)).status_code == 200
        hers = {"authorization": f"Bearer {eve['token']}"}
        assert (await client.post(url, headers=hers | session, json=listing)).status_code == 404
        assert (await client.post(url, headers=session, json=listing)).status_code == 401
        await trio.to_thread.run_sync(command, server, "token", "revoke", ada["id"])
        assert (await client.post(url, headers=mine | session, json=listing)).status_code == 401


async def test_only_whoever_runs_the_server_gives_out_tokens(server: ServerProcess) -> None:
    agent, person = made(server, "--scope", "admin"), made(server, "--person")
    for token in (agent["token"], person["token"]):
        _, reply = await rpc(server, "admin.add_token", token, name="eve", scope="admin")
        assert reply["error"]["code"] == -32601
    _, reply = await rpc(server, "admin.add_token", local(server), name="zoe")
    assert reply["result"]["token"].startswith("ta_zoe_")
    assert command(server, "token", "add", "eve", "--agent", agent["name"]).returncode == 1


async def test_health_says_no_more_than_that_to_those_without_a_token(server: ServerProcess) -> None:
    url = str(server.facts["http"]).replace("/mcp", "/health")
    async with httpx2.AsyncClient() as client:
        assert (await client.get(url)).json() == {"status": "healthy"}
        assert "version" in (await client.get(url, headers={"authorization": f"Bearer {local(server)}"})).json()


def test_the_bridge_finds_the_token_of_this_machine_by_itself(server: ServerProcess) -> None:
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    environment = {**os.environ, "TASKACTORS_DATA": str(server.data)}
    with subprocess.Popen(
        [sys.executable, "-m", "taskactors", "bridge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        bridge.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}) + "\n")
        bridge.stdin.flush()
        assert json.loads(bridge.stdout.readline())["result"]["serverInfo"]["name"] == "taskactors"
        bridge.stdin.close()


def test_tokens_are_made_before_the_server_first_serves_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, no_auth=False) as server:
        server.stop()
        token = made(server, name="early")["token"]
    with running(data, no_auth=False) as server:
        assert trio.run(turned_away, server.ws, token) == 101


def test_no_token_is_in_anything_that_a_server_writes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, "--log-level", "debug", no_auth=False) as server:
        tokens = [made(server)["token"], local(server), "ta_eve_" + "x" * 43]

        async def used() -> None:
            for token in tokens:
                await turned_away(server.ws, token)
                await turned_away(f"{server.ws}?token={token}", token)
                await rpc(server, token, token, code=1)
                await rpc(server, "admin.add_token", token, name="Nobody!")

        trio.run(used)
        server.stop()
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "local.token"]
    assert any(path.name.endswith(".stderr") for path in written)
    for token in tokens:
        for path in written:
            assert token.split("_", 2)[2].encode() not in path.read_bytes(), path


async def test_over_tls_every_way_in_is_the_same_and_without_it_there_is_none(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    cert, key, trusted = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    for chain in issued.cert_chain_pems:
        chain.write_to_path(cert, append=True)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(trusted)
    context = ssl.create_default_context(cafile=str(trusted))
    with running(tmp_path / "data", "--tls-cert", str(cert), "--tls-key", str(key), no_auth=False) as server:
        assert (server.ws[:6], str(server.facts["http"])[:8]) == ("wss://", "https://")
        headers = [(b"authorization", f"Bearer {local(server)}".encode())]
        async with open_websocket_url(server.ws, context, subprotocols=["mcp"], extra_headers=headers) as socket:
            assert (await AgentClient(socket).call("health_check"))["status"] == "healthy"
        async with httpx2.AsyncClient(verify=context) as client:
            health = str(server.facts["http"]).replace("/mcp", "/health")
            assert (await client.get(health)).json() == {"status": "healthy"}
            with pytest.raises(httpx2.TransportError):
                await client.get(health.replace("https", "http"))
        stream = await trio.open_tcp_stream("127.0.0.1", urlsplit(server.ws).port or 0)
        async with stream:
            await stream.send_all(b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            with contextlib.suppress(trio.BrokenResourceError):
                assert b"HTTP/1.1 101" not in bytes(await stream.receive_some())
        assert server.stop() == 0


def test_beyond_this_machine_nothing_is_served_without_tokens_and_not_silently_without_tls(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--host", "0.0.0.0", no_auth=False) as server:
        assert server.stop() == 0
    assert "--tls-cert" in server.errors.read_text()
