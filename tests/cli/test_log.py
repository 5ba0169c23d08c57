"""taskactors log: a line is printed, noted and delivered, now or with a later one, once and in order."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_server import Dies, FakeServer, No

STAMP = r"\[\d\d:\d\d:\d\d\] "


def taken(params: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "content": params["content"], "target_agent_name": params["to"]}


@pytest.fixture
def team(server: FakeServer) -> FakeServer:
    server.answers["send_message"] = taken
    return server


def test_a_line_is_printed_noted_and_delivered(team: FakeServer, run: Run, project: Path) -> None:
    ran = run("log", "BACKEND → QA: schema is ready")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(STAMP + "BACKEND → QA: schema is ready\n", ran.out)
    assert (project / "coordination.log").read_text() == ran.out
    (sent,) = team.calls_of("send_message")
    assert re.fullmatch(r"log-[0-9a-f]{32}", sent.pop("idempotency_key"))
    assert sent == {"to": "role:qa", "content": "schema is ready", "message_type": "log", "from_role": "backend"}
    assert team.around == [{"project": "default"}]


def test_several_words_are_one_line(team: FakeServer, run: Run) -> None:
    run("log", "BACKEND", "->", "QA:", "it", "works")
    assert team.calls_of("send_message")[0]["content"] == "it works"


@pytest.mark.parametrize(
    "text", ['quote " and \\ backslash', "tab\tand \x1b[31mred", "päckchen ✓ 世界 🎉", "{}, [] and \\u0041", "\u2028\x7f"]
)
def test_the_words_arrive_as_they_were_typed(text: str, team: FakeServer, run: Run) -> None:
    assert run("log", f"QA → DOCS: a {text} b").code == 0
    assert team.calls_of("send_message")[0]["content"].split() == f"a {text} b".replace("\u2028", " ").split()


def test_bytes_that_are_no_text_are_replaced_and_never_stop_it(team: FakeServer, run: Run) -> None:
    assert run("log", os.fsdecode(b"broken \xff byte")).code == 0
    assert team.calls_of("send_message")[0]["content"] == "broken \ufffd byte"


def test_what_is_printed_and_noted_cannot_command_a_terminal(team: FakeServer, run: Run, project: Path) -> None:
    ran = run("log", "QA → DOCS: \x1b[2Jgone")
    assert "\x1b" not in ran.out
    assert "\x1b" not in (project / "coordination.log").read_text()


def test_a_role_speaks_whoever_this_shell_is(team: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKACTORS_AGENT", "ada")
    run("log", "BACKEND → QA: x")
    run("log", "bob → QA: x")
    run("log", "just so")
    assert [around.get("agent") for around in team.around] == [None, "bob", "ada"]


def test_the_project_of_options_or_environment_is_spoken_to(team: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKACTORS_PROJECT", "web")
    run("log", "x")
    run("log", "--project", "api", "x")
    run("log", "--url", "ws://127.0.0.1:8765/mcp/shop", "x")
    assert [around["project"] for around in team.around] == ["web", "api", "shop"]


def test_without_a_server_the_line_is_kept_and_that_is_said(run: Run, project: Path) -> None:
    ran = run("log", "BACKEND → QA: first")
    assert ran.code == 0
    assert re.fullmatch(STAMP + "BACKEND → QA: first\n", ran.out)
    assert "kept" in ran.err
    assert (project / "coordination.log").read_text() == ran.out


def test_kept_lines_are_delivered_with_the_next_one_in_order_and_once(run: Run, project: Path) -> None:
    run("log", "BACKEND → QA: first")
    run("log", "--project", "web", "second")
    server = FakeServer(project / ".taskactors")
    server.answers["send_message"] = taken
    assert run("log", "third").err == ""
    assert run("log", "fourth").err == ""
    server.stop()
    assert [each["content"] for each in server.calls_of("send_message")] == ["first", "second", "third", "fourth"]
    assert [around["project"] for around in server.around] == ["default", "web", "default", "default"]


def test_a_server_that_dies_in_the_middle_gets_the_rest_later_under_the_same_keys(run: Run, project: Path) -> None:
    for word in ("one", "two", "three"):
        run("log", word)
    dying = FakeServer(project / ".taskactors")

    def take_one(params: dict[str, Any]) -> dict[str, Any]:
        # Taken, and then no answer: nobody knows whether it was.
        if len(dying.received) == 2:
            raise Dies
        return taken(params)

    dying.answers["send_message"] = take_one
    ran = run("log", "four")
    assert ran.code == 0
    assert "kept" in ran.err
    dying.stop()
    living = FakeServer(project / ".taskactors")
    living.answers["send_message"] = taken
    assert run("log", "five").err == ""
    living.stop()
    assert [each["content"] for each in living.calls_of("send_message")] == ["two", "three", "four", "five"]
    assert dying.calls_of("send_message")[1]["idempotency_key"] == living.calls_of("send_message")[0]["idempotency_key"]


def test_the_files_of_a_killed_server_do_not_stop_it(team: FakeServer, run: Run) -> None:
    team.die()
    ran = run("log", "x")
    assert ran.code == 0
    assert "kept" in ran.err


@pytest.mark.parametrize("code", ["overloaded", "stopping", "store_full"])
def test_a_server_that_cannot_now_gets_it_later(code: str, team: FakeServer, run: Run) -> None:
    def no(params: dict[str, Any]) -> dict[str, Any]:
        raise No(code)

    team.answers["send_message"] = no
    ran = run("log", "first")
    assert ran.code == 0
    assert "kept" in ran.err
    team.answers["send_message"] = taken
    run("log", "second")
    assert [each["content"] for each in team.calls_of("send_message")] == ["first", "first", "second"]


def test_a_refused_line_fails_with_its_cause_and_is_not_tried_again(team: FakeServer, run: Run) -> None:
    def no(params: dict[str, Any]) -> dict[str, Any]:
        raise No("not_allowed", "that is not\x1b yours", "ask a person")

    team.answers["send_message"] = no
    ran = run("log", "first")
    assert ran.code == 1
    assert r"that is not\x1b yours" in ran.err
    assert "ask a person" in ran.err
    team.answers["send_message"] = taken
    assert run("log", "second").code == 0
    assert [each["content"] for each in team.calls_of("send_message")] == ["first", "second"]


def test_an_older_line_that_is_refused_does_not_fail_this_one(run: Run, project: Path) -> None:
    run("log", "old")
    server = FakeServer(project / ".taskactors")

    def picky(params: dict[str, Any]) -> dict[str, Any]:
        if params["content"] == "old":
            raise No("not_allowed", "too old")
        return taken(params)

    server.answers["send_message"] = picky
    ran = run("log", "new")
    server.stop()
    assert ran.code == 0
    assert "too old" in ran.err


@pytest.mark.parametrize("words", [[], [""], ["  "], ["BACKEND → QA:"], ["BACKEND → Bob Smith: x"]])
def test_a_line_that_cannot_be_sent_is_wrong_usage_and_leaves_nothing_behind(words: list[str], run: Run, project: Path) -> None:
    ran = run("log", *words)
    assert ran.code == 2
    assert ran.err
    assert not (project / "coordination.log").exists()
    assert not (project / ".taskactors").exists()


def test_a_log_that_cannot_be_written_is_said_and_the_message_still_goes(team: FakeServer, run: Run, project: Path) -> None:
    (project / "coordination.log").mkdir()
    ran = run("log", "x")
    assert ran.code == 1
    assert "coordination.log" in ran.err
    assert len(team.calls_of("send_message")) == 1


def test_an_address_that_cannot_be_reached_keeps_the_line(run: Run, project: Path) -> None:
    ran = run("log", "--url", "ws://build-7.example:8765/mcp", "x")
    assert ran.code == 0
    assert "kept" in ran.err
    assert "x" in (project / "coordination.log").read_text()


def test_programs_get_json(team: FakeServer, run: Run) -> None:
    import json

    ran = run("log", "--json", "QA → DOCS: x")
    answer = json.loads(ran.out)
    assert (answer["to"], answer["delivered"]) == ("role:docs", True)
    team.stop()
    assert json.loads(run("log", "--json", "x").out)["delivered"] is False
