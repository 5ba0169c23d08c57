"""Verification: whether a data file is what was written, decided before LMDB maps it.

Opening a damaged file can end the process, and reading one can give other data without a word. So after a clean stop
the whole file must match its digest; after any other end its structure and every value are checked first.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import lmdb.verify

from .engine import Snapshot
from .errors import Damaged
from .records import unseal
from .transaction import Opened

DATA_FILE = "data.mdb"
MARK_FILE = "clean"

CHUNK_BYTES = 1 << 20

META_HEADER = struct.Struct("=QHHIIIQQ")
"""Page number, pad, flags, bounds; then magic, version, address and map size of a meta page."""

META_TXN_OFFSET = 16 + 24 + 2 * 48 + 8
"""Where a meta page holds its transaction number: after the page header, magic to map size, two trees, last page."""

LMDB_MAGIC = 0xBEEFC0DE
FINDINGS_LIMIT = 20


def digest_of(file: Path) -> dict[str, object]:
    """Size and digest of a whole file."""
    digest, size = hashlib.blake2b(digest_size=32), 0
    with file.open("rb") as data:
        while chunk := data.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return {"size": size, "blake2b": digest.hexdigest()}


def mark_clean(folder: Path) -> None:
    """After a clean close: note what the file is, so that the next start need not look at all of it."""
    mark = folder / MARK_FILE
    temporary = folder / f".{MARK_FILE}.new"
    with temporary.open("w") as file:
        json.dump(digest_of(folder / DATA_FILE), file)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(mark)
    sync_folder(folder)


def clear_mark(folder: Path) -> None:
    """Before the first write: the note is about to be out of date, and must not outlive that."""
    (folder / MARK_FILE).unlink(missing_ok=True)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def require_whole(folder: Path) -> None:
    """Raise Damaged unless the data file may be opened and trusted."""
    mark = folder / MARK_FILE
    if not mark.exists():
        if found := list(_findings(folder)):
            raise Damaged(f"{folder / DATA_FILE}: {found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))
        return
    try:
        expected = json.loads(mark.read_text())
    except ValueError:
        raise Damaged(f"{mark} cannot be read") from None
    if digest_of(folder / DATA_FILE) != expected:
        raise Damaged(f"{folder / DATA_FILE} has changed since it was closed")


def verify(folder: Path, more: Callable[[Snapshot], list[str]] | None = None) -> list[str]:
    """Everything that is wrong with a data folder that nobody has open, a line each; `more` adds the checks of a higher layer."""
    found = list(_findings(folder))
    mark = folder / MARK_FILE
    if mark.exists() and not found and digest_of(folder / DATA_FILE) != json.loads(mark.read_text()):
        found.append(f"{DATA_FILE} has changed since it was closed")
    if found or more is None:
        return found
    with _opened(folder) as environment, environment.begin(buffers=False) as transaction:
        return more(Opened(RawTransaction(transaction)))


def _findings(folder: Path) -> Iterator[str]:
    file = folder / DATA_FILE
    try:
        yield from _meta_findings(file)
        structure = lmdb.verify.verify(str(file))  # type: ignore[no-untyped-call]
    except (OSError, struct.error, lmdb.verify.VerifyError) as error:
        yield f"it is no whole data file ({error})"
        return
    if structure:
        yield from structure[:FINDINGS_LIMIT]
        return
    # Its structure is sound, so it is safe to map, and every value can be looked at.
    yield from _value_findings(folder)


def _meta_findings(file: Path) -> Iterator[str]:
    """The two meta pages are of consecutive commits. A damaged newer one would otherwise silently undo the last commit."""
    with file.open("rb") as data:
        size = os.fstat(data.fileno()).st_size
        page_size = os.sysconf("SC_PAGE_SIZE")
        if size < 2 * page_size:
            raise OSError(f"only {size} bytes")
        numbers = []
        for page in (0, 1):
            data.seek(page * page_size)
            meta = data.read(META_TXN_OFFSET + 8)
            magic = struct.unpack_from("=I", meta, 16)[0]
            if magic != LMDB_MAGIC:
                raise OSError("a meta page is not LMDB's")
            numbers.append(struct.unpack_from("=Q", meta, META_TXN_OFFSET)[0])
    if abs(numbers[0] - numbers[1]) != 1:
        yield f"its meta pages are of commits {numbers[0]} and {numbers[1]}, which do not follow each other"


def _value_findings(folder: Path) -> Iterator[str]:
    found = 0
    with _opened(folder) as environment, environment.begin(buffers=False) as transaction:
        for key, sealed in transaction.cursor():
            try:
                unseal(key, sealed)
                lost = transaction.get(key) != sealed
            except Damaged as damage:
                yield str(damage).split(". ")[0]
            else:
                if not lost:
                    continue
                yield f"{key!r} is there but is not found"
            found += 1
            if found == FINDINGS_LIMIT:
                return


def _opened(folder: Path) -> lmdb.Environment:
    size = (folder / DATA_FILE).stat().st_size
    return lmdb.open(str(folder), map_size=max(size * 2, 1 << 20), readonly=True, lock=False, lib_version=0)


class RawTransaction:
    """Sealed values of an LMDB transaction."""

    def __init__(self, transaction: lmdb.Transaction[bytes]) -> None:
        self._transaction = transaction

    def get(self, key: bytes) -> bytes | None:
        return self._transaction.get(key)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]:
        with self._transaction.cursor() as cursor:
            return _backward(cursor, start, end, limit) if reverse else _forward(cursor, start, end, limit)


def _forward(cursor: lmdb.Cursor[bytes], start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    if limit > 0 and cursor.set_range(start):
        for key, sealed in cursor:
            if key >= end:
                break
            found.append((key, sealed))
            if len(found) == limit:
                break
    return found


def _backward(cursor: lmdb.Cursor[bytes], start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    there = cursor.prev() if cursor.set_range(end) else cursor.last()
    while there and len(found) < limit:
        key, sealed = cursor.item()
        if key < start:
            break
        found.append((key, sealed))
        there = cursor.prev()
    return found
