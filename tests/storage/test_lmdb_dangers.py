"""LMDB's dangers, each by its name, each with what we do about it."""

import os
import signal
from pathlib import Path

import lmdb
import pytest

from taskactors.storage import on_lmdb
from taskactors.storage.clean_mark import MARK_FILE
from taskactors.storage.errors import DataInUse, EngineFault, UnknownFormat, UnsupportedFilesystem, WrongEngineVersion
from taskactors.storage.kept_back import FORMAT_KEY
from taskactors.storage.lmdb_file import DATA_FILE, LOCK_FILE
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from taskactors.storage.sealing import seal
from taskactors.storage.verification import verify
from tests.storage.children import Ended, in_child
from tests.storage.engines import contents, put, write


def test_the_engine_is_the_one_that_was_tested(store: LmdbEngine) -> None:
    assert store._environment.lib_version() == (0, 9, 36)


def test_another_engine_version_is_refused_before_any_file_is_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_lmdb, "TESTED_VERSION", (0, 9, 35))
    with pytest.raises(WrongEngineVersion, match="install the pinned lmdb package"):
        open_lmdb(folder)
    assert not folder.exists()


def test_nothing_that_makes_a_commit_less_than_durable_is_switched_on(store: LmdbEngine) -> None:
    flags = store._environment.flags()
    assert {name: flags[name] for name in ("sync", "metasync", "writemap", "map_async", "lock")} == {
        "sync": True,
        "metasync": True,
        "writemap": False,
        "map_async": False,
        "lock": True,
    }


def test_a_file_of_the_newer_lmdb_is_refused_and_stays_as_it_is(folder: Path) -> None:
    with lmdb.open(str(folder), lib_version=1) as newer, newer.begin(write=True) as transaction:
        transaction.put(b"a", b"1")
    before = (folder / DATA_FILE).read_bytes()
    with pytest.raises(WrongEngineVersion, match="written by another LMDB"):
        open_lmdb(folder)
    assert (folder / DATA_FILE).read_bytes() == before
    assert "written by another LMDB" in verify(folder)[0]


@pytest.mark.parametrize("clean", [True, False])
def test_data_of_a_later_format_is_refused_saying_which(folder: Path, clean: bool) -> None:
    engine = open_lmdb(folder)
    with engine._environment.begin(write=True) as transaction:
        transaction.put(FORMAT_KEY, seal(FORMAT_KEY, b"taskactors 2"))
    engine.close()
    if not clean:
        (folder / MARK_FILE).unlink()
    for _ in range(2):
        with pytest.raises(UnknownFormat, match=r"format b'taskactors 2'.*run the version that wrote it"):
            open_lmdb(folder)
    (folder / MARK_FILE).unlink(missing_ok=True)
    assert "taskactors 2" in verify(folder)[0]


def test_a_second_open_in_one_process_is_refused_by_whatever_path(store: LmdbEngine, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    for path in (folder, tmp_path / "link", tmp_path / "x" / ".." / "store"):
        with pytest.raises(DataInUse, match="this very process"):
            open_lmdb(path)
    write(store, put(b"a"))
    assert contents(store) == {b"a": b""}


def test_a_closed_store_can_be_opened_again_and_is_of_no_use_itself(folder: Path) -> None:
    first = open_lmdb(folder)
    write(first, put(b"a"))
    first.close()
    first.close()
    second = open_lmdb(folder)
    for use in (lambda: write(first, put(b"b")), lambda: first.committed(b""), first.make_room, lambda: contents(first)):
        with pytest.raises(EngineFault, match="open it again"):
            use()
    first.close()
    with pytest.raises(DataInUse):
        open_lmdb(folder)
    assert contents(second) == {b"a": b""}
    second.close()


def use_after_fork(folder: Path) -> list[str]:
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"1"))
    ours, theirs = os.pipe()
    if os.fork() == 0:
        told = []
        for use in (lambda: write(engine, put(b"a", b"2")), lambda: contents(engine), engine.make_room):
            try:
                use()
                told.append("worked")
            except EngineFault as fault:
                told.append(str(fault))
        engine.close()
        os.write(theirs, "\n".join(told).encode())
        os._exit(0)
    os.wait()
    told = os.read(ours, 4096).decode().splitlines()
    assert contents(engine) == {b"a": b"1"}
    write(engine, put(b"a", b"3"))
    engine.close()
    return told


def test_an_open_store_is_refused_after_a_fork_and_goes_on_in_its_own_process(folder: Path) -> None:
    told = in_child(use_after_fork, folder)
    assert len(told) == 3
    assert all("after a fork" in each for each in told)
    assert verify(folder) == []


def die_while_reading(folder: Path, note: Path) -> None:
    engine = open_lmdb(folder)
    note.write_text(str(os.getpid()))
    engine.read(lambda snapshot: os.kill(os.getpid(), signal.SIGKILL))


def test_a_reader_that_was_killed_is_cleared_at_the_next_open(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Ended, match="SIGKILL"):
        in_child(die_while_reading, folder, tmp_path / "pid")
    engine = open_lmdb(folder)
    assert (tmp_path / "pid").read_text() not in engine._environment.readers()
    engine.close()


@pytest.mark.parametrize("left", [b"", b"\xff" * 100, b"\xff" * 8192])
def test_whatever_is_left_in_the_lock_file_does_not_matter(folder: Path, left: bytes) -> None:
    engine = open_lmdb(folder)
    write(engine, put(b"a"))
    engine.close()
    (folder / LOCK_FILE).write_bytes(left)
    again = open_lmdb(folder)
    assert contents(again) == {b"a": b""}
    again.close()


def test_a_store_is_refused_on_a_network_file_system_before_anything_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Path) -> None:
        raise UnsupportedFilesystem(place, "nfs4")

    monkeypatch.setattr(on_lmdb, "require_local", refuse)
    with pytest.raises(UnsupportedFilesystem, match=r"nfs4 file system.*choose a local disk"):
        open_lmdb(folder)
    assert not folder.exists()
