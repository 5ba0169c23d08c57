"""Verification: whether a data file is what was written, decided before LMDB maps it.

Opening a damaged file can end the process, and reading one can give other data without a word. So after a clean stop
the whole file must match its mark, unless the system knows that nobody has touched it; after any other end its head, its structure, every
value and their tally are checked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from . import deep_check
from .apart import findings_of
from .clean_mark import is_marked, mark_findings, quick_mark_findings
from .engine import Snapshot
from .errors import Damaged, StorageError, UnknownFormat
from .kept_back import FORMAT, stored_format
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads, in_our_words
from .meta_pages import meta_findings
from .transaction import Opened

__all__ = ["DATA_FILE", "require_known_format", "require_whole", "verify"]


def require_whole(folder: Path) -> None:
    """Raise Damaged unless the data file may be opened and trusted; WrongEngineVersion if another LMDB wrote it."""
    file = folder / DATA_FILE
    try:
        found = quick_mark_findings(folder, DATA_FILE) if is_marked(folder) else _deep_findings(folder)
    except OSError as error:
        raise Damaged(f"{file} cannot be read ({error.strerror or error})") from error
    if found:
        raise Damaged(f"{file}: {found[0]}" + (f" (and {len(found) - 1} more findings)" if len(found) > 1 else ""))


def require_known_format(folder: Path, reads: LmdbReads) -> None:
    """Raise UnknownFormat unless this software wrote it, or can go on from what did."""
    if (found := stored_format(reads)) != FORMAT:
        raise UnknownFormat(folder, found)


def verify(folder: Path, more: Callable[[Snapshot], list[str]] | None = None) -> list[str]:
    """Everything that is wrong with a data folder that nobody has open, a line each; `more` adds the checks of a higher layer.

    It changes nothing. Those further checks run only when nothing was found up to there.
    """
    try:
        found = mark_findings(folder, DATA_FILE) if is_marked(folder) else []
        found += _deep_findings(folder)
        if found:
            return found
        with _opened(folder) as reads:
            require_known_format(folder, reads)
            return [] if more is None else more(Opened(reads))
    except OSError as error:
        return [f"{folder / DATA_FILE} cannot be read ({error.strerror or error})"]
    except StorageError as error:
        return [error.fact if isinstance(error, Damaged) else str(error)]


def _deep_findings(folder: Path) -> list[str]:
    # By another process: a file whose structure is sound can still lack a page that LMDB walks into.
    return meta_findings(folder / DATA_FILE) or findings_of(deep_check.__name__, str(folder))


@contextmanager
def _opened(folder: Path) -> Iterator[LmdbReads]:
    """A file that is known to be sound, opened without leaving a trace beside it."""
    size = (folder / DATA_FILE).stat().st_size
    try:
        with (
            lmdb.open(str(folder), map_size=2 * size, readonly=True, lock=False, lib_version=LMDB_ENGINE) as environment,
            environment.begin(buffers=False) as transaction,
        ):
            yield LmdbReads(transaction)
    except lmdb.Error as error:
        raise in_our_words(error) from error
