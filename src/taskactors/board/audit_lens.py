"""The lens: one snapshot as the audit looks at it, which counts its looks and decodes no record twice."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from ..domain.caller import SERVER, Caller, Kind
from ..domain.reserving import Reservation
from ..domain.task import State, Task
from ..storage.engine import Snapshot
from ..storage.keys import split
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


class _Counted:
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.looks = 0

    def get(self, key: bytes) -> bytes | None:
        self.looks += 1
        return self._snapshot.get(key)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        found = self._snapshot.range(start, end, limit, reverse)
        self.looks += 1 + len(found)
        return found


class Lens(View):
    """What the checks of one slice see. `head` is how far the log was found whole; `census` the states of the tasks looked at."""

    def __init__(self, snapshot: Snapshot, head: chain.Head) -> None:
        self._counted = _Counted(snapshot)
        super().__init__(self._counted, 0, Caller(name=SERVER, kind=Kind.SERVER), BoardSettings())
        self.head = head
        self.census: list[tuple[int, State]] = []
        self._entries: dict[tuple[str, int], frozenset[bytes]] = {}

    @property
    def looks(self) -> int:
        """How many entries were read so far: what looking has cost."""
        return self._counted.looks

    def has(self, entry: bytes) -> bool:
        return self.snapshot.get(entry) is not None

    def expect(self, kind: str, number: int, entries: frozenset[bytes]) -> None:
        """Keep what a record's index entries should be, for those that are looked at later."""
        self._entries[kind, number] = entries

    def entries_of(self, kind: str, number: int) -> frozenset[bytes]:
        """Every index entry that a record of this kind should have; none when it is gone."""
        known = self._entries.get((kind, number))
        if known is None:
            place, entries = _OWNERS[kind]
            stored = self.snapshot.get(place(number))
            known = self._entries[kind, number] = frozenset() if stored is None else entries(stored)
        return known

    def coded(self, code: str) -> Task | None:
        """Not as the rules look it up: that a code leads to a task which is gone is a finding, not a reason to stop."""
        found = self.snapshot.range(*layout.task_coded(code), limit=1)
        return self.find_task(int(split(found[0][0])[2])) if found else None

    @cached_property
    def checkpoint(self) -> chain.Head:
        """The last event that was dropped, read once."""
        return chain.read_checkpoint(self.snapshot)

    @cached_property
    def reserved(self) -> tuple[Reservation, ...]:
        """All reservations, read once."""
        return self.reservations()


def numbered(part: Any) -> int:
    """A part of a key that has to be a number. Raises ValueError when it is none."""
    if not isinstance(part, int):
        raise ValueError(f"{part!r} is no number")
    return part
