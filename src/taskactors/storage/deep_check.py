"""The deep check: everything in a data file is looked at, in a process of its own, because some damage kills whoever meets it.

Small on purpose, and of the standard library and LMDB alone: whoever restarts a server is waiting for it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import lmdb
import lmdb.verify

from .errors import Damaged, StorageError
from .kept_back import BATCH_KEY, FORMAT, last_batch, stored_format
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads
from .sealing import counted, unseal

FINDINGS_LIMIT = 20
"""Enough to see what kind of damage it is; a file that is broken all over has thousands."""


def main() -> None:
    """Print what is wrong with the folder named by the only argument, a line each."""
    for finding in findings(Path(sys.argv[1])):
        print(finding.replace("\n", " "))


def findings(folder: Path) -> list[str]:
    """What is wrong with a data file whose head is sound. It may end the process by a signal instead."""
    try:
        # It returns what it finds, and raises only where it cannot begin.
        structure: list[str] = lmdb.verify.verify(str(folder / DATA_FILE))  # type: ignore[no-untyped-call]
    except lmdb.verify.VerifyError as error:
        return [f"it is no whole data file ({error})"]
    if structure:
        return structure[:FINDINGS_LIMIT]
    try:
        return _findings_inside(folder)
    except lmdb.Error as error:
        return [f"LMDB cannot read it ({error})"]
    except StorageError as error:
        return [_fact(error)]


def _findings_inside(folder: Path) -> list[str]:
    size = (folder / DATA_FILE).stat().st_size
    # Read only, and without a lock file: nothing beside the data is made or changed by looking at it.
    with (
        lmdb.open(str(folder), map_size=2 * size, readonly=True, lock=False, lib_version=LMDB_ENGINE) as environment,
        environment.begin(buffers=False) as transaction,
    ):
        reads = LmdbReads(transaction)
        if stored_format(reads) not in (FORMAT, None):
            # Nothing to judge by our rules; whoever opens it says so.
            return []
        last = last_batch(reads)
        if last.number != transaction.id():
            return [f"its head is of commit {transaction.id()}, and what it holds is of commit {last.number}"]
        return list(_value_findings(reads, last.tally))


def _value_findings(reads: LmdbReads, expected_tally: int) -> Iterator[str]:
    tally, faults = 0, 0
    for key, sealed in reads.everything():
        if (fault := _fault(reads, key, sealed)) is not None:
            yield fault
            faults += 1
            if faults == FINDINGS_LIMIT:
                return
        if key != BATCH_KEY:
            tally = counted(tally, None, sealed)
    if not faults and tally != expected_tally:
        yield "its values are not all of the same moment: an older page is in the place of a newer one"


def _fault(reads: LmdbReads, key: bytes, sealed: bytes) -> str | None:
    try:
        unseal(key, sealed)
    except Damaged as damage:
        return _fact(damage)
    return None if reads.get(key) == sealed else f"the value under {key!r} is there and is not found"


def _fact(error: StorageError) -> str:
    """Without the advice, which is given once and not with each finding."""
    return error.fact if isinstance(error, Damaged) else str(error)


if __name__ == "__main__":
    main()
