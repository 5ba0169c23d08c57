"""The chain of events: each event's hash covers the event and the hash before it, so no line can change unseen."""

import hashlib

from attrs import frozen

from ..storage.engine import Snapshot
from . import layout

HASH_BYTES = 16
NO_HASH = bytes(HASH_BYTES)
SEQ_BYTES = 8


@frozen
class Head:
    """Where the log ends: the number of its last event and that event's hash."""

    seq: int = 0
    hash: bytes = NO_HASH

    def next(self, body: bytes) -> "Head":
        """The head after one more event with that body."""
        return Head(self.seq + 1, hashlib.blake2b(self.hash + body, digest_size=HASH_BYTES).digest())

    def to_bytes(self) -> bytes:
        return self.seq.to_bytes(SEQ_BYTES, "big") + self.hash


def read_head(snapshot: Snapshot) -> Head:
    """The head as stored; a project without events has none."""
    return _head(snapshot.get(layout.HEAD))


def read_checkpoint(snapshot: Snapshot) -> Head:
    """The head as it was before the first event that is still there: what came before was dropped."""
    return _head(snapshot.get(layout.CHECKPOINT))


def _head(stored: bytes | None) -> Head:
    return Head(int.from_bytes(stored[:SEQ_BYTES], "big"), stored[SEQ_BYTES:]) if stored else Head()


def linked(head: Head, body: bytes) -> bytes:
    """An event as stored: its hash, then its body."""
    return head.hash + body


def body_of(stored: bytes) -> bytes:
    return stored[HASH_BYTES:]


def digest_of(body: bytes) -> str:
    """What an event says to vouch for another whose text was redacted."""
    return hashlib.blake2b(body, digest_size=HASH_BYTES).hexdigest()


def hash_of(stored: bytes) -> bytes:
    return stored[:HASH_BYTES]
