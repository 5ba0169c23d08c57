"""Checks that an engine runs in another process, for tests of that."""

import os
from pathlib import Path

from taskactors.storage.engine import Snapshot

BEGUN, MAY_END = "CHECK_BEGUN", "CHECK_MAY_END"
"""Variables of the environment that name two pipes."""


def patient(snapshot: Snapshot) -> list[str]:
    """Looks, says so, and goes on looking until it may end: then what it sees is what it saw."""
    before = snapshot.range(b"\x01", b"\xff", 1_000)
    Path(os.environ[BEGUN]).write_text("begun")
    Path(os.environ[MAY_END]).read_text()
    return [] if snapshot.range(b"\x01", b"\xff", 1_000) == before else ["it saw two moments"]


def nothing(snapshot: Snapshot) -> list[str]:
    """Finds nothing."""
    return []
