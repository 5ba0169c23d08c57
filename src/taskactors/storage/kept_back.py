"""What the storage keeps for itself, under keys that no unit may write: the format, and the last batch. In every engine the same."""

from typing import NamedTuple, Protocol

from .errors import Damaged
from .sealing import TALLY_BYTES, counted, seal, unseal

KEPT_BACK = b"\x00"
"""The first byte of these keys, and of no other."""

FIRST_OWN = b"\x01"
"""All keys of units come from here on: the empty one and those that are kept back come before."""

BATCH_KEY = KEPT_BACK + b"batch"
FORMAT_KEY = KEPT_BACK + b"format"

FORMAT = b"taskactors 1"
"""Written when a store is born, and looked at whenever it is opened."""

NUMBER_BYTES = 8
BIRTH_NUMBER = 1


class Readable(Protocol):
    """Sealed values by their keys."""

    def get(self, key: bytes) -> bytes | None: ...


class LastBatch(NamedTuple):
    """What every commit leaves behind: its number since the birth of the store, the tally of all values but this, its id."""

    number: int
    tally: int
    id: bytes

    def sealed(self) -> bytes:
        return seal(BATCH_KEY, self.number.to_bytes(NUMBER_BYTES, "big") + self.tally.to_bytes(TALLY_BYTES, "big") + self.id)


def last_batch(values: Readable) -> LastBatch:
    """Which batch was the last to be committed. Raises Damaged, also when there is none: a store is born with one."""
    sealed = values.get(BATCH_KEY)
    body = b"" if sealed is None else unseal(BATCH_KEY, sealed)
    if len(body) < NUMBER_BYTES + TALLY_BYTES:
        raise Damaged("the record of the last batch is missing")
    number, tally, batch_id = body[:NUMBER_BYTES], body[NUMBER_BYTES:][:TALLY_BYTES], body[NUMBER_BYTES + TALLY_BYTES :]
    return LastBatch(int.from_bytes(number, "big"), int.from_bytes(tally, "big"), batch_id)


def stored_format(values: Readable) -> bytes | None:
    """The format that the store was written in; None when it says nothing. Raises Damaged."""
    sealed = values.get(FORMAT_KEY)
    return None if sealed is None else unseal(FORMAT_KEY, sealed)


def born() -> list[tuple[bytes, bytes]]:
    """The sealed values that a store begins with, in the order of their keys."""
    form = seal(FORMAT_KEY, FORMAT)
    last = LastBatch(BIRTH_NUMBER, counted(0, None, form), b"")
    return [(BATCH_KEY, last.sealed()), (FORMAT_KEY, form)]
