"""The audit: everything that must be true of a project's stored state, checked from outside the rules that keep it so.

Every check looks at one entry and at what that leads to, all on one snapshot; so the audit can go through a store a slice at a
time, each on a newer snapshot, and a change between two slices is no finding. What spans slices is carried along: the end of
the log so far, and a census of the tasks.
"""

from collections.abc import Callable, Iterator

from attrs import Factory, frozen

from ..domain.events import EventKind
from ..domain.task import State
from ..storage.engine import Snapshot
from ..storage.errors import Damaged, StorageError
from ..storage.keys import split
from . import layout
from .audit_census import Census
from .audit_indexes import OWNED, check_due, check_index
from .audit_lens import Lens
from .audit_log import check_event, check_head
from .audit_records import (
    Check,
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
from .chain import Head
from .change import Change
from .stored import AGENT, PAUSE, WORKFLOW

FINDINGS_LIMIT = 100
"""A broken store can have a finding for every entry; the first hundred tell the story."""

AND_MORE = "… and more"

PAGE = 32
"""Entries read at once: a slice that ends in the middle of them has read the rest in vain."""

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
    Section(layout.ALL_TASKS, check_task),
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


@frozen
class Place:
    """How far an audit has come: in which section, after which key, and how far the log is whole. It begins with the log."""

    section: int = 0
    after: bytes = b""
    head: Head = Factory(Head)

    @property
    def is_end(self) -> bool:
        return self.section == len(SECTIONS)


@frozen
class Slice:
    """What one slice found, the states of the tasks that it came past, what it cost, and where the next begins."""

    findings: tuple[str, ...]
    census: tuple[tuple[int, State], ...]
    looks: int
    next: Place


def look_on(snapshot: Snapshot, place: Place, looks: int) -> Slice:
    """The next slice, of about that many looks: it ends after the entry with which they are spent."""
    lens = Lens(snapshot, place.head)
    found: list[str] = []
    while not place.is_end and lens.looks < looks:
        place = _go_on(lens, place, looks, found)
    return Slice(tuple(found), tuple(lens.census), lens.looks, place)


def findings(snapshot: Snapshot) -> list[str]:
    """What is wrong, a line each; empty when every invariant holds. Reads everything, so it takes time on a large project."""
    lens, place, found = Lens(snapshot, Head()), Place(), list[str]()
    while not place.is_end and len(found) < FINDINGS_LIMIT:
        place = _go_on(lens, place, None, found)
    census = Census()
    census.saw_all(lens.census)
    if place.is_end and (wrong := census.disagreement(lens.state_counts())):
        found.append(wrong)
    return [*found[:FINDINGS_LIMIT], AND_MORE] if len(found) >= FINDINGS_LIMIT else found


def _go_on(lens: Lens, place: Place, looks: int | None, found: list[str]) -> Place:
    """A page of one section; returns where to go on."""
    section = SECTIONS[place.section]
    start, end = section.over
    try:
        page = lens.snapshot.range(place.after + b"\0" if place.after else start, end, limit=PAGE)
    except Damaged as damage:
        # Where the page is damaged is known, but not what comes after it: the rest of this section cannot be looked at.
        found.append(_shortened(damage.fact))
        return Place(place.section + 1, head=lens.head)
    for entry, stored in page:
        found += _findings_of(section.check(lens, entry, stored), _named(entry))
        if (looks is not None and lens.looks >= looks) or len(found) >= FINDINGS_LIMIT:
            return Place(place.section, entry, lens.head)
    if len(page) == PAGE:
        return Place(place.section, page[-1][0], lens.head)
    found += _findings_of(section.at_end(lens), "the end of the log")
    return Place(place.section + 1, head=lens.head)


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


def announce(change: Change, found: list[str]) -> int:
    """Say in the log what was found, an event for each; returns how many."""
    for finding in found:
        change.note(EventKind.AUDIT_FAILED, "audit:store", finding=finding)
    return len(found)
