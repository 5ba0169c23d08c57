"""Logs: structured lines on standard error, and the one hook that puts the actors' crashes and restarts among them."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

from .actors.faults import internal
from .loglines import Log, write_lines
from .runtime import ActorCrashedEvent, ActorRestarted, ActorStopped, BudgetSpent, Observed

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import EventDict

CONTROLS = [number for number in (*range(0x20), *range(0x7F, 0xA0)) if number not in (0x09, 0x0A)]
REORDERING = (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0x061C, 0xFEFF)
"""Characters without a shape of their own that turn around, hide or break what is read."""

ESCAPES = {number: f"\\x{number:02x}" for number in CONTROLS} | {number: f"\\u{number:04x}" for number in REORDERING}

LINES_LIMIT, WITHIN_S = 10, 60.0
"""Of one kind this many a minute show what is going on. Even all day long they are some megabytes."""

KINDS_LIMIT = 1_024
"""Kinds that are remembered at once; there are as many as lines in the code that say something, times projects and networks."""

KIND = ("event", "project", "actor", "network", "reason")
SPARED_LEVELS = ("warning", "error", "critical")

log = Log("taskactors.actors")


def start_logging(level: str) -> None:
    """Send every log line, ours and the libraries', to standard error; standard output is for answers."""
    number = logging.getLevelNamesMapping()[level.upper()]
    write_lines(number, _set_up)
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # It warns of what a client did wrong, which that client hears; a line for each would let anybody fill the disk.
    logging.getLogger("mcp").setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        handler.addFilter(SparingLibraries())


def _set_up() -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            Sparing(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            escape_controls,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class Spared:
    """How often things of one kind were said within a minute, and how many more there were."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[object, tuple[float, int]] = {}

    def said(self, kind: object) -> int | None:
        """One more of that kind: None when it is to be left out, else how many were since the last that was said."""
        now = self._clock()
        began, count = self._since.get(kind, (now, 0))
        left_out = 0
        if now - began >= WITHIN_S:
            began, count, left_out = now, 0, max(0, count - LINES_LIMIT)
        if kind not in self._since and len(self._since) >= KINDS_LIMIT:
            del self._since[next(iter(self._since))]
        self._since[kind] = began, count + 1
        return left_out if count < LINES_LIMIT else None


class Sparing:
    """Of warnings and errors that come over and over a few a minute are said, and with the next how many were left out.

    What is said once for each thing that somebody did, such as a new token, is never left out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._spared = Spared(clock)

    def __call__(self, _: object, __: str, line: EventDict) -> EventDict:
        if line.get("level") not in SPARED_LEVELS:
            return line
        left_out = self._spared.said(tuple(str(line.get(name)) for name in KIND))
        if left_out is None:
            from structlog import DropEvent

            raise DropEvent
        return {**line, "left_out": left_out} if left_out else line


class SparingLibraries(logging.Filter):
    """The same for what the libraries say, by the place in them that says it: clients can make them say much."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._spared = Spared(clock)

    def filter(self, record: logging.LogRecord) -> bool:
        left_out = self._spared.said((record.name, record.lineno))
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (left_out={left_out})", ()
        return left_out is not None


def escape_controls(_: object, __: str, line: EventDict) -> EventDict:
    """What a client sent can be part of any line, and must not move the terminal that the log is read on."""
    return {name: value.translate(ESCAPES) if isinstance(value, str) else value for name, value in line.items()}


def observe(event: Observed) -> None:
    """Say what the supervisors see: crashes and spent budgets loudly, restarts and forced stops plainly."""
    match event:
        case ActorCrashedEvent(actor, error):
            internal(error, "an actor crashed", actor=actor)
        case ActorRestarted(actor, took_s):
            log.warning("an actor is back", actor=actor, took_s=round(took_s, 3))
        case BudgetSpent(supervisor, actor, error):
            log.error("restarted too often", supervisor=supervisor, actor=actor, error=str(error))
        case ActorStopped(actor, True, abandoned):
            log.warning("an actor had to be cut off", actor=actor, abandoned=abandoned)
        case _:
            pass
