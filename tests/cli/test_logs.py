"""Log lines: what a client sent cannot move the terminal that they are read on."""

import subprocess
import sys

from taskactors.logs import escape_controls


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
