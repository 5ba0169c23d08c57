"""A clean stop is noted, so that the next start is quick; the note never outlives what it is about."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from taskactors.storage import apart, clean_mark, unchanged, verification
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


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files of which all was read to compare them with their note, or to make one."""
    compared: list[Path] = []
    describe = clean_mark._describe

    def counting(file: Path) -> dict[str, object]:
        compared.append(file)
        return describe(file)

    monkeypatch.setattr(clean_mark, "_describe", counting)
    return compared


def make(folder: Path) -> None:
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"1"))
    engine.close()


def test_after_a_clean_stop_the_next_start_looks_no_deeper_than_its_note(folder: Path, deep_checks: list[Path]) -> None:
    make(folder)
    deep_checks.clear()
    open_lmdb(folder).close()
    assert deep_checks == []
    assert (folder / MARK_FILE).exists()


def test_a_file_that_nobody_has_touched_is_not_even_read(folder: Path, comparisons: list[Path]) -> None:
    make(folder)
    comparisons.clear()
    open_lmdb(folder).close()
    assert comparisons == []
    assert verify(folder) == []
    assert comparisons == [folder / DATA_FILE]


def test_a_changed_byte_is_found_although_size_and_time_are_what_they_were(folder: Path) -> None:
    make(folder)
    file = folder / DATA_FILE
    before = file.stat()
    with file.open("r+b") as data:
        data.seek(-1, os.SEEK_END)
        data.write(b"\xa5")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Damaged, match="not the file that was closed"):
        open_lmdb(folder)


def test_a_copy_in_its_place_is_compared_and_that_it_is_the_same_is_noted(folder: Path, comparisons: list[Path]) -> None:
    make(folder)
    content = (folder / DATA_FILE).read_bytes()
    (folder / DATA_FILE).unlink()
    (folder / DATA_FILE).write_bytes(content)
    comparisons.clear()
    open_lmdb(folder).close()
    assert comparisons == [folder / DATA_FILE]
    open_lmdb(folder).close()
    assert comparisons == [folder / DATA_FILE]


@pytest.mark.parametrize("boot", ["another\n", None])
def test_after_a_restart_of_the_machine_or_where_none_can_be_told_the_whole_file_is_compared(
    boot: str | None, folder: Path, comparisons: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folder)
    comparisons.clear()
    monkeypatch.setattr(unchanged, "BOOT_ID", tmp_path / "boot_id")
    if boot is not None:
        (tmp_path / "boot_id").write_text(boot)
    open_lmdb(folder).close()
    assert comparisons == [folder / DATA_FILE]


@pytest.mark.parametrize(("goes_on", "is_told"), [(True, True), (False, False)])
def test_it_is_looked_at_when_the_next_change_would_bear_another_stamp_and_never_sooner(
    goes_on: bool, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    stamp = (tmp_path / "file").stat().st_ctime_ns
    clock = SimpleNamespace(now=stamp)
    clock.clock_gettime_ns = lambda _: clock.now
    clock.sleep = lambda _: setattr(clock, "now", clock.now + goes_on)
    monkeypatch.setattr(unchanged, "time", clock)
    assert (unchanged.look_of(tmp_path / "file") is not None) is is_told
    assert (clock.now > stamp) is goes_on


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
