"""A clean stop is noted, so that the next start is quick; the note never outlives what it is about."""

import sys
from pathlib import Path

import pytest

from taskactors.storage import apart, verification
from taskactors.storage.clean_mark import MARK_FILE
from taskactors.storage.errors import Damaged
from taskactors.storage.lmdb_file import DATA_FILE
from taskactors.storage.on_lmdb import open_lmdb
from taskactors.storage.verification import verify
from tests.storage.engines import contents, put, write


@pytest.fixture
def deep_checks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were checked deeply."""
    checked: list[Path] = []
    check = apart.findings_of

    def counting(module: str, folder: str) -> list[str]:
        checked.append(Path(folder))
        return check(module, folder)

    monkeypatch.setattr(verification, "findings_of", counting)
    return checked


def make(folder: Path) -> None:
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"1"))
    engine.close()


def test_after_a_clean_stop_the_next_start_compares_the_file_and_looks_no_deeper(folder: Path, deep_checks: list[Path]) -> None:
    make(folder)
    deep_checks.clear()
    open_lmdb(folder).close()
    assert deep_checks == []
    assert (folder / MARK_FILE).exists()


def test_the_note_is_gone_before_anything_is_written(folder: Path) -> None:
    make(folder)
    engine = open_lmdb(folder)
    contents(engine)
    write(engine, lambda transaction: transaction.get(b"a"))
    assert (folder / MARK_FILE).exists()
    write(engine, put(b"a", b"2"))
    assert not (folder / MARK_FILE).exists()
    engine.close()
    assert (folder / MARK_FILE).exists()


def test_without_the_note_the_file_is_checked_deeply_and_the_next_clean_stop_notes_it(folder: Path, deep_checks: list[Path]) -> None:
    make(folder)
    (folder / MARK_FILE).unlink()
    deep_checks.clear()
    engine = open_lmdb(folder)
    assert deep_checks == [folder]
    engine.close()
    open_lmdb(folder).close()
    assert deep_checks == [folder]


@pytest.mark.parametrize("note", [b"", b"{", b"\xff\xfe", b"[]", b"{}"])
def test_a_note_that_makes_no_sense_is_no_reason_to_trust_the_file(folder: Path, note: bytes) -> None:
    make(folder)
    (folder / MARK_FILE).write_bytes(note)
    with pytest.raises(Damaged, match=str(folder)):
        open_lmdb(folder)
    assert verify(folder) != []


def test_a_stop_on_which_the_note_cannot_be_written_is_still_a_stop(folder: Path) -> None:
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"1"))
    (folder / f".{MARK_FILE}.new").mkdir()
    engine.close()
    assert not (folder / MARK_FILE).exists()
    again = open_lmdb(folder)
    assert contents(again) == {b"a": b"1"}
    again.close()


def test_a_higher_layers_checks_see_the_data_and_add_their_lines(folder: Path) -> None:
    make(folder)
    assert verify(folder, lambda snapshot: [f"a is {snapshot.get(b'a')!r}"]) == ["a is b'1'"]


def test_a_higher_layers_checks_are_not_asked_about_a_damaged_file(folder: Path) -> None:
    make(folder)
    (folder / DATA_FILE).write_bytes((folder / DATA_FILE).read_bytes()[:-4096])
    assert len(verify(folder, lambda snapshot: ["never asked"])) >= 1
    assert "never asked" not in verify(folder, lambda snapshot: ["never asked"])


def test_a_folder_without_a_data_file_is_a_finding(tmp_path: Path) -> None:
    [finding] = verify(tmp_path)
    assert "data.mdb cannot be read" in finding


def test_a_check_that_someone_ends_is_no_verdict_on_the_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(folder)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    [finding] = verify(folder)
    assert "did not come to its end" in finding
    assert "start again" in finding
