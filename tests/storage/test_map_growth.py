"""The map grows when it is full, and the batch that found it so is run again whole."""

from pathlib import Path

import lmdb
import pytest

from taskactors.storage import on_lmdb
from taskactors.storage.engine import Done
from taskactors.storage.errors import EngineFault, NeedsRoom, StoreFull
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from tests.storage.engines import contents, dump, put, write

SMALL_MAP = 1 << 18
TOO_MUCH = bytes(SMALL_MAP)


@pytest.fixture
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> LmdbEngine:
    monkeypatch.setattr(on_lmdb, "FIRST_MAP_BYTES", SMALL_MAP)
    return open_lmdb(folder)


def test_a_full_map_commits_nothing_and_the_same_batch_fits_after_making_room(small: LmdbEngine) -> None:
    write(small, put(b"a", b"1"))
    before = dump(small)
    with pytest.raises(NeedsRoom, match="make room, then run the batch again"):
        write(small, put(b"b", b"2"), put(b"c", TOO_MUCH), batch_id=b"large")
    assert dump(small) == before
    assert not small.committed(b"large")
    small.make_room()
    small.make_room()
    assert write(small, put(b"b", b"2"), put(b"c", TOO_MUCH), batch_id=b"large") == [Done(None), Done(None)]
    assert contents(small) == {b"a": b"1", b"b": b"2", b"c": TOO_MUCH}
    small.close()


def test_small_batches_fit_again_after_one_that_did_not(small: LmdbEngine) -> None:
    with pytest.raises(NeedsRoom):
        write(small, put(b"c", TOO_MUCH))
    assert write(small, put(b"a")) == [Done(None)]
    small.close()


def test_a_store_grown_beyond_its_first_map_opens_with_room_to_write(small: LmdbEngine, folder: Path) -> None:
    small.make_room()
    small.make_room()
    write(small, put(b"c", TOO_MUCH))
    small.close()
    again = open_lmdb(folder)
    assert write(again, put(b"d", bytes(SMALL_MAP // 2))) == [Done(None)]
    assert contents(again)[b"c"] == TOO_MUCH
    again.close()


def test_the_map_never_grows_past_its_limit(small: LmdbEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_lmdb, "LARGEST_MAP_BYTES", 2 * SMALL_MAP)
    small.make_room()
    with pytest.raises(StoreFull, match=f"largest size of {2 * SMALL_MAP} bytes"):
        small.make_room()
    assert write(small, put(b"a")) == [Done(None)]
    small.close()


def test_reads_never_pin_old_pages_so_the_file_stays_small_under_rewrites(small: LmdbEngine, folder: Path) -> None:
    for number in range(400):
        write(small, put(b"a", bytes([number % 256]) * 3000))
        small.read(lambda snapshot: snapshot.get(b"a"))
    assert (folder / on_lmdb.DATA_FILE).stat().st_size < SMALL_MAP
    small.close()


def test_a_map_that_the_system_cannot_give_is_a_fault_and_not_a_crash(small: LmdbEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_lmdb, "LARGEST_MAP_BYTES", 1 << 62)
    small._map_bytes = 1 << 55
    with pytest.raises(EngineFault, match="cannot grow"):
        small.make_room()
    with pytest.raises(EngineFault, match="open it again"):
        small.read(lambda snapshot: snapshot.get(b"a"))
    small.close()


def test_control_a_reader_left_open_makes_the_file_grow(tmp_path: Path) -> None:
    environment = lmdb.open(str(tmp_path), map_size=1 << 26, lib_version=0)
    with environment.begin() as left_open:
        left_open.get(b"a")
        for number in range(400):
            with environment.begin(write=True) as transaction:
                transaction.put(b"a", bytes([number % 256]) * 3000)
        assert (tmp_path / on_lmdb.DATA_FILE).stat().st_size > SMALL_MAP
    environment.close()
