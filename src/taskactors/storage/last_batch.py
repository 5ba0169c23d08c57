"""The last batch: the record that every commit leaves, of which batch it was and of everything that is stored after it.

The tally is what finds an old page in a new page's place: each value on such a page still fits its own checksum.
"""

from attrs import frozen

from .errors import Damaged
from .records import CHECKSUM_BYTES

TALLY_BYTES = 8
_TALLY_MASK = (1 << (8 * TALLY_BYTES)) - 1


@frozen
class LastBatch:
    """`tally` is over all sealed values but this one."""

    tally: int
    id: bytes

    def encode(self) -> bytes:
        return self.tally.to_bytes(TALLY_BYTES, "big") + self.id

    @classmethod
    def decode(cls, body: bytes | None) -> "LastBatch":
        """Raises Damaged when there is none: a store is born with one."""
        if body is None or len(body) < TALLY_BYTES:
            raise Damaged("the record of the last batch is missing")
        return cls(int.from_bytes(body[:TALLY_BYTES], "big"), body[TALLY_BYTES:])


def counted(tally: int, gone: bytes | None, come: bytes | None) -> int:
    """The tally after one sealed value took another's place; None where there is no value."""
    return (tally - _weight(gone) + _weight(come)) & _TALLY_MASK


def _weight(sealed: bytes | None) -> int:
    if sealed is None:
        return 0
    checksum = int.from_bytes(sealed[:CHECKSUM_BYTES], "big")
    # Checksums alone would cancel out when two values change alike, as they do when one unit changes two tasks; squares do not.
    return checksum * (checksum + 1) + 1
