"""A call to a server: what it carries, and every way it can end."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from taskactors.cli.errors import LostServer, NoServer, Refused
from taskactors.cli.place import at
from taskactors.cli.server import Server
from tests.cli.conftest import Run
from tests.cli.fake_server import Dies, FakeServer, No


def ask(data: Path, within_s: float = 5.0) -> dict[str, Any]:
    server = Server(at(str(data)), within_s)
    try:
        return server.call("get_task_by_code", {"code": "A-1", "detail": None}, "web", "ada")
    finally:
        server.close()


def test_a_call_carries_its_arguments_and_what_surrounds_it(server: FakeServer) -> None:
    server.answers["get_task_by_code"] = lambda params: {"code": params["code"], "name": "✓" * 100_000}
    assert ask(server.data) == {"code": "A-1", "name": "✓" * 100_000}
    assert server.received == [("get_task_by_code", {"code": "A-1"})]
    assert server.around == [{"project": "web", "agent": "ada"}]


def test_a_refusal_brings_its_code_cause_remedy_and_facts(server: FakeServer) -> None:
    def no(params: dict[str, Any]) -> dict[str, Any]:
        raise No("not_found", "there is no task", "look again", named="A-1")

    server.answers["get_task_by_code"] = no
    with pytest.raises(Refused) as refused:
        ask(server.data)
    assert (refused.value.code, refused.value.cause, refused.value.remedy) == ("not_found", "there is no task", "look again")
    assert refused.value.facts == {"named": "A-1"}
    assert refused.value.exit_code == 1


def test_an_unknown_method_is_a_refusal_too(server: FakeServer) -> None:
    with pytest.raises(Refused, match="Method not found"):
        ask(server.data)


def test_a_server_that_goes_away_in_the_middle_leaves_the_outcome_open(server: FakeServer) -> None:
    def die(params: dict[str, Any]) -> dict[str, Any]:
        raise Dies

    server.answers["get_task_by_code"] = die
    with pytest.raises(LostServer) as lost:
        ask(server.data)
    assert "look" in lost.value.remedy
    assert lost.value.exit_code == 3


def test_a_socket_without_a_server_is_no_server(server: FakeServer) -> None:
    server.die()
    with pytest.raises(NoServer) as none:
        ask(server.data)
    assert str(server.data) in none.value.cause
    assert none.value.exit_code == 3


def test_a_folder_without_a_socket_is_no_server(project: Path) -> None:
    with pytest.raises(NoServer):
        ask(project / ".taskactors")


def listening(data: Path) -> socket.socket:
    data.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(data, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{folder}/control.sock")
    os.close(folder)
    listener.listen()
    return listener


def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(project: Path) -> None:
    with listening(project / ".taskactors"), pytest.raises(LostServer, match="in time"):
        ask(project / ".taskactors", within_s=0.05)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\n", b"[]\n", b"{}\n", b"\xff\n", b'{"result": 5}\n', b'{"error": "no"}\n', b"\n"]
)
def test_something_else_on_the_socket_is_said_plainly(said: bytes, project: Path) -> None:
    with listening(project / ".taskactors") as listener:
        server = Server(at(str(project / ".taskactors")), 5.0)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(said)
            with pytest.raises(LostServer):
                server.call("health_check", {}, "default", None)
        server.close()


def test_a_path_longer_than_a_sockets_may_be_is_no_hindrance(project: Path) -> None:
    data = project / ("long" * 30) / ("deep" * 30) / ".taskactors"
    with listening(data) as listener:
        server = Server(at(str(data)), 5.0)
        connection, _ = listener.accept()
        connection.close()
        server.close()


def test_a_socket_of_somebody_else_is_told_from_none(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Not by the file's mode: the tests may run as root, to whom nothing is forbidden.
    monkeypatch.setattr("taskactors.cli.server._connect", forbidden)
    with pytest.raises(NoServer, match="somebody else"):
        ask(server.data)


def test_options_win_over_the_address_and_the_address_over_the_environment(
    server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["list_tasks"] = lambda params: {"items": []}
    monkeypatch.setenv("TASKACTORS_PROJECT", "from-environment")
    monkeypatch.setenv("TASKACTORS_AGENT", "eve")
    run("task", "list")
    monkeypatch.setenv("TASKACTORS_URL", "ws://127.0.0.1:8765/mcp/from-address?agent=ada")
    run("task", "list")
    run("task", "list", "--project", "from-option", "--agent", "bob")
    assert server.around == [
        {"project": "from-environment", "agent": "eve"},
        {"project": "from-address", "agent": "ada"},
        {"project": "from-option", "agent": "bob"},
    ]


def test_empty_variables_count_as_not_set(server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["list_tasks"] = lambda params: {"items": []}
    for name in ("URL", "PROJECT", "AGENT", "DATA"):
        monkeypatch.setenv(f"TASKACTORS_{name}", "")
    assert run("task", "list").code == 0
    assert server.around == [{"project": "default"}]
