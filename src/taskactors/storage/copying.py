"""Copying: one moment of a data file that is in use, by a process of its own.

A copy is a long read. In the server's process it would stand in the way of the map's growth; from another it does not,
and the server is not felt to be copied: writers wait for the copy of two pages.
"""

import os
import sys
from pathlib import Path

import lmdb

from .durable import sync_file, sync_folder
from .lmdb_file import DATA_FILE, LMDB_ENGINE

NICENESS = 10
"""Whoever waits for an answer comes first."""


def main() -> None:
    """Copy the store in the first folder into the second, which is there and empty."""
    source, copy = Path(sys.argv[1]), Path(sys.argv[2])
    os.nice(NICENESS)
    size = (source / DATA_FILE).stat().st_size
    # With the lock: it says to the writer which pages are still being read.
    with lmdb.open(str(source), map_size=2 * size, readonly=True, lock=True, lib_version=LMDB_ENGINE) as environment:
        environment.copy(str(copy))
    (copy / DATA_FILE).chmod(0o600)
    sync_file(copy / DATA_FILE)
    sync_folder(copy)


if __name__ == "__main__":
    main()
