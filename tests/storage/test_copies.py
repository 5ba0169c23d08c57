"""Copies: one moment of a store that is in use, whole and durable, without its users noticing; or nothing."""

from pathlib import Path
from threading import Thread

import pytest

from taskactors.storage.apart import Abandoned
from taskactors.storage.engine import Unit
from taskactors.storage.errors import EngineFault, NeedsRoom, NoCopies, UnusableFolder
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.lmdb_file import DATA_FILE
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from taskactors.storage.verification import verify
from tests.storage.engines import contents, put, write


def delete(key: bytes) -> Unit:
    return lambda transaction: transaction.delete(key)


def always() -> bool:
    return True


def copied(store: LmdbEngine, folder: Path) -> None:
    for each in range(3):
        store.copy(folder / f"copy-{each}", always)


def test_a_copy_holds_what_the_store_does_and_opens_as_one(store: LmdbEngine, tmp_path: Path) -> None:
    write(store, put(b"a", b"1"), put(b"b", b"2"))
    store.copy(tmp_path / "copies" / "one", always)
    assert verify(tmp_path / "copies" / "one") == []
    copy = open_lmdb(tmp_path / "copies" / "one")
    assert contents(copy) == contents(store) == {b"a": b"1", b"b": b"2"}
    write(copy, put(b"a", b"changed"))
    copy.close()
    assert contents(store)[b"a"] == b"1"
    assert (tmp_path / "copies" / "one" / DATA_FILE).stat().st_mode & 0o777 == 0o600


def test_a_store_is_copied_while_it_is_written_and_grows(store: LmdbEngine, tmp_path: Path) -> None:
    """Each copy is of one moment: of these keys, which come one after the other, it has the first so many."""
    for number in range(50):
        write(store, put(b"%05d" % number, b"x" * 10_000))
    copying = Thread(target=lambda: copied(store, tmp_path))
    copying.start()
    written, rooms = 50, 0
    while copying.is_alive() or rooms < 1:
        try:
            write(store, put(b"%05d" % written, b"x" * 100_000))
            written += 1
        except NeedsRoom:
            store.make_room()
            rooms += 1
    copying.join()
    for each in range(3):
        assert verify(tmp_path / f"copy-{each}") == []
        copy = open_lmdb(tmp_path / f"copy-{each}")
        keys = sorted(contents(copy))
        copy.close()
        assert keys == [b"%05d" % number for number in range(len(keys))]
        assert 50 <= len(keys) <= written
    assert len(contents(store)) == written


def test_a_copy_that_nobody_wants_any_more_leaves_nothing(store: LmdbEngine, tmp_path: Path) -> None:
    with pytest.raises(Abandoned):
        store.copy(tmp_path / "copy", lambda: False)
    assert not (tmp_path / "copy").exists()
    write(store, put(b"a", b"1"))


def test_there_is_no_copying_over_what_is_there_nor_where_nothing_can_be_written(store: LmdbEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableFolder):
        store.copy(tmp_path / "file" / "copy", always)
    assert (tmp_path / "file").read_text() == ""
    store.close()
    with pytest.raises(EngineFault):
        store.copy(tmp_path / "copy", always)


def test_a_damaged_copy_is_seen(store: LmdbEngine, tmp_path: Path) -> None:
    write(store, *(put(b"%d" % number, b"x" * 500) for number in range(100)))
    store.copy(tmp_path / "copy", always)
    file = tmp_path / "copy" / DATA_FILE
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert verify(tmp_path / "copy") != []


def test_memory_cannot_be_copied_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoCopies):
        InMemoryEngine().copy(tmp_path / "copy", always)


def test_a_copy_holds_nothing_of_what_was_deleted_and_is_smaller(store: LmdbEngine, tmp_path: Path) -> None:
    for number in range(200):
        write(store, put(b"%d" % number, b"a secret " * 400))
    write(store, *(delete(b"%d" % number) for number in range(1, 200)))
    write(store, put(b"0", b"scrubbed"))
    store.copy(tmp_path / "copy", always)
    data = (tmp_path / "copy" / DATA_FILE).read_bytes()
    assert b"a secret" in (tmp_path / "store" / DATA_FILE).read_bytes()
    assert b"a secret" not in data
    assert len(data) < (tmp_path / "store" / DATA_FILE).stat().st_size / 4
    assert verify(tmp_path / "copy") == []


def test_a_copy_of_a_copy_goes_on_like_any_store(store: LmdbEngine, tmp_path: Path) -> None:
    write(store, put(b"a", b"1"))
    store.copy(tmp_path / "one", always)
    first = open_lmdb(tmp_path / "one")
    write(first, put(b"b", b"2"))
    first.copy(tmp_path / "two", always)
    first.close()
    second = open_lmdb(tmp_path / "two")
    assert contents(second) == {b"a": b"1", b"b": b"2"}
    write(second, put(b"c", b"3"))
    second.close()
    assert verify(tmp_path / "two") == []
