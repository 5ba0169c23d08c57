"""Examining: one moment of a data file that is in use, looked at by a process of its own, so that nobody waits for it."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import lmdb

from .copying import NICENESS
from .engine import Snapshot
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .lmdb_reads import LmdbReads
from .transaction import Opened

Check = Callable[[Snapshot], list[str]]


def named(check: str) -> Check:
    """The function that `module:function` names."""
    module, _, function = check.partition(":")
    found: Check = getattr(import_module(module), function)
    return found


def main() -> None:
    """Print what the check of the second argument finds in the store of the first, a line each."""
    folder, check = Path(sys.argv[1]), named(sys.argv[2])
    os.nice(NICENESS)
    size = (folder / DATA_FILE).stat().st_size
    # With the lock: it says to the writer which pages are still being read.
    with (
        lmdb.open(str(folder), map_size=2 * size, readonly=True, lock=True, lib_version=LMDB_ENGINE) as environment,
        environment.begin(buffers=False) as transaction,
    ):
        for finding in check(Opened(LmdbReads(transaction))):
            print(finding.replace("\n", " "))


if __name__ == "__main__":
    main()
