"""Examining: one moment of a data file that is in use, looked at by a process of its own, so that nobody waits for it.

What is looked at is a copy. A check may take minutes, and while a snapshot is open no page that it sees can be used again: the file
of a busy project would grow by a gigabyte meanwhile, and never become smaller.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import lmdb

from .copying import NICENESS
from .engine import Snapshot
from .errors import Damaged
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads, in_our_words
from .private import FOLDER_MODE
from .transaction import Opened

Check = Callable[[Snapshot], list[str]]


def named(check: str) -> Check:
    """The function that `module:function` names."""
    module, _, function = check.partition(":")
    found: Check = getattr(import_module(module), function)
    return found


COPY = "examined"
"""The folder of the copy, within that of the data: private as it is, and on the same disk."""

FREE_FOR_EACH = 4
"""There is a copy only where the disk has room for so many: what is left has to be enough for everybody who writes."""


def main() -> None:
    """Print what the check of the second argument finds in the store of the first, a line each."""
    folder, check = Path(sys.argv[1]), named(sys.argv[2])
    os.nice(NICENESS)
    try:
        with _opened(_copy_of(folder) or folder) as snapshot:
            findings = check(snapshot)
    except lmdb.Error as error:
        fault = in_our_words(error)
        if not isinstance(fault, Damaged):
            raise
        findings = [fault.fact]
    for finding in findings:
        print(finding.replace("\n", " "))


def _copy_of(folder: Path) -> Path | None:
    """A copy of this moment; None where the disk has not enough room."""
    if shutil.disk_usage(folder).free < FREE_FOR_EACH * (folder / DATA_FILE).stat().st_size:
        return None
    copy = folder / COPY
    # One that was killed may have left its own.
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(FOLDER_MODE)
    with _environment(folder) as environment:
        environment.copy(str(copy), compact=True)
    return copy


@contextmanager
def _opened(folder: Path) -> Iterator[Snapshot]:
    with _environment(folder) as environment, environment.begin(buffers=False) as transaction:
        yield Opened(LmdbReads(transaction))


def _environment(folder: Path) -> lmdb.Environment:
    size = (folder / DATA_FILE).stat().st_size
    # With the lock: it says to the writer which pages are still being read.
    return lmdb.open(str(folder), map_size=2 * size, readonly=True, lock=True, lib_version=LMDB_ENGINE)


if __name__ == "__main__":
    main()
