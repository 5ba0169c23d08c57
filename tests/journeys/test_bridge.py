"""The bridge: clients that know standard streams alone share the server, whatever becomes of it, and leave when they are told to."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from taskactors.transports.control_lines import LINE_BYTES
from tests.support.server_process import running

WITHIN_S = 20.0
PINGS = 200
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "taskactors", "bridge", *arguments]


class Bridged:
    """A client of the older era at the end of a bridge."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._number = 0

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def next(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, method: str, params: Any = None) -> Any:
        self._number += 1
        self.send({"id": self._number, "method": method, "params": params or {}})
        reply = self.next()
        assert reply["id"] == self._number
        return reply

    def introduce(self) -> None:
        assert self.ask("initialize", INITIALIZE)["result"]["serverInfo"]["name"] == "taskactors"
        self.send({"method": "notifications/initialized"})

    def call(self, tool: str, **arguments: Any) -> Any:
        return self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]["structuredContent"]


@contextmanager
def bridged(*arguments: str, cwd: Path | None = None) -> Iterator[Bridged]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
    process = subprocess.Popen(
        command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment
    )
    try:
        yield Bridged(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def ended(process: "subprocess.Popen[str]", within_s: float) -> int:
    return process.wait(within_s)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a server that is left in peace."""
    with running(tmp_path_factory.mktemp("bridged") / "data") as server:
        yield server.data


async def test_the_sdks_client_works_over_a_bridge_as_over_any_other_way(data: Path) -> None:
    parameters = StdioServerParameters(command=sys.executable, args=command("--url", str(data), "--agent", "ada")[1:])
    for mode in ("legacy", "2026-07-28"):
        async with Client(stdio_client(parameters), mode=mode) as client:
            assert len((await client.list_tools()).tools) == 45
            made = await client.call_tool("create_task", {"code": "WORK", "name": "n", "description": "d"})
            assert made.structured_content is not None
            assert made.structured_content["created_by"] == "ada"


def test_a_bridge_outlives_its_server_and_says_what_was_lost(tmp_path: Path) -> None:
    with running(tmp_path / "data") as first, bridged("--url", str(tmp_path / "data"), "--agent", "ada") as client:
        client.introduce()
        client.call("create_task", code="T-1", name="n", description="d")
        client.send({"id": "waits", "method": "tools/call", "params": {"name": "read_inbox", "arguments": {"wait_s": 45}}})
        # Whoever is asked next has been asked after the one who waits.
        client.call("list_tasks")
        first.kill()
        lost = client.next()
        assert (lost["id"], lost["error"]["code"]) == ("waits", 1)
        client.send({"id": "meanwhile", "method": "tools/call", "params": {"name": "list_tasks", "arguments": {}}})
        with running(tmp_path / "data"):
            answered = client.next()
            assert answered["id"] == "meanwhile"
            assert [each["code"] for each in answered["result"]["structuredContent"]["items"]] == ["T-1"]
            assert client.call("claim_task", code="T-1")["claim"]["agent"] == "ada"


def written(client: Bridged, what: bytes) -> None:
    assert client.process.stdin is not None
    while what:
        what = what[os.write(client.process.stdin.fileno(), what) :]


NO_MESSAGES = {
    "too long by one": (b"x" * (LINE_BYTES + 1), -32600),
    "too long by far": (b"x" * (3 * LINE_BYTES), -32600),
    "too long, and a message": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' + b"x" * LINE_BYTES + b'"}}', -32600),
    "bytes that are no text": (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', -32700),
    "half a pair": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\xed\xa0\x80"}}', -32700),
}


@pytest.mark.parametrize("what", NO_MESSAGES)
def test_a_line_that_is_no_message_is_refused_once_and_the_next_is_served(data: Path, what: str) -> None:
    line, code = NO_MESSAGES[what]
    with bridged("--url", str(data)) as client:
        client.introduce()
        for _ in range(2):
            written(client, line + b"\n")
            refused = client.next()
            assert (refused["id"], refused["error"]["code"]) == (None, code)
        assert client.ask("ping")["result"] == {}


def test_refusals_of_the_bridge_and_answers_of_the_server_do_not_get_into_each_others_way(data: Path) -> None:
    with bridged("--url", str(data)) as client:
        client.introduce()
        pings = [json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping"}).encode() for number in range(PINGS)]
        written(client, b"".join(ping + b"\n\xff\n" for ping in pings))
        replies = [client.next() for _ in range(2 * PINGS)]
        assert sum("error" in reply for reply in replies if reply["id"] is None) == PINGS
        assert {reply["id"] for reply in replies} == {None, *range(PINGS)}


@pytest.mark.parametrize("how", ["its client closes", "SIGINT", "SIGTERM"])
def test_a_bridge_leaves_at_once(data: Path, how: str) -> None:
    with bridged("--url", str(data)) as client:
        client.introduce()
        if how == "its client closes":
            assert client.process.stdin is not None
            client.process.stdin.close()
        else:
            client.process.send_signal(getattr(signal, how))
        ended(client.process, WITHIN_S)


def test_without_a_server_a_bridge_says_so_and_what_to_do(tmp_path: Path) -> None:
    with bridged("--url", str(tmp_path)) as client:
        assert ended(client.process, WITHIN_S) == 3
        assert client.process.stderr is not None
        assert "taskactors serve" in client.process.stderr.read()
        assert client.process.stdout is not None
        assert client.process.stdout.read() == ""


def test_a_refusal_at_the_door_is_said(data: Path) -> None:
    with bridged("--url", str(data), "--tools", "boss") as client:
        assert ended(client.process, WITHIN_S) == 1
        assert client.process.stderr is not None
        assert "worker, planner" in client.process.stderr.read()


def test_however_many_bridges_race_to_start_it_there_is_one_server(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    with bridged("--start", cwd=folder) as one, bridged("--start", cwd=folder) as two, bridged("--start", cwd=folder) as three:
        for number, client in enumerate((one, two, three)):
            client.introduce()
            client.call("create_task", code=f"T-{number}", name="n", description="d")
        assert len(three.call("list_tasks")["items"]) == 3
        pid = json.loads((folder / ".taskactors" / "server.json").read_text())["pid"]
    os.kill(pid, signal.SIGTERM)
    began = time.monotonic()
    while (folder / ".taskactors" / "server.json").exists() and time.monotonic() - began < WITHIN_S:
        os.sched_yield()
