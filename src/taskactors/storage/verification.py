"""Verification: whether a data file is what was written, decided before LMDB maps it.

Opening a damaged file can end the process, and reading one can give other data without a word. So after a clean stop
the whole file must match its mark; after any other end its head, its structure, every value and their tally are checked.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from . import deep_check
from .clean_mark import is_marked, mark_findings
from .engine import Snapshot
from .errors import Damaged, EngineFault, StorageError, UnknownFormat
from .kept_back import FORMAT, stored_format
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads, in_our_words
from .meta_pages import meta_findings
from .transaction import Opened

__all__ = ["DATA_FILE", "require_known_format", "require_whole", "verify"]

KILLED_BY_DAMAGE = (signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
"""How a process ends that met damage: a page that is not there, a wild pointer, an assertion of LMDB's. Other signals are sent."""


def require_whole(folder: Path) -> None:
    """Raise Damaged unless the data file may be opened and trusted; WrongEngineVersion if another LMDB wrote it."""
    file = folder / DATA_FILE
    try:
        found = mark_findings(folder, DATA_FILE) if is_marked(folder) else _deep_findings(folder)
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
    return meta_findings(folder / DATA_FILE) or _findings_of_child(folder)


def _findings_of_child(folder: Path) -> list[str]:
    """The deep check by another process: a file whose structure is sound can still lack a page that LMDB walks into."""
    child = subprocess.run(
        [sys.executable, "-P", "-m", deep_check.__name__, str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        # It must find what we found, however we were started.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8:replace"},
        check=False,
    )
    if child.returncode < 0 and -child.returncode in KILLED_BY_DAMAGE:
        return [f"reading it ends a process with {signal.Signals(-child.returncode).name}"]
    if child.returncode != 0:
        raise EngineFault(f"the check of {folder} did not come to its end ({_last_words(child)}); start again to repeat it")
    return child.stdout.splitlines()


def _last_words(child: "subprocess.CompletedProcess[str]") -> str:
    if child.returncode < 0:
        return f"stopped by {signal.Signals(-child.returncode).name}"
    lines = child.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {child.returncode}"


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
