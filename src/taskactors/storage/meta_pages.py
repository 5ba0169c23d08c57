"""The two meta pages of an LMDB file: read and judged without LMDB, which trusts them blindly.

A commit writes the page that is not in use and thereby switches to it. LMDB takes the one with the larger transaction
number, so damage to the newer page can silently undo the last commit; but a file that lost nothing always has two pages
of consecutive commits, from its birth on and after any crash, because a failed or unfinished commit leaves both as they were.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from .errors import WrongEngineVersion

MAGIC = 0xBEEFC0DE
FORMAT_VERSION = 1
META_FLAG = 0x08
INTEGER_KEYS = 0x08

PAGES = 2
SMALLEST_PAGE, LARGEST_PAGE = 256, 32768

_HEADER_BYTES = 16
_NEWER_HEADER_BYTES = 24
_META = struct.Struct("=Q2xH4x" + "IIQ8x" + "IH42x" + "4xH42x" + "8xQ")
"""Page header; magic to map size; the tree of free pages, with the page size in front; the tree of data; last page, transaction."""

_MAGIC_AND_VERSION = struct.Struct("=II")


@frozen
class MetaPage:
    """What one meta page says, as far as it can be judged."""

    page: int
    flags: int
    magic: int
    version: int
    address: int
    page_bytes: int
    free_flags: int
    main_flags: int
    transaction: int

    def findings(self, page: int, page_bytes: int) -> Iterator[str]:
        """What is wrong with this page: everything in it that never changes has only one right value."""
        fixed = (self.page, self.flags, self.magic, self.version, self.address, self.page_bytes, self.free_flags, self.main_flags)
        if fixed != (page, META_FLAG, MAGIC, FORMAT_VERSION, 0, page_bytes, INTEGER_KEYS, 0):
            yield f"meta page {page} is not as LMDB writes it"


def meta_findings(file: Path) -> list[str]:
    """What is wrong with the head of a data file; empty when LMDB may look at it. Raises WrongEngineVersion, OSError."""
    with file.open("rb") as data:
        head = data.read(LARGEST_PAGE + _META.size)
        size = data.seek(0, 2)
    _require_known_format(file, head)
    if size < _META.size:
        return [f"it has only {size} bytes"]
    first = MetaPage(*_META.unpack_from(head, 0))
    page_bytes = first.page_bytes
    if page_bytes & (page_bytes - 1) or not SMALLEST_PAGE <= page_bytes <= LARGEST_PAGE:
        return [f"meta page 0 names a page size of {page_bytes} bytes"]
    if size < PAGES * page_bytes:
        return [f"it has only {size} bytes"]
    second = MetaPage(*_META.unpack_from(head, page_bytes))
    found = [*first.findings(0, page_bytes), *second.findings(1, page_bytes)]
    if abs(first.transaction - second.transaction) != 1:
        found.append(f"its meta pages are of commits {first.transaction} and {second.transaction}, which do not follow each other")
    return found


def _require_known_format(file: Path, head: bytes) -> None:
    """The newer engine has longer page headers, so its mark lies where ours has something else."""
    if len(head) < _NEWER_HEADER_BYTES + _MAGIC_AND_VERSION.size:
        return
    if _MAGIC_AND_VERSION.unpack_from(head, _HEADER_BYTES)[0] == MAGIC:
        return
    magic, version = _MAGIC_AND_VERSION.unpack_from(head, _NEWER_HEADER_BYTES)
    if magic == MAGIC:
        raise WrongEngineVersion(
            f"{file} was written by another LMDB (data format {version}; this software reads {FORMAT_VERSION}); "
            "put back the data file that taskactors wrote"
        )
