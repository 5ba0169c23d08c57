"""A call to a server elsewhere: what it carries, and every way it can end, in words."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from taskactors.cli import remote
from taskactors.cli.address import read
from taskactors.cli.errors import NOT_ADMITTED, CliError, LostServer, NoServer, Refused
from taskactors.cli.remote import RemoteServer
from tests.cli.conftest import Run
from tests.cli.fake_http import FakeHttp, serving

TOKEN = "ta_ada_secret"


@pytest.fixture
def http(project: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHttp]:
    monkeypatch.setenv("TASKACTORS_TOKEN", TOKEN)
    with serving() as server:
        yield server


def ask(url: str, method: str = "get_task_by_code", within_s: float = 5.0, **arguments: Any) -> dict[str, Any]:
    server = RemoteServer(read(url), within_s)
    try:
        return server.call(method, arguments, "web", "ada")
    finally:
        server.close()


def error_of(url: str, within_s: float = 5.0) -> CliError:
    with pytest.raises(CliError) as error:
        ask(url, within_s=within_s)
    assert TOKEN not in error.value.cause + error.value.remedy
    return error.value


def test_a_call_carries_its_arguments_whom_it_is_from_and_the_token_in_no_argument(http: FakeHttp) -> None:
    http.answers["get_task_by_code"] = {"result": {"code": "A-1"}}
    assert ask(http.url, code="A-1", detail=None) == {"code": "A-1"}
    ((path, headers, request),) = http.asked
    assert path == "/rpc/web?agent=ada"
    assert (headers["authorization"], headers["content-type"]) == (f"Bearer {TOKEN}", "application/json")
    assert headers["x-taskactors-answers"] == "whole"
    assert request == {"jsonrpc": "2.0", "id": 1, "method": "get_task_by_code", "params": {"code": "A-1"}}


def test_a_token_may_stand_in_the_address_of_the_environment_and_nowhere_else(
    http: FakeHttp, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers["list_tasks"] = {"result": {"items": []}}
    monkeypatch.delenv("TASKACTORS_TOKEN")
    url = http.url.replace("://", f"://ada:{TOKEN}@")
    assert run("task", "list", "--url", url).code == 2
    monkeypatch.setenv("TASKACTORS_URL", url)
    assert run("task", "list").code == 0
    assert [headers.get("authorization") for _, headers, _ in http.asked] == [f"Bearer {TOKEN}"]


def test_the_address_of_a_websocket_leads_to_the_http_port_beside_it(http: FakeHttp) -> None:
    http.answers["get_task_by_code"] = {"result": {"code": "A-1"}}
    assert ask(f"ws://127.0.0.1:{http.server_address[1] - 1}/mcp") == {"code": "A-1"}


def test_a_refusal_brings_its_code_cause_remedy_and_facts(http: FakeHttp) -> None:
    data = {"code": "not_found", "cause": "there is no task", "remedy": "look again", "facts": {"named": "A-1"}}
    http.answers["get_task_by_code"] = {"error": {"code": -32001, "message": "m", "data": data}}
    no = error_of(http.url)
    assert isinstance(no, Refused)
    assert (no.code, no.cause, no.remedy, no.facts, no.exit_code) == ("not_found", "there is no task", "look again", {"named": "A-1"}, 1)


ANSWERS = {
    "a token that is none": (401, b"that token is unknown; make one", {}, Refused, "that token is unknown"),
    "a token of somebody else": (403, b"that token is bob's; leave it out\n", {}, Refused, "that token is bob's"),
    "a name that it does not answer to": (421, b"this server does not answer to that Host\n", {}, Refused, "the name 127.0.0.1"),
    "too large": (413, b"a request has 1048576 bytes at most\n", {}, Refused, "1048576 bytes"),
    "too many attempts": (429, b"too many attempts; wait a minute\n", {}, NoServer, "too many attempts"),
    "a proxy without a server": (502, b"<html>Bad gateway</html>", {}, NoServer, "502"),
    "another address": (302, b"", {"Location": "https://elsewhere.example"}, NoServer, "https://elsewhere.example"),
    "another server": (404, b"not here", {}, NoServer, "something else"),
    "no JSON": (200, b"<html>hello</html>", {}, NoServer, "does not answer as a server of taskactors"),
    "other JSON": (200, b"[1]", {}, NoServer, "does not answer as a server of taskactors"),
}


@pytest.mark.parametrize(("status", "body", "headers", "kind", "said"), ANSWERS.values(), ids=ANSWERS)
def test_whatever_else_is_answered_is_said_in_words(
    status: int, body: bytes, headers: dict[str, str], kind: type[CliError], said: str, http: FakeHttp
) -> None:
    http.status, http.body, http.headers = status, body, {"Content-Type": "text/html" if b"<" in body else "text/plain", **headers}
    error = error_of(http.url)
    assert type(error) is kind
    assert said in error.cause
    assert "<" not in error.cause
    assert error.remedy or status == 413


def test_without_a_token_it_is_said_where_one_goes(http: FakeHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKACTORS_TOKEN")
    http.status, http.body = 401, b"this server wants a token; whoever runs it makes one"
    http.headers = {"Content-Type": "text/plain; charset=utf-8"}
    no = error_of(http.url)
    assert isinstance(no, Refused)
    assert (no.code, "TASKACTORS_TOKEN" in no.remedy, "whoever runs it makes one" in no.remedy) == (NOT_ADMITTED, True, True)


def test_what_is_for_whoever_runs_the_server_says_so(http: FakeHttp) -> None:
    http.answers["admin.verify"] = {"error": {"code": -32601, "message": "Unknown method: admin.verify"}}
    with pytest.raises(Refused, match="for whoever runs the server"):
        ask(http.url, "admin.verify")


@contextmanager
def saying(said: bytes) -> Iterator[str]:
    """Something that takes a connection, and whatever is sent, and says that much."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65_536)
                        connection.sendall(said)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_is_not_there_is_no_server(project: object) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}"):
        error = error_of(url)
        assert (type(error), error.exit_code, url in error.cause) == (NoServer, 3, True)
    error = error_of(f"ws://127.0.0.1:{port - 1}/mcp")
    assert f"ws://127.0.0.1:{port - 1}/mcp" in error.cause
    assert f"http://127.0.0.1:{port}" in error.cause


def test_a_machine_that_is_not_there_is_said_to_be_none(project: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
    assert "no machine called nowhere.example" in error_of("https://nowhere.example").cause


def test_what_speaks_something_else_is_told_from_a_server(project: object) -> None:
    with saying(b"SSH-2.0-OpenSSH_9.2\r\n") as where:
        assert "does not speak HTTP" in error_of(f"http://{where}").cause
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as where:
        error = error_of(f"https://{where}")
        assert ("does not speak TLS" in error.cause, "http://" in error.remedy) == (True, True)
    with saying(b"") as where:
        error = error_of(f"http://{where}")
        assert (type(error), "https://" in error.remedy) == (LostServer, True)


def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(http: FakeHttp) -> None:
    held = threading.Event()
    http.answers["get_task_by_code"] = lambda params: {"result": {"held": held.wait(5)}}
    error = error_of(http.url, within_s=0.1)
    held.set()
    assert (type(error), "in time" in error.cause, "look" in error.remedy) == (LostServer, True, True)


def test_a_long_wait_is_asked_for_in_pieces_and_misses_nothing_between_two(http: FakeHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PIECE_S", 0)
    asked: list[dict[str, Any]] = []

    def nothing_twice(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params)
        return {"result": {"items": ["news"] if len(asked) == 3 else [], "next_cursor": f"after-{len(asked)}"}}

    http.answers["get_changes"] = nothing_twice
    assert ask(http.url, "get_changes", cursor="now", wait_s=100)["items"] == ["news"]
    assert [each["cursor"] for each in asked] == ["now", "after-1", "after-2"]
    http.answers["read_inbox"] = lambda params: {"result": {"items": [1], "next_cursor": "c"}} if "cursor" not in params else {"result": {}}
    assert ask(http.url, "read_inbox", wait_s=100)["items"] == [1]


def test_a_long_task_of_the_server_is_not_asked_for_in_pieces(http: FakeHttp) -> None:
    http.answers["admin.backup"] = {"result": {"path": "/there"}}
    assert ask(http.url, "admin.backup", wait_s=3_600) == {"path": "/there"}
    ((path, _, request),) = http.asked
    assert (path, request["params"]) == ("/rpc/web?agent=ada&patient=yes", {"wait_s": 3_600})


def test_of_several_questions_the_first_answer_is_taken_and_the_rest_is_left(http: FakeHttp) -> None:
    held = threading.Event()
    http.answers |= {
        "discover_work": lambda params: {"result": {"items": [], "held": held.wait(5)}},
        "read_inbox": {"result": {"items": ["mail"]}},
    }
    server = RemoteServer(read(http.url), 5.0)
    method, answer = server.first_of([("discover_work", {"wait_s": 3}), ("read_inbox", {"wait_s": 3})], "web", "ada")
    server.close()
    held.set()
    assert (method, answer["items"]) == ("read_inbox", ["mail"])


def test_what_can_be_read_on_the_way_is_said(http: FakeHttp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    http.answers["get_task_by_code"] = {"result": {}}
    ask(http.url)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(remote, "LOOPBACK", ())
    ask(http.url)
    assert "can be read on the way" in capsys.readouterr().err
