"""A full disk fails the batches that need it and nothing else; with space, writing goes on in place."""

import resource
from pathlib import Path
from typing import Any

import lmdb
import pytest

from taskactors.storage.errors import StoreFull
from taskactors.storage.lmdb_file import LOCK_FILE
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from taskactors.storage.ownership import own
from taskactors.storage.verification import verify
from tests.storage.children import Ended, fill, in_child, mount_small_disk, resize_small_disk
from tests.storage.engines import contents, put, write

MANY = 1000
CHUNK = 8000
DISK_BYTES = 2 << 20
ODD_LIMIT_BYTES = DISK_BYTES - 1000
"""In the middle of a page: the write that meets it comes short, which LMDB calls an input/output error."""


def write_until_full(engine: LmdbEngine, first: int) -> list[bytes]:
    """The keys whose batches were acknowledged."""
    written: list[bytes] = []
    for number in range(first, first + MANY):
        name = b"%05d" % number
        try:
            write(engine, put(name, bytes(CHUNK)), batch_id=name)
        except StoreFull:
            return written
        written.append(name)
    raise AssertionError("it never got full")


def run_full_and_free(disk: Path) -> dict[str, Any]:
    mount_small_disk(disk, DISK_BYTES)
    engine = open_lmdb(disk / "store")
    written = write_until_full(engine, 0)
    again = write_until_full(engine, MANY)
    readable = sorted(contents(engine))
    last = engine.committed((written + again)[-1])
    resize_small_disk(disk, 4 * DISK_BYTES)
    write(engine, put(b"after", bytes(CHUNK)))
    engine.close()
    found = verify(disk / "store")
    reopened = open_lmdb(disk / "store")
    kept = sorted(contents(reopened))
    reopened.close()
    return {"written": written + again, "readable": readable, "last": last, "kept": kept, "found": found}


def test_a_full_disk_fails_its_batches_alone_and_writing_goes_on_when_there_is_space(tmp_path: Path) -> None:
    told = in_child(run_full_and_free, tmp_path)
    assert len(told["written"]) > 50
    assert told["readable"] == told["written"]
    assert told["last"]
    assert told["kept"] == [*told["written"], b"after"]
    assert told["found"] == []


def run_large_batch(disk: Path) -> dict[str, Any]:
    mount_small_disk(disk, DISK_BYTES)
    engine = open_lmdb(disk / "store")
    try:
        write(engine, put(b"small"), put(b"large", bytes(2 * DISK_BYTES)), batch_id=b"both")
    except StoreFull as full:
        message = str(full)
    told = {"message": message, "committed": engine.committed(b"both"), "contents": contents(engine)}
    # Cutting off what the failed batch left of itself must give room for what is small.
    fill(disk / "filler")
    (disk / "filler").unlink()
    engine.close()
    return told | {"found": verify(disk / "store")}


def test_a_batch_too_large_for_the_disk_leaves_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    told = in_child(run_large_batch, tmp_path)
    assert "free some space there" in told["message"]
    assert not told["committed"]
    assert told["contents"] == {}
    assert told["found"] == []


def run_start_on_full_disk(disk: Path) -> list[str]:
    mount_small_disk(disk, DISK_BYTES)
    engine = open_lmdb(disk / "store")
    write(engine, put(b"a", b"1"))
    engine.close()
    fill(disk / "filler")
    engine = open_lmdb(disk / "store")
    told = [repr(contents(engine))]
    engine.close()
    (disk / "store" / LOCK_FILE).unlink()
    fill(disk / "filler-2")
    for start in (lambda: open_lmdb(disk / "store"), lambda: open_lmdb(disk / "another"), lambda: own(disk / "owned").__enter__()):
        try:
            start()
        except StoreFull as full:
            told.append(str(full))
    return told


def test_a_start_on_a_full_disk_serves_what_there_is_or_says_so(tmp_path: Path) -> None:
    served, *refused = in_child(run_start_on_full_disk, tmp_path)
    assert served == "{b'a': b'1'}"
    assert len(refused) == 3
    assert all("free some" in each for each in refused)


def run_lmdb_alone_on_full_disk(disk: Path) -> None:
    mount_small_disk(disk, DISK_BYTES)
    lmdb.open(str(disk / "store"), lib_version=0).close()
    (disk / "store" / LOCK_FILE).unlink()
    fill(disk / "filler")
    lmdb.open(str(disk / "store"), lib_version=0)


def test_control_lmdb_alone_ends_the_process_that_starts_on_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(Ended, match="SIGBUS"):
        in_child(run_lmdb_alone_on_full_disk, tmp_path)


def run_at_file_size_limit(folder: Path) -> dict[str, Any]:
    engine = open_lmdb(folder)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ODD_LIMIT_BYTES, most))
    written = write_until_full(engine, 0)
    readable = sorted(contents(engine))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    write(engine, put(b"after"))
    kept = sorted(contents(engine))
    engine.close()
    return {"written": written, "readable": readable, "kept": kept, "found": verify(folder)}


def test_a_limit_on_file_sizes_is_a_full_disk_too(folder: Path) -> None:
    told = in_child(run_at_file_size_limit, folder)
    assert len(told["written"]) > 50
    assert told["readable"] == told["written"]
    assert told["kept"] == [*told["written"], b"after"]
    assert told["found"] == []
