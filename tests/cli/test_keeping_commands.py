"""retain, redact and tail where old history was dropped."""

import io
import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer, No


def test_retain_says_what_went_and_why_the_rest_stays(server: FakeServer, run: Run) -> None:
    answer = {"dropped": 30, "first_seq": 31, "events": 5, "more": False, "held_back_by": "an unread message to bob"}
    server.answers["admin.retain"] = lambda params: answer
    ran = run("retain", "--keep-days", "30")
    assert (ran.code, ran.err) == (0, "")
    assert all(said in ran.out for said in ("30 events", "event 31", "bob"))
    assert server.received[-1] == ("admin.retain", {"keep_days": 30})
    assert json.loads(run("retain", "--json").out) == answer
    assert run("retain", "--keep-days", "0").code == 2


def test_redact_reads_the_secret_from_standard_input_and_never_says_it(
    server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["admin.redact"] = lambda params: {"redacted": ["task:1"], "events": 2, "replies": 1, "left": []}
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\nsecond line\n"))
    ran = run("redact")
    assert (ran.code, server.received[-1]) == (0, ("admin.redact", {"text": "hunter2\nsecond line"}))
    assert "task:1" in ran.out
    assert "hunter2" not in ran.out + ran.err


def test_a_secret_that_is_left_somewhere_is_a_failure(server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["admin.redact"] = lambda params: {"redacted": [], "events": 0, "replies": 0, "left": ["agent:[redacted]"]}
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2"))
    ran = run("redact")
    assert (ran.code, "agent:[redacted]" in ran.out) == (1, True)


def test_nothing_to_remove_is_wrong_usage(server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run("redact").code == 2
    assert server.received == []


def test_tail_goes_on_where_history_begins_when_its_place_was_dropped(server: FakeServer, run: Run) -> None:
    def changes(params: dict[str, Any]) -> dict[str, Any]:
        event = {"seq": 31, "at": "2026-01-02T03:04:05.000Z", "kind": "task_created", "by": "ada", "subject": "task:1", "data": {}}
        match params.get("cursor"):
            case None:
                return {"items": [event | {"seq": 1}], "next_cursor": "e1"}
            case "e1":
                raise No("cursor_expired", "29 events are gone", next_cursor="e30")
            case _:
                return {"items": [event], "next_cursor": "e31"}

    server.answers["get_changes"] = changes
    ran = run("tail", "--all", "--count", "2")
    assert (ran.code, [line.split()[2] for line in ran.out.splitlines()]) == (0, ["#1", "#31"])
    assert "29 events are gone" in ran.err
