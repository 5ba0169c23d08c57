"""Secrets: a token is in nothing that a server, a command or a bridge writes or says, whatever is done with it."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from tests.support.agent_client import connected
from tests.support.raw_http import exchanged
from tests.support.server_process import ServerProcess, running

LOCAL = "local.token"
AT_ONCE = 16
LOOKED_AT_WITHIN_S = 1.0


def port_of(url: str) -> int:
    return int(url.split("/")[2].rpartition(":")[2])


def command(data: Path | None, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
    return subprocess.run(
        [sys.executable, "-m", "taskactors", *words],
        env={**clean, **({"TASKACTORS_DATA": str(data)} if data else {}), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def requests_with(token: str) -> Iterator[bytes]:
    """Every place of a request that a token can be put into, rightly or wrongly, and requests that are broken at it."""
    basic = base64.b64encode(f"ada:{token}".encode()).decode()
    schemes = [
        f"Bearer {token}",
        f"bearer  {token}",
        f"Bearer {token} {token}",
        f"Token {token}",
        token,
        f"Basic {basic}",
        f"Basic {token}",
    ]
    schemes += [f"Basic {basic[:-3]}", f"Bearer {token}\u00fc", f"Negotiate {token}", "Bearer " + 3 * token, f"Digest username={token}"]
    headers = [("Authorization", scheme) for scheme in schemes]
    headers += [("Cookie", f"token={token}"), ("X-Api-Key", token), ("X-Taskactors-Agent", token), ("Origin", f"http://{token}")]
    headers += [
        ("Mcp-Session-Id", token),
        ("Sec-WebSocket-Protocol", f"mcp, bearer.{token}"),
        ("Sec-WebSocket-Protocol", f"bearer.{token}"),
    ]
    headers += [("Sec-WebSocket-Key", token), ("Referer", f"http://x/?token={token}"), (f"X-{token}", "x"), ("Content-Type", token)]
    targets = [
        f"/mcp?token={token}",
        f"/mcp?agent={token}",
        f"/mcp?tools={token}",
        f"/mcp/{token}",
        f"/{token}",
        f"http://ada:{token}@h/mcp",
    ]
    bodies = [
        {"jsonrpc": "2.0", "id": token, "method": token, "params": {token: token}},
        {"jsonrpc": "2.0", "id": 1, "method": "create_task", "params": {"code": token, "name": [token], "description": token}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": token, "arguments": {"x": token}}},
        {"jsonrpc": "2.0", "id": 1, "method": "admin.add_token", "params": {"name": token}},
    ]
    for line in headers:
        for method, target in (("POST", "/rpc"), ("POST", "/mcp"), ("GET", "/mcp"), ("GET", "/metrics"), ("GET", "/health")):
            yield request(method, target, [line], b"{}")
        yield request("GET", "/mcp", [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), line])
    for target in targets:
        yield request("GET", target, [])
        yield request("POST", target, [("Authorization", f"Bearer {token}")], b"{}")
        yield request("GET", target, [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")])
    for body in bodies:
        for target in ("/rpc", "/mcp"):
            yield request(
                "POST", target, [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")], json.dumps(body).encode()
            )
    yield request("POST", "/rpc", [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")], b"{}")
    yield request("POST", "/rpc", [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")], f'{{"{token}'.encode())
    yield f"GET / HTTP/1.1\r\nHost: {token}\r\nConnection: close\r\n\r\n".encode()
    yield f"{token} / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    yield f"GET / {token}\r\n\r\n".encode()
    yield f"{token}\r\n\r\n".encode()
    yield f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}\r\n\r\n".encode()
    yield f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nX: {'x' * 20_000}\r\n\r\n".encode()


def request(method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    closing = [] if any(name == "Connection" for name, _ in headers) else [("Connection", "close")]
    length = [("Content-Length", str(len(body)))] if body else []
    lines = [f"{name}: {value}" for name, value in (("Host", "127.0.0.1"), *headers, *closing, *length)]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


async def shown_everywhere(server: ServerProcess, token: str) -> None:
    """Send the token in every way to both doors."""
    async with trio.open_nursery() as nursery:
        for url in ("ws", "http"):
            nursery.start_soon(shown_at, port_of(server.facts[url]), token)


async def shown_at(port: int, token: str) -> None:
    at_once = trio.CapacityLimiter(AT_ONCE)

    async def show(sent: bytes) -> None:
        # One that is let in stays open; it has been looked at by then.
        async with at_once:
            with trio.move_on_after(LOOKED_AT_WITHIN_S):
                await exchanged(port, sent)

    async with trio.open_nursery() as nursery:
        for sent in requests_with(token):
            nursery.start_soon(show, sent)


def command_lines() -> str:
    """What every user of this machine can see of our processes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(found)


def test_a_token_is_in_nothing_that_a_server_writes_or_says_whatever_is_sent_to_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    said = []
    with running(data, "--log-level", "debug", no_auth=False) as server:
        agent = json.loads(command(data, "token", "add", "ada", "--json").stdout)["token"]
        gone = json.loads(command(data, "token", "add", "eve", "--json").stdout)["token"]
        assert command(data, "token", "revoke", "eve").returncode == 0
        tokens = [agent, gone, (data / LOCAL).read_text().strip(), f"ta_nobody_{'Zx9-' * 10}abc"]
        for token in tokens:
            trio.run(shown_everywhere, server, token)

        async def used() -> None:
            async with connected(server.ws, token=agent) as client:
                await client.call("create_task", code="T-1", name="a task", description="a task")
                # In the middle of a call that waits, so that something is cut off.
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(client.socket.send_message, json.dumps({"jsonrpc": "2.0", "id": 9, "method": "tools/call"}))
                    await trio.testing.wait_all_tasks_blocked()
                said.append(command_lines())

        trio.run(used)
        for words in (
            ["token", "list"],
            ["token", "list", "--json"],
            ["agents", "list", "--json"],
            ["verify"],
            ["backup"],
            ["tail", "--all", "--count", "1"],
        ):
            ran = command(data, *words)
            said += [ran.stdout, ran.stderr]
        said += [json.dumps(server.facts), (data / "server.json").read_text()]
        server.process.send_signal(signal.SIGTERM)
        server.wait()
    offline = command(data, "token", "list", "--json")
    said += [offline.stdout, offline.stderr]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != LOCAL]
    assert {path.name for path in written} >= {"data.stderr", "tokens.json", "data.mdb", "server.lock"}
    assert not found_in(tokens, said, written)
    # The same search finds what is there.
    assert found_in(tokens, [agent], [data / LOCAL]) == {"said": 1, LOCAL: 1}


def found_in(tokens: list[str], said: list[str], written: list[Path]) -> dict[str, int]:
    """Where the secret part of any of these is."""
    parts = [token[-43:] for token in tokens]
    found = {"said": sum(part in text for text in said for part in parts)}
    found |= {path.name: sum(part.encode() in path.read_bytes() for part in parts) for path in written}
    return {name: count for name, count in found.items() if count}


SECRET = "ta_ada_" + "Qz7-" * 10 + "xyz"

ADDRESSES = (
    f"ws://ada:{SECRET}@127.0.0.1:1/mcp",
    f"ws://ada:{SECRET}@nowhere.invalid:1/mcp",
    f"ws://ada:{SECRET}@127.0.0.1:port/mcp",
    f"ws://ada:{SECRET}@[::1/mcp",
    f"ws://ada:{SECRET}@127.0.0.1:99999/mcp",
    f"ws://{SECRET}@127.0.0.1:1/mcp",
    f"wss://ada:{SECRET}@127.0.0.1:1/mcp",
    f"ws://a/b:{SECRET}@127.0.0.1:1/mcp",
)
WORDS = (["task", "list"], ["verify"], ["token", "list"], ["log", "hello"], ["send", "bob", "hello"], ["wait", "--within", "1"])


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0])
def test_no_command_repeats_the_token_of_an_address(tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ADDRESSES:
        ran = command(None, *words, TASKACTORS_URL=address)
        assert SECRET[-43:] not in ran.stdout + ran.stderr, address
        assert ran.stderr.startswith("taskactors: "), ran.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET[-43:].encode() in path.read_bytes()]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_bridge_repeats_the_token_of_an_address(address: str) -> None:
    with bridged(TASKACTORS_URL=address) as bridge:
        assert SECRET[-43:] not in last_words(bridge)


@pytest.mark.parametrize("words", [["bridge"], ["task", "list"]], ids=lambda words: words[0])
def test_a_token_is_refused_where_every_user_of_the_machine_could_read_it(tmp_path: Path, words: list[str]) -> None:
    ran = command(tmp_path, *words, "--url", ADDRESSES[0])
    assert ran.returncode == 2
    assert "TASKACTORS_TOKEN" in ran.stderr
    assert SECRET[-43:] not in ran.stdout + ran.stderr


@contextmanager
def bridged(**environment: str) -> Iterator["subprocess.Popen[str]"]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
    with subprocess.Popen(
        [sys.executable, "-m", "taskactors", "bridge"],
        env={**clean, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as bridge:
        try:
            yield bridge
        finally:
            bridge.kill()


def last_words(bridge: "subprocess.Popen[str]") -> str:
    """What a bridge says that ends by itself, because it is turned away."""
    assert bridge.stdout is not None
    assert bridge.stderr is not None
    assert bridge.wait(timeout=30) != 0
    errors = bridge.stderr.read()
    assert "taskactors: " in errors
    assert "Traceback" not in errors, errors
    return bridge.stdout.read() + errors


def test_a_bridge_says_no_token_to_its_client_nor_to_whoever_lists_processes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, no_auth=False) as server:
        token = json.loads(command(data, "token", "add", "ada", "--json").stdout)["token"]
        hello = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
        }
        with bridged(TASKACTORS_TOKEN=token, TASKACTORS_URL=server.ws) as bridge:
            assert bridge.stdin is not None
            assert bridge.stdout is not None
            bridge.stdin.write(json.dumps(hello) + "\n")
            bridge.stdin.flush()
            said = bridge.stdout.readline()
            assert "result" in json.loads(said)
            said += command_lines()
            assert command(data, "token", "revoke", "ada").returncode == 0
            # It comes back with a token that is worth nothing now, and says so as it ends.
            said += last_words(bridge)
        for wrong in (SECRET, "nonsense", f"x y {SECRET}", f"{SECRET}\r\nX: {SECRET}", f"\x01{SECRET}", f"é{SECRET}"):
            with bridged(TASKACTORS_TOKEN=wrong, TASKACTORS_URL=server.ws) as bridge:
                said += last_words(bridge)
        for wrong in (SECRET, f"\x01{SECRET}", f"é{SECRET}", f"%0a{SECRET}"):
            with bridged(TASKACTORS_URL=server.ws.replace("//", f"//ada:{wrong}@")) as bridge:
                said += last_words(bridge)
    assert not found_in([token, SECRET], [said], [server.errors])


async def test_whoever_takes_the_port_of_a_dead_server_is_not_shown_the_token_of_this_machine(tmp_path: Path) -> None:
    with running(tmp_path / "data", no_auth=False) as server:
        server.kill()
        assert (server.data / "server.json").exists()
        heard = bytearray()

        async def listen(stream: trio.SocketStream) -> None:
            async with stream:
                while b"\r\n\r\n" not in heard and (chunk := await stream.receive_some(65536)):
                    heard.extend(chunk)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_tcp, listen, port_of(server.ws))
            with bridged(TASKACTORS_DATA=str(server.data), TASKACTORS_URL=server.ws):
                with trio.fail_after(30):
                    await trio.sleep_forever()
    assert b"GET /mcp" in heard
    assert b"uthorization" not in heard
