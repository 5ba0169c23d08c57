"""Logs: what the server would have logged, kept, and looked at for faults that nobody planned."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs

from tests.simulation.faults import is_planned
from tests.simulation.history import History

BAD_NEWS = "the stored data breaks its own rules"
"""Said by the server's own audit: never planned."""


@contextmanager
def kept_logs(history: History) -> Iterator[None]:
    """Nothing is printed; what tells of a fault that was not planned is a finding."""
    runtime = logging.getLogger("taskactors")
    before = runtime.handlers[:], runtime.propagate
    runtime.handlers, runtime.propagate = [_Findings(history)], False
    try:
        with capture_logs() as entries:
            yield
        for entry in entries:
            error = entry.get("exc_info")
            if entry["event"] == BAD_NEWS:
                history.found(str(entry))
            elif isinstance(error, BaseException) and not is_planned(error):
                history.found(f"{entry['event']}: {error!r}")
    finally:
        runtime.handlers, runtime.propagate = before


class _Findings(logging.Handler):
    """The actor kernel logs only what is a bug."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def emit(self, record: logging.LogRecord) -> None:
        self._history.found(f"{record.getMessage()}: {record.exc_info[1]!r}" if record.exc_info else record.getMessage())
