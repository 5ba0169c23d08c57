"""The lens: one snapshot as the audit looks at it, with what the checks carry from entry to entry."""

from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any

from ..domain.caller import SERVER, Caller, Kind
from ..domain.reserving import Reservation
from ..domain.task import Task
from ..storage.engine import Snapshot
from ..storage.keys import last_number
from . import chain, layout
from .settings import BoardSettings
from .stored import ENTRY, HANDOFF, MESSAGE, SESSION, TASK
from .view import View

_OWNERS: dict[str, tuple[Callable[[int], bytes], Callable[[bytes], frozenset[bytes]]]] = {
    "task": (layout.task, lambda stored: layout.index_of_task(TASK.decode(stored))),
    "message": (layout.message, lambda stored: layout.index_of_message(MESSAGE.decode(stored))),
    "session": (layout.session, lambda stored: layout.index_of_session(SESSION.decode(stored))),
    "entry": (layout.entry, lambda stored: layout.index_of_entry(ENTRY.decode(stored))),
    "handoff": (layout.handoff, lambda stored: layout.index_of_handoff(HANDOFF.decode(stored))),
}
"""The kinds of records that have index entries: where one is, and which entries it should have."""


EXPECTED_LIMIT = 100_000
"""Records whose index entries are kept in mind: of a larger project the others are computed again, so that memory stays bounded."""


class Lens(View):
    """What the checks see. `head` is how far the log was found whole; `census` counts the tasks looked at by their states."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot, 0, Caller(name=SERVER, kind=Kind.SERVER), BoardSettings())
        self.head = chain.read_checkpoint(snapshot)
        self.census: Counter[str] = Counter()
        self._entries: dict[tuple[str, int], frozenset[bytes]] = {}

    def has(self, entry: bytes) -> bool:
        return self.snapshot.get(entry) is not None

    def expect(self, kind: str, number: int, entries: frozenset[bytes]) -> None:
        """Keep what a record's index entries should be, for those that are looked at later."""
        if len(self._entries) < EXPECTED_LIMIT:
            self._entries[kind, number] = entries

    def entries_of(self, kind: str, number: int) -> frozenset[bytes]:
        """Every index entry that a record of this kind should have; none when it is gone."""
        known = self._entries.get((kind, number))
        if known is None:
            place, entries = _OWNERS[kind]
            stored = self.snapshot.get(place(number))
            known = frozenset() if stored is None else entries(stored)
            self.expect(kind, number, known)
        return known

    def coded(self, code: str) -> Task | None:
        """Not as the rules look it up: that a code leads to a task which is gone is a finding, not a reason to stop."""
        found = self.snapshot.range(*layout.task_coded(code), limit=1)
        return self.find_task(last_number(found[0][0])) if found else None

    @cached_property
    def reserved(self) -> tuple[Reservation, ...]:
        """All reservations, read once."""
        return self.reservations()


def numbered(part: Any) -> int:
    """A part of a key that has to be a number. Raises ValueError when it is none."""
    if not isinstance(part, int):
        raise ValueError(f"{part!r} is no number")
    return part
