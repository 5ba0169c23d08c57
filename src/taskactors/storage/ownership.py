"""Ownership: one server per data folder, by a lock that dies with its process and a note of who holds it."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import DataInUse, UnsupportedFilesystem

LOCK_FILE = "server.lock"
FOLDER_MODE = 0o700
FILE_MODE = 0o600

REMOTE_FILESYSTEMS = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "gluster", "lustre", "ncpfs", "sshfs")
"""Beginnings of the names of file systems whose locks and memory maps other machines do not honour."""


@contextmanager
def own(folder: Path) -> Iterator[None]:
    """Hold a data folder, made first if need be. Raises DataInUse naming the owner, and UnsupportedFilesystem."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    require_local(folder)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataInUse(folder, _owner(file)) from None
        # The note stays when we go: the lock is what counts, and only its holder is ever asked after.
        _write_note(file)
        yield
    finally:
        os.close(file)


def _write_note(file: int) -> None:
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())}
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(note).encode(), 0)


def _owner(file: int) -> str:
    try:
        note = json.loads(os.pread(file, 4096, 0))
        return f"process {note['pid']} on {note['host']} since {note['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process that has only just started"


def require_local(folder: Path) -> None:
    """Refuse a folder on a file system that is not this machine's own. Where mounts cannot be listed, nothing is refused."""
    kind = _filesystem(folder.resolve())
    if kind.startswith(REMOTE_FILESYSTEMS):
        raise UnsupportedFilesystem(folder, kind)


def _filesystem(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The kind of file system that a folder is on, from the longest mount point above it; empty when unknown."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].encode().decode("unicode_escape")
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind
