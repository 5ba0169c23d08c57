"""The audit of the log: gapless from what was dropped of it, and every event's hash covers the one before."""

from collections.abc import Iterator

from ..domain.events import EventKind
from ..storage.keys import split
from . import chain, layout
from .audit_lens import Lens, numbered
from .stored import EVENT


def check_event(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """The next event follows on those before it."""
    seq = numbered(split(entry)[1])
    if seq != lens.head.seq + 1:
        yield f"the event log has a gap: {lens.head.seq} is followed by {seq}"
    body = chain.body_of(stored)
    expected = chain.Head(seq - 1, lens.head.hash).next(body)
    lens.head = chain.Head(seq, chain.hash_of(stored))
    if lens.head != expected and not _is_vouched_for(lens, seq, body):
        yield f"event {seq} does not fit the hash chain"
    if EVENT.decode(body).seq != seq:
        yield f"event {seq} says that it is another"


def check_head(lens: Lens) -> Iterator[str]:
    """The log ends where its head says."""
    said = chain.read_head(lens.snapshot)
    if lens.head != said:
        yield f"the log ends at event {lens.head.seq}, but its head says {said.seq}"
    if (dropped := sum(lens.dropped().values())) != (began := chain.read_checkpoint(lens.snapshot).seq):
        yield f"the log begins after event {began}, but {dropped} were dropped"


def _is_vouched_for(lens: Lens, seq: int, body: bytes) -> bool:
    """Whether a later event, which the chain covers in its turn, says that the text of this one was redacted to what it is."""
    number = lens.snapshot.get(layout.voucher(seq))
    stored = lens.snapshot.get(layout.event(int.from_bytes(number, "big"))) if number is not None else None
    if stored is None:
        return False
    event = EVENT.decode(chain.body_of(stored))
    return (event.kind, event.subject, event.data.get("digest")) == (EventKind.TEXT_REDACTED, f"event:{seq}", chain.digest_of(body))
