"""Restoring: a copy takes the place of a store that nobody has open, and what it replaces is kept beside it."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from .clean_mark import mark_clean
from .durable import sync_file, sync_folder
from .errors import Damaged, UnusableFolder
from .lmdb_file import DATA_FILE
from .ownership import FOLDER_MODE


def put_back(backup: Path, folder: Path, aside: Path, findings: Sequence[str]) -> Path | None:
    """Copy a checked backup to `folder`; returns where in `aside` the store went that was there, None when there was none.

    At every moment there is either the old store or the new one, whole. Raises Damaged when something was found wrong with
    the backup, and UnusableFolder; then nothing has changed.
    """
    if findings:
        raise Damaged(f"{backup} is no whole backup: {findings[0]}")
    fresh = folder.with_name(f".{folder.name}.restored")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=FOLDER_MODE, parents=True)
        shutil.copyfile(backup / DATA_FILE, fresh / DATA_FILE)
        (fresh / DATA_FILE).chmod(0o600)
        sync_file(fresh / DATA_FILE)
        mark_clean(fresh, DATA_FILE)
        replaced = _put_aside(folder, aside) if folder.exists() else None
        fresh.rename(folder)
        sync_folder(folder.parent)
        return replaced
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise UnusableFolder(folder, error.strerror) from error


def _put_aside(folder: Path, aside: Path) -> Path:
    aside.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    name = f"{folder.name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    path, number = aside / name, 1
    while path.exists():
        number += 1
        path = aside / f"{name}-{number}"
    folder.rename(path)
    sync_folder(aside)
    return path
