"""Files in a project's root: only inside it, never through a link, whole or not at all, and never over a person's work."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskactors.actors.workspace import safe_files
from taskactors.actors.workspace.safe_files import LARGEST_BYTES, exists_in, write_file

NAME = ".claude/agents/ada.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name not in ("ada.md", "mine.txt")]


def test_a_file_is_written_with_the_folders_on_its_way(root: Path) -> None:
    assert write_file(root, NAME, "hello", overwrite=False).written
    assert (root / NAME).read_text().startswith("hello\n<!-- written by taskactors; digest ")
    assert (root / NAME).stat().st_mode & 0o777 == 0o644
    assert leftovers(root) == []


def test_without_a_root_nothing_is_written_and_the_answer_says_so() -> None:
    outcome = write_file(None, NAME, "hello", overwrite=True)
    assert not outcome.written
    assert outcome.reason is not None
    assert "--root" in outcome.reason


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/x", "a//x", "", ".", "..", "a/./b", "a/..", "x\0y", "./a"], ids=lambda path: repr(path)
)
def test_a_path_that_could_lead_out_is_a_bug_and_touches_nothing(root: Path, path: str) -> None:
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(ValueError, match="not a path inside the root"):
        write_file(root, path, "hello", overwrite=True)
    assert sorted(root.parent.rglob("*")) == before


def a_link_for_the_first_folder(root: Path, outside: Path) -> None:
    (root / ".claude").symlink_to(outside)


def a_link_for_the_second_folder(root: Path, outside: Path) -> None:
    (root / ".claude").mkdir()
    (root / ".claude" / "agents").symlink_to(outside)


def a_link_for_the_file(root: Path, outside: Path) -> None:
    (root / NAME).parent.mkdir(parents=True)
    (outside / "ada.md").write_text("theirs")
    (root / NAME).symlink_to(outside / "ada.md")


def a_link_to_nothing(root: Path, outside: Path) -> None:
    (root / NAME).parent.mkdir(parents=True)
    (root / NAME).symlink_to(outside / "not-there")


def a_link_to_the_root_itself(root: Path, outside: Path) -> None:
    (root / ".claude").symlink_to(root)


def a_file_for_a_folder(root: Path, outside: Path) -> None:
    (root / ".claude").write_text("a file")


def a_folder_for_the_file(root: Path, outside: Path) -> None:
    (root / NAME).mkdir(parents=True)


def a_pipe_for_the_file(root: Path, outside: Path) -> None:
    (root / NAME).parent.mkdir(parents=True)
    os.mkfifo(root / NAME)


@pytest.mark.parametrize(
    "obstacle",
    [
        a_link_for_the_first_folder,
        a_link_for_the_second_folder,
        a_link_for_the_file,
        a_link_to_nothing,
        a_link_to_the_root_itself,
        a_file_for_a_folder,
        a_folder_for_the_file,
        a_pipe_for_the_file,
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_written_through_over_or_beside_what_is_no_plain_file(
    root: Path, outside: Path, obstacle: Callable[[Path, Path], None], overwrite: bool
) -> None:
    obstacle(root, outside)
    before = {path: path.lstat().st_mtime_ns for path in root.parent.rglob("*")}
    outcome = write_file(root, NAME, "hello", overwrite)
    assert not outcome.written
    assert outcome.reason
    assert NAME in outcome.reason
    assert {path: path.lstat().st_mtime_ns for path in root.parent.rglob("*")}.keys() == before.keys()
    assert all(path.read_text() in ("theirs", "a file") for path in root.parent.rglob("*") if path.is_file())


def test_another_name_of_a_file_keeps_what_it_had(root: Path, outside: Path) -> None:
    (root / NAME).parent.mkdir(parents=True)
    (outside / "theirs").write_text("theirs")
    os.link(outside / "theirs", root / NAME)
    assert not write_file(root, NAME, "hello", overwrite=False).written
    assert write_file(root, NAME, "hello", overwrite=True).written
    assert (outside / "theirs").read_text() == "theirs"


def test_a_folder_that_is_swapped_for_a_link_in_the_middle_leads_nowhere(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".claude" / "agents").mkdir(parents=True)
    replace = safe_files._replace

    def swapped(*arguments: Any) -> safe_files.Outcome:
        (root / ".claude" / "agents").rename(root / ".claude" / "moved")
        (root / ".claude" / "agents").symlink_to(outside)
        return replace(*arguments)

    monkeypatch.setattr(safe_files, "_replace", swapped)
    write_file(root, NAME, "hello", overwrite=True)
    assert list(outside.iterdir()) == []


def test_our_own_file_is_brought_up_to_date_and_a_persons_is_kept(root: Path) -> None:
    write_file(root, NAME, "one", overwrite=False)
    assert write_file(root, NAME, "two", overwrite=False).written
    (root / NAME).write_text((root / NAME).read_text().replace("two", "two, as I like it"))
    kept = write_file(root, NAME, "three", overwrite=False)
    assert not kept.written
    assert "overwrite" in str(kept.reason)
    assert "as I like it" in (root / NAME).read_text()
    assert write_file(root, NAME, "three", overwrite=True).written
    assert (root / NAME).read_text().startswith("three\n")


@pytest.mark.parametrize(
    "content", [b"", b"mine", b"\xff\x00", b"<!-- written by taskactors; digest 00; x -->\n", b"x" * (LARGEST_BYTES + 1)]
)
def test_a_file_that_we_did_not_write_is_kept_whatever_is_in_it(root: Path, content: bytes) -> None:
    (root / "mine.txt").write_bytes(content)
    assert not write_file(root, "mine.txt", "ours", overwrite=False).written
    assert (root / "mine.txt").read_bytes() == content


def test_the_same_text_again_changes_nothing(root: Path) -> None:
    write_file(root, NAME, "one", overwrite=False)
    before = (root / NAME).stat()
    assert write_file(root, NAME, "one", overwrite=False).written
    assert (root / NAME).stat() == before


@pytest.mark.parametrize("fails", ["fsync", "rename", "write"])
def test_a_disk_that_fails_leaves_the_old_file_and_no_half_one(root: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    write_file(root, NAME, "old", overwrite=False)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(*_: object, **__: object) -> None:
        raise full

    if fails == "write":
        opened = os.fdopen

        def broken(file: int, mode: str) -> object:
            stream = opened(file, mode)
            if mode == "wb":
                stream.write = fail  # type: ignore[method-assign, assignment]
            return stream

        monkeypatch.setattr(os, "fdopen", broken)
    else:
        monkeypatch.setattr(os, fails, fail)
    outcome = write_file(root, NAME, "new", overwrite=True)
    monkeypatch.undo()
    assert not outcome.written
    assert "No space left" in str(outcome.reason)
    assert (root / NAME).read_text().startswith("old\n")
    assert leftovers(root) == []


def test_whoever_reads_meanwhile_sees_the_old_text_or_the_new_and_nothing_between(root: Path) -> None:
    texts = ("a" * 100_000, "b" * 100_000)
    write_file(root, NAME, texts[0], overwrite=True)
    done = threading.Event()
    seen: set[str] = set()

    def read() -> None:
        while not done.is_set():
            seen.add((root / NAME).read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        assert write_file(root, NAME, texts[number % 2], overwrite=True).written
    done.set()
    reader.join()
    assert {text[:1] for text in seen} <= {"a", "b"}
    assert all(len(text) > 100_000 and text.endswith("-->\n") for text in seen)


def test_a_root_that_is_gone_or_may_not_be_written_to_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "could not be written" in str(write_file(root / "gone", NAME, "x", overwrite=False).reason)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "mkdir", refuse)
    assert "Permission denied" in str(write_file(root, NAME, "x", overwrite=False).reason)


def test_a_link_does_not_count_as_a_file_that_is_there(root: Path, outside: Path) -> None:
    (outside / "CLAUDE.md").write_text("x")
    (root / "CLAUDE.md").symlink_to(outside / "CLAUDE.md")
    assert not exists_in(root, "CLAUDE.md")
    (root / "AGENTS.md").write_text("x")
    assert exists_in(root, "AGENTS.md")
