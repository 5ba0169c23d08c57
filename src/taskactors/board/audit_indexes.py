"""The audit of indexes: every entry that exists only because a record has it does belong to one."""

from collections.abc import Iterator

from ..storage.keys import split
from . import layout
from .audit_lens import Lens, numbered
from .commands import REPLY_KEPT_MS
from .stored import REPLY, RESERVATION

OWNED = {
    "code": "task",
    "state": "task",
    "owner": "task",
    "parent": "task",
    "dependant": "task",
    "fan-in": "task",
    "ready": "task",
    "held": "task",
    "on": "message",
    "inbox": "message",
    "open": "session",
    "known": "entry",
    "offered": "handoff",
}
"""Each family of index entries, by the kind of record that they lead to."""

_DUE_FOR = {layout.LEASE: "task", layout.START: "task", layout.HANDOFF: "handoff", layout.ACKNOWLEDGEMENT: "message"}


def check_index(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """What an index leads to says that it is found there."""
    parts = split(entry)
    # An offer is found by its task, so that its own number is in the value.
    number = int.from_bytes(stored, "big") if parts[0] == "offered" else numbered(parts[-1])
    if entry not in lens.entries_of(OWNED[str(parts[0])], number):
        yield f"an index has {parts}, which no {OWNED[str(parts[0])]} has"


def check_due(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """What time will do is to be done."""
    _, at, what, *which = split(entry)
    if what == layout.REPLY:
        reply = lens.snapshot.get(layout.reply(*(str(part) for part in which)))
        if reply is None or REPLY.decode(reply).at + REPLY_KEPT_MS != at:
            yield f"the stored answer {tuple(which)} is due to be dropped and not there"
    elif what == layout.RESERVATION:
        reservation = lens.snapshot.get(layout.reservation(numbered(which[0])))
        if reservation is None or RESERVATION.decode(reservation).ends_at != at:
            yield f"the end of a reservation, {split(entry)}, is that of none"
    elif entry not in (lens.entries_of(_DUE_FOR[str(what)], numbered(which[0])) if what in _DUE_FOR else ()):
        yield f"an index has {split(entry)}, which no {_DUE_FOR.get(str(what), 'record')} has"
