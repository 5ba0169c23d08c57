"""The default engine: LMDB, with each of its dangers handled where it arises."""

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

import lmdb

from . import copying, examining
from .apart import findings_of
from .birth import require_born
from .clean_mark import clear_mark, is_marked, mark_clean
from .engine import Snapshot, Writes
from .errors import Damaged, DataInUse, EngineFault, NeedsRoom, StorageError, StoreFull, UnusableFolder, WrongEngineVersion
from .filesystems import require_local
from .kept_back import last_batch
from .lmdb_file import DATA_FILE, LMDB_ENGINE, LOCK_FILE, TESTED_VERSION
from .lmdb_reads import LmdbReads, in_our_words
from .private import FILE_MODE, FOLDER_MODE, make_private
from .transaction import Buffer, Opened
from .verification import require_known_format, require_whole

__all__ = ["DATA_FILE", "LmdbEngine", "open_lmdb"]

T = TypeVar("T")

FIRST_MAP_BYTES = 64 << 20
"""Room for some hundred thousand tasks before the map has to grow for the first time."""

LARGEST_MAP_BYTES = 256 << 30
"""A quarter of a terabyte of address space costs nothing; a project beyond it has a leak."""

READERS = 16
"""Snapshots open at once: one for the loop, a few for backups and checks."""

LOCK_FILE_BYTES = 8192
"""What LMDB's lock file needs for its readers, rounded up to whole pages."""

SPARE_BYTES = 1 << 20
"""A disk that has not even this much left is full: no batch is sure to fit. LMDB calls that an input/output error."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_open_here: set[Path] = set()
_opening = Lock()


def open_lmdb(folder: Path) -> "LmdbEngine":
    """Open the data in a folder, made on the way if there is none. Checks it first as far as its last end calls for.

    Raises Damaged, UnknownFormat, WrongEngineVersion, UnsupportedFilesystem, UnusableFolder, StoreFull, and DataInUse when
    it is open in this process already. Whether another process has it open is for `own` to say.
    """
    if lmdb.version(lib_version=LMDB_ENGINE) != TESTED_VERSION:
        raise WrongEngineVersion(f"this needs LMDB {TESTED_VERSION}, not {lmdb.version()}; install the pinned lmdb package")
    try:
        make_private(folder.parent)
    except OSError as error:
        raise UnusableFolder(folder, error.strerror) from error
    folder = folder.resolve()
    require_local(folder.parent)
    with _reserved(folder):
        require_born(folder)
        require_whole(folder)
        return LmdbEngine(folder)


@contextmanager
def _reserved(folder: Path) -> Iterator[None]:
    """LMDB breaks its own locks when one process opens a file twice."""
    with _opening:
        if folder in _open_here:
            raise DataInUse(folder, "this very process")
        _open_here.add(folder)
    try:
        yield
    except BaseException:
        _open_here.discard(folder)
        raise


class LmdbEngine:
    """One LMDB file. Reads and drafts on the loop's thread, commits on one other; never used after a fork. Made by `open_lmdb`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = os.getpid()
        self._map_bytes = FIRST_MAP_BYTES
        while self._map_bytes < 2 * (folder / DATA_FILE).stat().st_size:
            self._map_bytes *= 2
        self._marked = is_marked(folder)
        self._usable = True
        self._closed = False
        _allocate_lock_file(folder)
        self._environment = _open_environment(folder, self._map_bytes)
        try:
            self._reading(partial(require_known_format, folder))
        except StorageError:
            self._environment.close()
            raise

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        return self._reading(lambda reads: fn(Opened(reads)))

    def _reading(self, fn: Callable[[LmdbReads], T]) -> T:
        self._require_usable()
        try:
            # Ended at once: a snapshot left open would keep every page that it can see from being used again.
            with self._environment.begin(buffers=False) as transaction:
                return fn(LmdbReads(transaction))
        except lmdb.Error as error:
            raise in_our_words(error) from error

    @contextmanager
    def draft(self, now_ms: int) -> Iterator[Buffer]:
        self._require_usable()
        try:
            with self._environment.begin(buffers=False) as transaction:
                yield Buffer(LmdbReads(transaction), now_ms)
        except (Damaged, EngineFault) as fault:
            # Below the units, that is: whatever a unit itself met is in its own outcome.
            self._usable = False
            raise EngineFault(str(fault)) from fault
        except lmdb.Error as error:
            raise in_our_words(error) from error

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        self._require_usable()
        try:
            self._write(writes)
        except lmdb.MapFullError as full:
            raise NeedsRoom(f"the map of {self._map_bytes} bytes is full; make room, then run the batch again") from full
        except (lmdb.Error, OSError) as error:
            raise self._verdict(error, batch_id) from error

    def _write(self, writes: Writes) -> None:
        transaction = self._environment.begin(write=True, buffers=False)
        try:
            self._unmark()
            for key, sealed in writes:
                if sealed is None:
                    transaction.delete(key)
                else:
                    transaction.put(key, sealed)
            self._commit(transaction)
        finally:
            # Of no effect after a commit.
            transaction.abort()

    def _commit(self, transaction: "lmdb.Transaction[bytes]") -> None:
        """Everything is on the disk when this returns."""
        transaction.commit()

    def _unmark(self) -> None:
        if self._marked:
            clear_mark(self._folder)
            self._marked = False

    def _verdict(self, error: lmdb.Error | OSError, batch_id: bytes) -> StoreFull | EngineFault:
        code = error.errno if isinstance(error, OSError) else error.code
        if (code in FULL or (code == errno.EIO and self._is_full())) and self._is_sound_without(batch_id):
            return StoreFull(f"the disk under {self._folder} is full ({error}); free some space there")
        # Asking the disk once more could hide that it lost what it was given before: only a fresh start can tell.
        self._usable = False
        return EngineFault(f"the store under {self._folder} failed ({error}); open it again to learn what became of the last batch")

    def _is_full(self) -> bool:
        """By trying, because quotas and reserves do not show in what a file system says is free."""
        allowed, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        scratch = self._folder / ".spare"
        try:
            if allowed != resource.RLIM_INFINITY and (self._folder / DATA_FILE).stat().st_size + SPARE_BYTES > allowed:
                return True
            _allocate(scratch, SPARE_BYTES)
        except OSError as error:
            return error.errno in FULL
        finally:
            with suppress(OSError):
                scratch.unlink(missing_ok=True)
        return False

    def _is_sound_without(self, batch_id: bytes) -> bool:
        """Whether LMDB goes on, and this batch left no trace. A failed write of a meta page makes it refuse everything."""
        try:
            with self._environment.begin(write=True, buffers=False) as transaction:
                last = last_batch(LmdbReads(transaction))
                transaction.abort()
                return last.id != batch_id
        except (lmdb.Error, StorageError):
            return False

    def make_room(self) -> None:
        """Double the map. Raises StoreFull at the largest, EngineFault when the system has no room for it."""
        self._require_usable()
        if self._map_bytes >= LARGEST_MAP_BYTES:
            raise StoreFull(f"the store under {self._folder} has reached its largest size of {LARGEST_MAP_BYTES} bytes")
        try:
            self._environment.set_mapsize(2 * self._map_bytes)
        except lmdb.Error as error:
            # The old map is gone by then.
            self._usable = False
            raise EngineFault(f"the map of {self._folder} cannot grow ({error}); open the store again") from error
        self._map_bytes *= 2

    def committed(self, batch_id: bytes) -> bool:
        return self._reading(lambda reads: last_batch(reads).id == batch_id)

    def copy(self, folder: Path, wanted: Callable[[], bool]) -> None:
        self._require_usable()
        try:
            make_private(folder.parent)
            folder.mkdir(FOLDER_MODE)
            self._apart(copying.__name__, str(folder), wanted)
            mark_clean(folder, DATA_FILE)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise UnusableFolder(folder, error.strerror) from error
            raise

    def examine(self, check: str, wanted: Callable[[], bool]) -> list[str]:
        self._require_usable()
        try:
            return self._apart(examining.__name__, check, wanted)
        finally:
            shutil.rmtree(self._folder / examining.COPY, ignore_errors=True)

    def _apart(self, module: str, argument: str, wanted: Callable[[], bool]) -> list[str]:
        try:
            return findings_of(module, str(self._folder), argument, wanted=wanted)
        finally:
            # One that was killed would keep the pages that it was reading from ever being used again.
            with suppress(lmdb.Error):
                self._environment.reader_check()

    def close(self) -> None:
        """Let go of the file; after a run without a fault, mark it as clean, so that the next start is quick. Twice is once."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        self._environment.close()
        if self._usable and not self._marked:
            mark_clean(self._folder, DATA_FILE)
        self._usable = False
        _open_here.discard(self._folder)

    def _require_usable(self) -> None:
        if os.getpid() != self._process:
            raise EngineFault("an open store cannot be used after a fork; open it in the new process")
        if not self._usable:
            raise EngineFault(f"the store under {self._folder} is closed or has failed; open it again")


def _open_environment(folder: Path, map_bytes: int) -> lmdb.Environment:
    try:
        # Everything that would make a commit less than durable stays off, named here so that it stays so.
        environment = lmdb.open(
            str(folder),
            map_size=map_bytes,
            max_readers=READERS,
            sync=True,
            metasync=True,
            writemap=False,
            map_async=False,
            lock=True,
            create=False,
            lib_version=LMDB_ENGINE,
        )
        # A reader that was killed would keep its pages from being used again.
        environment.reader_check()
    except lmdb.Error as error:
        raise UnusableFolder(folder, f"LMDB cannot open it ({error})") from error
    return environment


def _allocate_lock_file(folder: Path) -> None:
    """LMDB maps its lock file: a page of it that the disk has no room for would end the process."""
    try:
        _allocate(folder / LOCK_FILE, LOCK_FILE_BYTES)
    except OSError as error:
        if error.errno in FULL:
            raise StoreFull(f"the disk under {folder} is full; free some space there") from error
        raise UnusableFolder(folder, error.strerror) from error


def _allocate(path: Path, count: int) -> None:
    # Written, not only made longer: a page that was never written has no place on the disk yet.
    with open(path, "ab", opener=lambda name, flags: os.open(name, flags, FILE_MODE)) as file:
        file.write(bytes(max(0, count - file.tell())))
