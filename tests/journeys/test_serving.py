"""A server as whoever runs it sees it: starting, stopping, and what it refuses."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from tests.support.agent_client import AgentClient, Lost, connected
from tests.support.raw_http import request
from tests.support.server_process import ServerProcess, running


def test_a_ready_server_says_where_it_is_and_keeps_it_in_its_data_folder(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        assert server.facts["ready"] is True
        assert server.ws.startswith("ws://127.0.0.1:")
        known = json.loads((server.data / "server.json").read_text())
        assert (known["pid"], known["ws"]) == (server.process.pid, server.ws)
        assert (server.data / ".gitignore").read_text() == "*\n"
        assert (server.data / "control.sock").stat().st_mode & 0o777 == 0o600
        assert server.stop() == 0
        assert not (server.data / "server.json").exists()


def test_a_second_server_on_the_same_data_is_refused_by_name_of_the_first(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        second = subprocess.run(
            [sys.executable, "-m", "taskactors", "serve", "--data", str(server.data), "--ws-port", "0"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 1
        assert f"process {server.process.pid}" in second.stderr


async def test_a_stop_answers_what_was_accepted_and_ends_with_exit_code_0(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        answered: list[str] = []
        enough = trio.Event()

        async def create_until_stopped(name: str) -> None:
            try:
                async with connected(server.ws, name) as me:
                    while True:
                        answered.append((await me.call("create_task", code="STOP", name="a task", description="of many"))["code"])
                        if len(answered) > 50:
                            enough.set()
            except Lost:
                return

        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(create_until_stopped, f"agent-{number}")
            await enough.wait()
            server.process.send_signal(signal.SIGTERM)
            assert await trio.to_thread.run_sync(server.wait) == 0
    with running(tmp_path / "data") as server:
        async with connected(server.ws) as person:
            counts = (await person.call("health_check"))["tasks"]
            assert counts["Created"] >= len(answered) > 50
            for code in answered:
                await person.call("get_task_by_code", code=code)


async def test_an_idle_connection_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "idle") as me:
            await me.call("health_check")
            server.process.send_signal(signal.SIGTERM)
            assert await trio.to_thread.run_sync(server.wait) == 0


async def test_a_stop_answers_those_who_wait(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        answers: list[object] = []

        async def waits(me: AgentClient) -> None:
            answers.append((await me.call("next_task", wait_s=45))["nothing_ready"])

        async with connected(server.ws, "ada") as ada, trio.open_nursery() as nursery:
            await ada.call("health_check")
            nursery.start_soon(waits, ada)
            # The next answer on another connection comes after ada's call was taken, which is all that a stop has to know of.
            async with connected(server.ws, "bob") as bob:
                while (await bob.call("list_agents"))["items"] == []:
                    pass
            server.process.send_signal(signal.SIGTERM)
            assert await trio.to_thread.run_sync(server.wait) == 0
        assert answers == [True]


def test_a_server_that_listens_beyond_this_machine_is_refused(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "taskactors", "serve", "--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--no-auth"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode == 2
    assert "--host" in refused.stderr


async def test_everything_answered_is_there_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            await ada.call("create_task", code="KEEP-1", name="kept", description="žluťoučký kůň")
            claim = (await ada.call("claim_task", code="KEEP-1", idempotency_key="once"))["claim"]
        assert server.stop() == 0
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            task = await ada.call("get_task_by_code", code="KEEP-1")
            assert (task["description"], task["claim"]["fence"]) == ("žluťoučký kůň", claim["fence"])
            again = await ada.call("claim_task", code="KEEP-1", idempotency_key="once")
            assert again["replayed"] is True
            assert again["claim"] == claim


def test_a_damaged_data_file_is_a_clear_error_and_not_an_empty_board(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        assert server.stop() == 0
    file = tmp_path / "data" / "projects" / "default" / "data.mdb"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x10
    file.write_bytes(content)
    with pytest.raises(AssertionError, match="damaged"):
        ServerProcess(tmp_path / "data")
    assert file.read_bytes() == bytes(content)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        # A stopped process takes its signals when it goes on: both at once.
        os.kill(server.process.pid, signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGINT)
        os.kill(server.process.pid, signal.SIGCONT)
        assert server.wait() in (0, 1)


async def test_a_server_says_where_it_is_when_it_is_asked_and_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws) as me:
            server.process.send_signal(signal.SIGUSR1)
            assert (await me.call("health_check"))["status"] == "healthy"
        assert server.stop() == 0
    assert "most recent call first" in server.errors.read_text()


async def test_a_client_that_does_not_take_its_answer_over_http_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            for number in range(100):
                await ada.call("create_task", code=f"LONG-{number}", name="n", description="x" * 20_000)
        port = int(str(server.facts["http"]).split("/")[2].rpartition(":")[2])
        asked = b'{"jsonrpc":"2.0","id":1,"method":"list_tasks","params":{"limit":100,"detail":"full"}}'
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            deaf.connect(("127.0.0.1", port))
            deaf.sendall(request("POST", "/rpc", [("Host", "127.0.0.1"), ("Content-Type", "application/json")], asked))
            # The answer is on its way, and much of it still to be taken.
            assert deaf.recv(100).startswith(b"HTTP/1.1 200")
            server.process.send_signal(signal.SIGTERM)
            assert await trio.to_thread.run_sync(server.wait) == 0
