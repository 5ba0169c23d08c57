"""Birth: a data file is made whole under another name first, so that one half made never counts as a project's data.

A power cut during the first two writes of a new LMDB file leaves one that cannot be opened; later ones never do.
"""

import errno
import shutil
from contextlib import suppress
from pathlib import Path

import lmdb

from .durable import sync_file, sync_folder
from .errors import Damaged, StoreFull, UnusableFolder
from .kept_back import born
from .lmdb_file import DATA_FILE, LMDB_ENGINE
from .private import FILE_MODE, FOLDER_MODE

BIRTH_MAP_BYTES = 1 << 20


def require_born(folder: Path) -> None:
    """Make a store where there is none, and clear away one that was never finished. Raises Damaged, StoreFull, UnusableFolder."""
    nursery = folder.with_name(f".{folder.name}.birth")
    shutil.rmtree(nursery, ignore_errors=True)
    if (folder / DATA_FILE).exists():
        return
    try:
        # An empty folder is no reason to refuse; one without its data file is no place to start anew in silence.
        with suppress(FileNotFoundError):
            folder.rmdir()
    except OSError:
        raise Damaged(f"{folder} has lost its data file {DATA_FILE}") from None
    try:
        _make(nursery)
        nursery.rename(folder)
        sync_folder(folder.parent)
    except (lmdb.Error, OSError) as error:
        raise _not_made(folder, error) from error


def _make(nursery: Path) -> None:
    nursery.mkdir(mode=FOLDER_MODE)
    # Nobody else can know this name, so there is nothing to lock.
    environment = lmdb.open(str(nursery), map_size=BIRTH_MAP_BYTES, mode=FILE_MODE, lock=False, lib_version=LMDB_ENGINE)
    try:
        with environment.begin(write=True) as transaction:
            for key, sealed in born():
                transaction.put(key, sealed)
    finally:
        environment.close()
    sync_file(nursery / DATA_FILE)
    sync_folder(nursery)


def _not_made(folder: Path, error: lmdb.Error | OSError) -> StoreFull | UnusableFolder:
    # LMDB reports a full disk as an input/output error, and on a folder that was just made there is hardly any other.
    code = error.errno if isinstance(error, OSError) else error.code
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return StoreFull(f"there is no space for a new store in {folder.parent} ({error}); free some there")
    return UnusableFolder(folder, str(error))
