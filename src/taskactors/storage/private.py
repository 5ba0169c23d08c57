"""Privacy: folders and files that are their owner's alone, whatever the umask is, and the check that they still are."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .errors import OpenToOthers

FOLDER_MODE = 0o700
FILE_MODE = 0o600

OTHERS_WRITE = 0o022
OTHERS_READ = 0o044
OTHERS_ENTER = 0o011

NO_SECRETS = frozenset({".gitignore", "server.json", "clean"})
"""Files that say nothing which others may not know."""


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing of the way to it, for its owner alone; one that is there stays as it is. Raises OSError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing or [folder]):
        each.mkdir(FOLDER_MODE, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, not for a moment. Raises OSError."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, FILE_MODE)) as file:
        file.write(content)


def require_private(data: Path) -> None:
    """Raises OpenToOthers, naming it, for what other users of this machine could read or change of a data folder.

    The files of tokens are looked at by whoever reads them, more strictly.
    """
    mode = _mode(data)
    if mode & OTHERS_WRITE:
        raise OpenToOthers(data, mode, FOLDER_MODE)
    for path in _within_reach(data):
        wrong = OTHERS_WRITE if path.is_dir() else OTHERS_WRITE | OTHERS_READ
        if path.name not in NO_SECRETS and _mode(path) & wrong:
            raise OpenToOthers(path, _mode(path), FOLDER_MODE if path.is_dir() else FILE_MODE)


def _within_reach(folder: Path) -> Iterator[Path]:
    """What others come as far as. A folder that they may not enter hides all that is in it."""
    if not _mode(folder) & OTHERS_ENTER:
        return
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
            yield from _within_reach(Path(entry.path))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)
