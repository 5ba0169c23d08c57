"""The note of a stopped project: whole or not there, and never trusted when it cannot be read."""

from pathlib import Path

import pytest

from taskactors.actors.due_note import DueNote, Noted


@pytest.mark.parametrize("noted", [Noted(None), Noted(1_790_000_000_000)])
def test_what_was_noted_is_read_until_it_is_cleared(tmp_path: Path, noted: Noted) -> None:
    note = DueNote(tmp_path / "due.json")
    note.write(Noted(1))
    note.write(noted)
    assert note.read() == noted
    assert note.path.stat().st_mode & 0o777 == 0o600
    note.clear()
    note.clear()
    assert note.read() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '"due"', "{}", '{"due": "soon"}', '{"due": true}', '{"due": 1.5}', "\x00\xff"])
def test_a_note_that_says_nothing_counts_as_none(tmp_path: Path, content: str) -> None:
    note = DueNote(tmp_path / "due.json")
    note.path.write_text(content)
    assert note.read() is None


def test_a_note_that_cannot_be_written_leaves_the_one_before_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = DueNote(tmp_path / "due.json")
    note.write(Noted(1))

    def full(descriptor: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("taskactors.actors.due_note.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        note.write(Noted(2))
    assert note.read() == Noted(1)
    assert [each.name for each in tmp_path.iterdir()] == ["due.json"]


def test_a_note_in_a_folder_that_is_gone_is_none_and_cannot_be_written(tmp_path: Path) -> None:
    note = DueNote(tmp_path / "gone" / "due.json")
    note.clear()
    assert note.read() is None
    with pytest.raises(FileNotFoundError):
        note.write(Noted(None))
