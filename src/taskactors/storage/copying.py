"""Copying: one moment of a data file that is in use, by a process of its own.

A copy is a long read. In the server's process it would stand in the way of the map's growth; from another it does not,
and the server is not felt to be copied: writers wait for the copy of two pages.
"""

import os
import sys
from pathlib import Path

import lmdb

from .apart import findings_of
from .clean_mark import mark_clean
from .durable import sync_file, sync_folder
from .errors import Damaged
from .kept_back import BATCH_KEY, last_batch
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads
from .private import FILE_MODE, FOLDER_MODE, make_private

ROOM_BYTES = 1 << 20
"""What one more commit needs, many times over."""

NICENESS = 10
"""Whoever waits for an answer comes first."""


def main() -> None:
    """Copy the store in the first folder into the second, which is there and empty."""
    source, copy = Path(sys.argv[1]), Path(sys.argv[2])
    os.nice(NICENESS)
    size = (source / DATA_FILE).stat().st_size
    # With the lock: it says to the writer which pages are still being read.
    with lmdb.open(str(source), map_size=2 * size, readonly=True, lock=True, lib_version=LMDB_ENGINE) as environment:
        # Without the pages that are out of use: they hold what was deleted, and a secret that was redacted must be gone.
        environment.copy(str(copy), compact=True)
    _number_anew(copy)
    (copy / DATA_FILE).chmod(FILE_MODE)
    sync_file(copy / DATA_FILE)
    sync_folder(copy)


def _number_anew(copy: Path) -> None:
    """Such a copy counts its commits from one: the record of the last batch has to do so, too."""
    room = 2 * (copy / DATA_FILE).stat().st_size + ROOM_BYTES
    with (
        lmdb.open(str(copy), map_size=room, lock=False, lib_version=LMDB_ENGINE) as environment,
        environment.begin(write=True, buffers=False) as transaction,
    ):
        last = last_batch(LmdbReads(transaction))
        transaction.put(BATCH_KEY, last._replace(number=transaction.id()).sealed())


def copy_stopped(store: Path, copy: Path) -> None:
    """The same of a store that nobody has open, into a folder that is not there yet.

    Raises OSError, EngineFault, and Damaged when reading the store ends a process.
    """
    make_private(copy.parent)
    copy.mkdir(FOLDER_MODE)
    if found := findings_of(__name__, str(store), str(copy)):
        raise Damaged(f"{store}: {found[0]}")
    mark_clean(copy, DATA_FILE)


if __name__ == "__main__":
    main()
