"""The audit: everything that must be true of a project's stored state, checked from outside the rules that keep it so.

Every check looks at one entry and at what that leads to, all in one moment. What only shows over many entries, the lens carries along:
how far the log is whole, and how many tasks are in which state.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from attrs import frozen

from ..storage.engine import Snapshot
from ..storage.errors import Damaged, StorageError
from ..storage.keys import split
from . import layout
from .audit_indexes import OWNED, check_due, check_index
from .audit_lens import Lens
from .audit_log import check_event, check_head
from .audit_records import (
    Check,
    check_counters,
    check_entry,
    check_handoff,
    check_lane,
    check_message,
    check_reply,
    check_reservation,
    check_session,
    check_task,
    readable,
)
from .stored import AGENT, PAUSE, WORKFLOW

FINDINGS_LIMIT = 100
"""A broken store can have a finding for every entry; the first hundred tell the story."""

AND_MORE = "… and more"

SAID_LIMIT = 300
"""Characters of a finding: a key can be long, and the log keeps what is said for ever."""


def _nothing(lens: Lens) -> Iterator[str]:
    yield from ()


@frozen
class Section:
    """One part of the keyspace: what is asked of each of its entries, and after the last of them."""

    over: layout.Span
    check: Check
    at_end: Callable[[Lens], Iterator[str]] = _nothing


SECTIONS = (
    Section(layout.ALL_EVENTS, check_event, check_head),
    Section(layout.ALL_TASKS, check_task, check_counters),
    Section(layout.LANES, check_lane),
    Section(layout.ALL_MESSAGES, check_message),
    Section(layout.ALL_SESSIONS, check_session),
    Section(layout.ALL_ENTRIES, check_entry),
    Section(layout.ALL_HANDOFFS, check_handoff),
    Section(layout.RESERVATIONS, check_reservation),
    Section(layout.REPLIES, check_reply),
    Section(layout.AGENTS, readable(AGENT)),
    Section(layout.PAUSES, readable(PAUSE)),
    Section(layout.family("workflow"), readable(WORKFLOW)),
    *(Section(layout.family(name), check_index) for name in OWNED),
    Section(layout.DUE, check_due),
)
"""In this order: what is expected to be found is known before it is looked for."""


def findings(snapshot: Snapshot) -> list[str]:
    """What is wrong, a line each; empty when every invariant holds. Reads everything, so it takes time on a large project."""
    lens = Lens(snapshot)
    found = list(islice(_all_findings(lens), FINDINGS_LIMIT))
    return [*found, AND_MORE] if len(found) == FINDINGS_LIMIT else found


def _all_findings(lens: Lens) -> Iterator[str]:
    for section in SECTIONS:
        try:
            for entry, stored in lens.walk(section.over):
                yield from _findings_of(section.check(lens, entry, stored), _named(entry))
        except Damaged as damage:
            # Where the page is damaged is known, but not what comes after it: the rest of this section cannot be looked at.
            yield _shortened(damage.fact)
        else:
            yield from _findings_of(section.at_end(lens), "what is there in all")


def _findings_of(check: Iterator[str], what: str) -> list[str]:
    """All that a check says; what it stumbles over is a finding, too."""
    found: list[str] = []
    try:
        found += map(_shortened, check)
    except (StorageError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError) as error:
        found.append(_shortened(f"{what} cannot be made sense of: {error.fact if isinstance(error, Damaged) else error}"))
    return found


def _named(entry: bytes) -> str:
    try:
        return str(split(entry))
    except ValueError:
        return repr(entry)


def _shortened(finding: str) -> str:
    return finding if len(finding) <= SAID_LIMIT else f"{finding[: SAID_LIMIT - 1]}…"
