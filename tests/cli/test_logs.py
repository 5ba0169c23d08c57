"""Log lines: what a client sent cannot move the terminal that they are read on, and nothing that goes wrong over and over fills a disk."""

import logging
import subprocess
import sys
from contextlib import suppress

import pytest
import structlog

from taskactors.logs import KINDS_LIMIT, LINES_LIMIT, WITHIN_S, Sparing, SparingLibraries, escape_controls


def test_no_log_line_moves_the_terminal_that_it_is_read_on() -> None:
    script = """
from taskactors.loglines import Log
from taskactors.logs import start_logging
start_logging("info")
poison = "\\x1b[31m \\x9b2J \\u202e \\x07 \\r"
log = Log("a test")
log.info(poison, name=poison, number=1)
try:
    raise ValueError(poison)
except ValueError as error:
    log.error("failed", exc_info=error)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stderr.decode()
    assert [char for char in said if not char.isprintable() and char != "\n"] == []
    assert said.replace(r"\\", "\\").count(r"\x1b[31m \x9b2J \u202e \x07 \x0d") == 3


def test_what_clients_do_wrong_writes_no_log() -> None:
    script = """
import logging
from taskactors.logs import start_logging
start_logging("debug")
for library in ("mcp.server.runner", "hypercorn"):
    logging.getLogger(library).warning("of %s", library)
    logging.getLogger(library).error("from %s", library)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stderr.decode()
    assert said.splitlines() == [
        "ERROR mcp.server.runner from mcp.server.runner",
        "WARNING hypercorn of hypercorn",
        "ERROR hypercorn from hypercorn",
    ]


def test_what_is_no_text_stays_what_it_is() -> None:
    assert escape_controls(None, "info", {"event": "a\tb", "number": 1}) == {"event": "a\tb", "number": 1}


def test_what_is_said_over_and_over_is_said_a_few_times_a_minute_and_then_how_often_it_was_not() -> None:
    now = [0.0]
    sparing = Sparing(lambda: now[0])

    def said(event: str, level: str = "warning", **facts: object) -> list[int]:
        """What the lines of a second say was left out."""
        lines = []
        for _ in range(1_000):
            with suppress(structlog.DropEvent):
                lines.append(sparing(None, level, {"event": event, "level": level, **facts}))
        return [line.get("left_out", 0) for line in lines]

    assert said("the disk is full") == [0] * LINES_LIMIT
    assert said("the disk is full") == []
    assert said("another event") == [0] * LINES_LIMIT
    assert said("the disk is full", project="web") == [0] * LINES_LIMIT
    assert said("a token was made", "info") == [0] * 1_000
    now[0] += WITHIN_S
    assert said("the disk is full") == [2_000 - LINES_LIMIT] + [0] * (LINES_LIMIT - 1)
    now[0] += 10 * WITHIN_S
    for number in range(2 * KINDS_LIMIT):
        assert said(f"event {number}", "error")[:1] == [0]
    assert len(sparing._spared._since) == KINDS_LIMIT


def test_what_libraries_say_over_and_over_is_said_a_few_times_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now, library = [0.0], logging.getLogger("a library")
    sparing = SparingLibraries(lambda: now[0])
    caplog.handler.addFilter(sparing)
    try:
        for minute in range(3):
            now[0] = minute * WITHIN_S
            for number in range(100):
                library.warning("a client sent %d", number)
    finally:
        caplog.handler.removeFilter(sparing)
    assert len(caplog.messages) == 3 * LINES_LIMIT
    assert caplog.messages[LINES_LIMIT] == f"a client sent 0 (left_out={100 - LINES_LIMIT})"
    assert caplog.messages[LINES_LIMIT + 1] == "a client sent 1"
