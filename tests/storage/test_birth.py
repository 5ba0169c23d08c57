"""A store is born whole or not at all."""

import shutil
from pathlib import Path

import lmdb
import pytest

from taskactors.storage import birth
from taskactors.storage.errors import Damaged, UnusableFolder
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.lmdb_file import DATA_FILE
from taskactors.storage.on_lmdb import open_lmdb
from tests.storage.engines import contents, dump, put, write


class PowerCut(BaseException):
    """Nothing after it runs; what is on the disk is what there was."""


def test_a_new_store_holds_what_every_engine_begins_with(folder: Path) -> None:
    engine = open_lmdb(folder)
    assert dump(engine) == dump(InMemoryEngine())
    engine.close()


@pytest.mark.parametrize("at", ["sync_file", "sync_folder"])
def test_a_birth_cut_off_leaves_no_store_and_is_begun_again(folder: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def cut(_: Path) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(birth, at, cut)
        with pytest.raises(PowerCut):
            open_lmdb(folder)
    assert not folder.exists()
    [left] = folder.parent.iterdir()
    assert left.name.startswith(".")
    # Even with the worst that a power cut can leave of it.
    (left / DATA_FILE).write_bytes(bytes(4096))
    engine = open_lmdb(folder)
    write(engine, put(b"a"))
    engine.close()
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("content", [b"", b"\x00" * 8192, b"half of something else"])
def test_a_half_made_file_under_the_real_name_is_never_taken_for_a_store(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / DATA_FILE).write_bytes(content)
    with pytest.raises(Damaged, match=str(folder)):
        open_lmdb(folder)
    assert (folder / DATA_FILE).read_bytes() == content


def test_control_lmdb_alone_takes_an_empty_file_for_a_new_store(folder: Path) -> None:
    folder.mkdir()
    (folder / DATA_FILE).touch()
    with lmdb.open(str(folder), lib_version=0) as environment:
        assert environment.stat()["entries"] == 0


def test_an_empty_folder_may_become_a_store(folder: Path) -> None:
    folder.mkdir()
    open_lmdb(folder).close()
    assert (folder / DATA_FILE).exists()


def test_a_store_whose_data_file_was_removed_is_not_begun_anew_in_silence(folder: Path) -> None:
    engine = open_lmdb(folder)
    write(engine, put(b"a"))
    engine.close()
    (folder / DATA_FILE).unlink()
    with pytest.raises(Damaged, match=r"lost its data file data\.mdb"):
        open_lmdb(folder)
    assert not (folder / DATA_FILE).exists()


def test_what_a_half_birth_left_goes_even_when_the_store_exists(folder: Path) -> None:
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"1"))
    engine.close()
    shutil.copytree(folder, folder.with_name(f".{folder.name}.birth"))
    engine = open_lmdb(folder)
    assert contents(engine) == {b"a": b"1"}
    engine.close()
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


def test_a_folder_that_cannot_be_made_is_refused_saying_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableFolder, match="choose another folder with --data"):
        open_lmdb(tmp_path / "file" / "store")
