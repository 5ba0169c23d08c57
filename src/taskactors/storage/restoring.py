"""Restoring: a copy takes the place of a store that nobody has open, and what it replaces is kept beside it."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from .clean_mark import MARK_FILE, mark_clean
from .durable import sync_file, sync_folder
from .errors import Damaged, UnusableFolder
from .lmdb_file import DATA_FILE
from .private import FILE_MODE, make_private


def put_back(backup: Path, folder: Path, aside: Path, findings: Sequence[str]) -> Path | None:
    """Copy a checked backup to `folder`; returns where in `aside` the store is now that was there, None when there was none.

    At every moment, whenever the power goes, `folder` holds either the old store or the new one, whole. Raises Damaged when
    something was found wrong with the backup, and UnusableFolder; then nothing has changed.
    """
    if findings:
        raise Damaged(f"{backup} is no whole backup: {findings[0]}")
    fresh = folder.with_name(f".{folder.name}.restored")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        make_private(fresh)
        shutil.copyfile(backup / DATA_FILE, fresh / DATA_FILE)
        (fresh / DATA_FILE).chmod(FILE_MODE)
        sync_file(fresh / DATA_FILE)
        sync_folder(fresh)
        replaced = _put_in_place(fresh, folder, aside)
        sync_folder(folder.parent)
    except OSError as error:
        raise UnusableFolder(folder, error.strerror) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    mark_clean(folder, DATA_FILE)
    return replaced


def _put_in_place(fresh: Path, folder: Path, aside: Path) -> Path | None:
    if not folder.exists():
        fresh.rename(folder)
        return None
    replaced = _keep_aside(folder, aside) if (folder / DATA_FILE).exists() else None
    _clear_notes(folder)
    (fresh / DATA_FILE).replace(folder / DATA_FILE)
    sync_folder(folder)
    return replaced


def _clear_notes(folder: Path) -> None:
    """Whatever else is there was said about the old data: that it is clean, who reads it, when something is due in it."""
    for each in folder.iterdir():
        if each.name != DATA_FILE:
            each.unlink()
    sync_folder(folder)


def _keep_aside(folder: Path, aside: Path) -> Path:
    """The same file under a second name, with the note of what it is: the first is about to go to the new one."""
    name = f"{folder.name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    path, number = aside / name, 1
    while path.exists():
        number += 1
        path = aside / f"{name}-{number}"
    make_private(path)
    os.link(folder / DATA_FILE, path / DATA_FILE)
    if (folder / MARK_FILE).exists():
        shutil.copyfile(folder / MARK_FILE, path / MARK_FILE)
    sync_folder(path)
    sync_folder(aside)
    return path
