"""Restoring: the new store or the old one, never neither; and the old one is kept."""

import os
from pathlib import Path

import pytest

from taskactors.storage import restoring
from taskactors.storage.clean_mark import is_marked
from taskactors.storage.errors import Damaged, UnusableFolder
from taskactors.storage.lmdb_file import DATA_FILE
from taskactors.storage.on_lmdb import open_lmdb
from taskactors.storage.restoring import put_back
from taskactors.storage.verification import verify
from tests.storage.engines import contents, put, write


def made(folder: Path, value: bytes) -> Path:
    store = open_lmdb(folder)
    write(store, put(b"which", value))
    store.close()
    return folder


def which(folder: Path) -> bytes:
    assert verify(folder) == []
    store = open_lmdb(folder)
    try:
        return contents(store)[b"which"]
    finally:
        store.close()


def test_where_nothing_was_there_is_the_backup(tmp_path: Path) -> None:
    backup = made(tmp_path / "backup", b"saved")
    assert put_back(backup, tmp_path / "projects" / "default", tmp_path / "replaced", ()) is None
    assert which(tmp_path / "projects" / "default") == which(backup) == b"saved"
    assert sorted(os.listdir(tmp_path / "projects")) == ["default"]


def test_what_it_replaces_is_kept_whole_and_the_backup_stays(tmp_path: Path) -> None:
    backup, folder = made(tmp_path / "backup", b"saved"), made(tmp_path / "projects" / "default", b"old")
    assert is_marked(folder)
    (folder / "note").write_text("about the old data")
    replaced = put_back(backup, folder, tmp_path / "replaced", ())
    assert replaced is not None
    assert (which(folder), which(replaced), which(backup)) == (b"saved", b"old", b"saved")
    assert not (folder / "note").exists()
    again = put_back(backup, folder, tmp_path / "replaced", ())
    assert again is not None
    assert again != replaced


def test_a_backup_with_a_finding_changes_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path / "projects" / "default", b"old")
    with pytest.raises(Damaged, match="a page is gone"):
        put_back(made(tmp_path / "backup", b"saved"), folder, tmp_path / "replaced", ["a page is gone"])
    assert which(folder) == b"old"
    assert not (tmp_path / "replaced").exists()


@pytest.mark.parametrize("step", ["_clear_notes", "_keep_aside", "sync_file", "sync_folder"])
def test_whatever_fails_on_the_way_the_old_store_or_the_new_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    backup, folder = made(tmp_path / "backup", b"saved"), made(tmp_path / "projects" / "default", b"old")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as planted:
        planted.setattr(restoring, step, fails)
        with pytest.raises(UnusableFolder):
            put_back(backup, folder, tmp_path / "replaced", ())
    assert which(folder) == b"old"
    assert sorted(os.listdir(tmp_path / "projects")) == ["default"]


def test_a_store_that_lost_its_data_file_can_be_restored(tmp_path: Path) -> None:
    backup, folder = made(tmp_path / "backup", b"saved"), made(tmp_path / "projects" / "default", b"old")
    (folder / DATA_FILE).unlink()
    assert put_back(backup, folder, tmp_path / "replaced", ()) is None
    assert which(folder) == b"saved"
