"""The default engine: LMDB, with each of its dangers handled where it arises."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import lmdb

from .engine import Done, Failed, Snapshot, Unit
from .errors import DataInUse, EngineFault, NeedsRoom, StoreFull, UnknownFormat, WrongEngineVersion
from .ownership import FOLDER_MODE, require_local
from .records import seal
from .transaction import BATCH, FORMAT, FORMAT_KEY, Buffer, Opened
from .verification import DATA_FILE, RawTransaction, clear_mark, mark_clean, require_whole, sync_folder

T = TypeVar("T")

ENGINE = 0
"""The older of the two engines that py-lmdb ships; their files are not readable by each other, and the newer one is young."""

TESTED_VERSION = (0, 9, 36)

FIRST_MAP_BYTES = 64 << 20
LARGEST_MAP_BYTES = 256 << 30
"""A quarter of a terabyte of address space costs nothing; a project beyond it has a leak."""

READERS = 16
"""Snapshots open at once: one for the loop, a few for backups and checks."""

FULL_BELOW_BYTES = 1 << 20
"""LMDB reports a full disk as an input/output error; with less than this left, that is what it was."""

_open_here: set[Path] = set()
"""LMDB breaks its own locks when one process opens a file twice."""


def open_lmdb(folder: Path) -> LmdbEngine:
    """Open the data in a folder, made on the way if there is none. Checks it first as far as its last end calls for.

    Raises Damaged, UnsupportedFilesystem, DataInUse (open in this process already) and WrongEngineVersion.
    """
    if lmdb.version() != TESTED_VERSION:
        raise WrongEngineVersion(f"this needs LMDB {TESTED_VERSION}, not {lmdb.version()}; install the pinned lmdb package")
    folder = folder.absolute()
    folder.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    require_local(folder.parent)
    if folder in _open_here:
        raise DataInUse(folder, "this process")
    if not (folder / DATA_FILE).exists():
        _give_birth(folder)
    require_whole(folder)
    engine = LmdbEngine(folder)
    if (found := engine.read(lambda snapshot: snapshot.get(FORMAT_KEY))) != FORMAT:
        engine.close()
        raise UnknownFormat(folder, found)
    return engine


def _give_birth(folder: Path) -> None:
    """Make the file whole under another name first, so that one half made never counts as a project's data."""
    nursery = folder.with_name(f".{folder.name}.birth")
    shutil.rmtree(nursery, ignore_errors=True)
    nursery.mkdir(mode=FOLDER_MODE)
    environment = lmdb.open(str(nursery), map_size=FIRST_MAP_BYTES, lib_version=ENGINE)
    with environment.begin(write=True) as transaction:
        transaction.put(FORMAT_KEY, seal(FORMAT_KEY, FORMAT))
    environment.close()
    (nursery / "lock.mdb").unlink(missing_ok=True)
    with (nursery / DATA_FILE).open("rb") as data:
        os.fsync(data.fileno())
    sync_folder(nursery)
    if folder.exists():
        # A folder without a data file: only a removal by hand leaves that, and an empty one may be replaced.
        folder.rmdir()
    nursery.rename(folder)
    sync_folder(folder.parent)


class LmdbEngine:
    """One LMDB file. Reads on the loop's thread, writes on one other; never used after a fork."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = os.getpid()
        size = (folder / DATA_FILE).stat().st_size
        self._map_bytes = FIRST_MAP_BYTES
        while self._map_bytes < size * 2:
            self._map_bytes *= 2
        # Everything that would make a commit less than durable stays off, named here so that it stays so.
        self._environment = lmdb.open(
            str(folder),
            map_size=self._map_bytes,
            max_readers=READERS,
            sync=True,
            metasync=True,
            writemap=False,
            map_async=False,
            lock=True,
            lib_version=ENGINE,
        )
        self._environment.reader_check()
        self._marked = (folder / "clean").exists()
        self._faulty = False
        _open_here.add(folder)

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        self._require_same_process()
        # Ended at once: a snapshot left open would keep every page that it can see from being used again.
        with self._environment.begin(buffers=False) as transaction:
            return fn(Opened(RawTransaction(transaction)))

    def write(self, units: Sequence[Unit], now_ms: int, batch_id: bytes) -> list[Done[Any] | Failed]:
        self._require_same_process()
        if self._marked:
            clear_mark(self._folder)
            self._marked = False
        try:
            return self._write(units, now_ms, batch_id)
        except lmdb.MapFullError as full:
            raise NeedsRoom(f"the map of {self._map_bytes} bytes is full") from full
        except (lmdb.Error, OSError) as error:
            raise self._fault(error) from error

    def _write(self, units: Sequence[Unit], now_ms: int, batch_id: bytes) -> list[Done[Any] | Failed]:
        transaction: lmdb.Transaction[bytes] = self._environment.begin(write=True, buffers=False)
        try:
            buffer = Buffer(RawTransaction(transaction), now_ms)
            outcomes = buffer.run(units)
            if not buffer.changed:
                transaction.abort()
                return outcomes
            for each, sealed in buffer.sealed(batch_id):
                if sealed is None:
                    transaction.delete(each)
                else:
                    transaction.put(each, sealed)
            self._commit(transaction)
            return outcomes
        except BaseException:
            transaction.abort()
            raise

    def _commit(self, transaction: lmdb.Transaction[bytes]) -> None:
        transaction.commit()

    def _fault(self, error: Exception) -> StoreFull | EngineFault:
        free = os.statvfs(self._folder)
        if free.f_bavail * free.f_frsize < FULL_BELOW_BYTES:
            return StoreFull(f"the disk under {self._folder} is full; free some space there")
        # Asking the disk again could hide that it lost what it was given before: only a fresh start can tell.
        self._faulty = True
        return EngineFault(f"the store under {self._folder} failed: {error}")

    def make_room(self) -> None:
        """Double the map. Raises StoreFull at the largest."""
        if self._map_bytes >= LARGEST_MAP_BYTES:
            raise StoreFull(f"the store under {self._folder} has reached its largest size of {LARGEST_MAP_BYTES} bytes")
        self._map_bytes *= 2
        self._environment.set_mapsize(self._map_bytes)

    def committed(self, batch_id: bytes) -> bool:
        return self.read(lambda snapshot: snapshot.get(BATCH)) == batch_id

    def close(self) -> None:
        """Let go of the file; after a clean run, note its digest so that the next start is quick."""
        if self._folder not in _open_here:
            return
        self._environment.close()
        _open_here.discard(self._folder)
        if not self._faulty and not self._marked:
            mark_clean(self._folder)

    def _require_same_process(self) -> None:
        if os.getpid() != self._process:
            raise EngineFault("an open store cannot be used after a fork; open it again")
