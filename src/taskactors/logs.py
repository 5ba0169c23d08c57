"""Logs: structured lines on standard error, and the one hook that puts the actors' crashes and restarts among them."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from .loglines import Log, write_lines
from .runtime import ActorCrashedEvent, ActorRestarted, ActorStopped, BudgetSpent, Observed

if TYPE_CHECKING:
    from structlog.typing import EventDict

CONTROLS = [number for number in (*range(0x20), *range(0x7F, 0xA0)) if number not in (0x09, 0x0A)]
REORDERING = (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0x061C, 0xFEFF)
"""Characters without a shape of their own that turn around, hide or break what is read."""

ESCAPES = {number: f"\\x{number:02x}" for number in CONTROLS} | {number: f"\\u{number:04x}" for number in REORDERING}

log = Log("taskactors.actors")


def start_logging(level: str) -> None:
    """Send every log line, ours and the libraries', to standard error; standard output is for answers."""
    number = logging.getLevelNamesMapping()[level.upper()]
    write_lines(number, _set_up)
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # It warns of what a client did wrong, which that client hears; a line for each would let anybody fill the disk.
    logging.getLogger("mcp").setLevel(logging.ERROR)


def _set_up() -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            escape_controls,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def escape_controls(_: object, __: str, line: EventDict) -> EventDict:
    """What a client sent can be part of any line, and must not move the terminal that the log is read on."""
    return {name: value.translate(ESCAPES) if isinstance(value, str) else value for name, value in line.items()}


def observe(event: Observed) -> None:
    """Say what the supervisors see: crashes and spent budgets loudly, restarts and forced stops plainly."""
    match event:
        case ActorCrashedEvent(actor, error):
            log.error("an actor crashed", actor=actor, exc_info=error)
        case ActorRestarted(actor, took_s):
            log.warning("an actor is back", actor=actor, took_s=round(took_s, 3))
        case BudgetSpent(supervisor, actor, error):
            log.error("restarted too often", supervisor=supervisor, actor=actor, error=str(error))
        case ActorStopped(actor, True, abandoned):
            log.warning("an actor had to be cut off", actor=actor, abandoned=abandoned)
        case _:
            pass
