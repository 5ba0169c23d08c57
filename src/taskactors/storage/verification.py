"""Verification: whether a data file is what was written, decided before LMDB maps it.

Opening a damaged file can end the process, and reading one can give other data without a word. So after a clean stop
the whole file must match its mark; after any other end its head, its structure, every value and their tally are checked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import lmdb.verify

from .clean_mark import is_marked, mark_findings
from .engine import Snapshot
from .errors import Damaged, EngineFault, StorageError, UnknownFormat
from .last_batch import counted
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads, in_our_words
from .meta_pages import meta_findings
from .records import unseal
from .transaction import BATCH_KEY, FORMAT, FORMAT_KEY, Opened, last_batch

__all__ = ["DATA_FILE", "require_whole", "verify"]

FINDINGS_LIMIT = 20
"""Enough to see what kind of damage it is; a file that is broken all over has thousands."""


def require_whole(folder: Path) -> None:
    """Raise Damaged unless the data file may be opened and trusted; WrongEngineVersion and UnknownFormat if it is not ours."""
    file = folder / DATA_FILE
    try:
        found = mark_findings(folder, DATA_FILE) if is_marked(folder) else _deep_findings(folder)
    except OSError as error:
        raise Damaged(f"{file} cannot be read ({error.strerror or error})") from error
    if found:
        raise Damaged(f"{file}: {found[0]}" + (f" (and {len(found) - 1} more findings)" if len(found) > 1 else ""))


def verify(folder: Path, more: Callable[[Snapshot], list[str]] | None = None) -> list[str]:
    """Everything that is wrong with a data folder that nobody has open, a line each; `more` adds the checks of a higher layer.

    It changes nothing. Those further checks run only when nothing was found up to there.
    """
    try:
        found = mark_findings(folder, DATA_FILE) if is_marked(folder) else []
        found += _deep_findings(folder)
        if found or more is None:
            return found
        with _opened(folder) as transaction:
            return more(Opened(transaction))
    except OSError as error:
        return [f"{folder / DATA_FILE} cannot be read ({error.strerror or error})"]
    except StorageError as error:
        return [str(error)]


def _deep_findings(folder: Path) -> list[str]:
    """What is wrong with a file, whatever its mark says. In this order, for each step trusts what the ones before it checked."""
    file = folder / DATA_FILE
    if found := meta_findings(file):
        return found
    try:
        # It returns what it finds, and raises only where it cannot begin.
        structure: list[str] = lmdb.verify.verify(str(file))  # type: ignore[no-untyped-call]
    except lmdb.verify.VerifyError as error:
        return [f"it is no whole data file ({error})"]
    if structure:
        return structure[:FINDINGS_LIMIT]
    # Its structure is sound, so mapping it is safe.
    try:
        with _opened(folder) as reads:
            _require_own_format(folder, reads)
            return list(_value_findings(reads))
    except (Damaged, EngineFault) as damage:
        return [_fact(damage)]


def _require_own_format(folder: Path, reads: LmdbReads) -> None:
    if (found := Opened(reads).get(FORMAT_KEY)) != FORMAT:
        raise UnknownFormat(folder, found)


def _value_findings(reads: LmdbReads) -> Iterator[str]:
    tally, faults = 0, 0
    for key, sealed in reads.everything():
        try:
            unseal(key, sealed)
            fault = None if reads.get(key) == sealed else f"the value under {key!r} is there and is not found"
        except Damaged as damage:
            fault = _fact(damage)
        if fault is not None:
            yield fault
            faults += 1
            if faults == FINDINGS_LIMIT:
                return
        if key != BATCH_KEY:
            tally = counted(tally, None, sealed)
    if not faults and tally != last_batch(reads).tally:
        yield "its values are not all of the same moment: an older page is in the place of a newer one"


def _fact(error: StorageError) -> str:
    """Without the advice, which is given once and not with each finding."""
    return error.fact if isinstance(error, Damaged) else str(error)


@contextmanager
def _opened(folder: Path) -> Iterator[LmdbReads]:
    """A file that is known to be sound, opened without leaving a trace beside it."""
    size = (folder / DATA_FILE).stat().st_size
    try:
        environment = lmdb.open(str(folder), map_size=size * 2, readonly=True, lock=False, lib_version=LMDB_ENGINE)
    except lmdb.Error as error:
        raise Damaged(f"LMDB cannot open {folder / DATA_FILE} ({error})") from error
    try:
        transaction = environment.begin(buffers=False)
        yield LmdbReads(transaction)
        transaction.abort()
    except lmdb.Error as error:
        raise in_our_words(error) from error
    finally:
        environment.close()
