"""Ownership: one server per data folder, by a lock that dies with its process and a note of who holds it."""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import DataInUse, StoreFull, UnusableFolder
from .filesystems import require_local
from .private import FILE_MODE, make_private, write_private

OWNER_FILE = "server.lock"
NOTE_BYTES = 4096

KEPT_OUT_OF_GIT = b"*\n"


@contextmanager
def own(folder: Path) -> Iterator[None]:
    """Hold a data folder, made first if need be.

    Raises DataInUse naming the owner, UnsupportedFilesystem, StoreFull, and UnusableFolder when it cannot be made or written.
    """
    try:
        file = _prepare(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(f"there is no space for a lock in {folder}; free some there") from error
        raise UnusableFolder(folder, error.strerror) from error
    try:
        _lock(file, folder)
        yield
    finally:
        # The note stays: the lock is what counts, and only a lock that is held makes anyone read it.
        os.close(file)


def _prepare(folder: Path) -> int:
    make_private(folder)
    require_local(folder)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_private(ignore, KEPT_OUT_OF_GIT)
    return os.open(folder / OWNER_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataInUse(folder, _owner(file)) from None
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())}
    try:
        # In one write over what was there, filled up with spaces: no reader ever sees half of it, and a full disk has room for it.
        os.pwrite(file, json.dumps(note).encode().ljust(NOTE_BYTES), 0)
    except OSError as error:
        raise StoreFull(f"there is no space for a lock in {folder} ({error.strerror}); free some there") from error


def _owner(file: int) -> str:
    try:
        note = json.loads(os.pread(file, NOTE_BYTES, 0))
        return f"process {note['pid']} on {note['host']} since {note['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process that has only just started"
