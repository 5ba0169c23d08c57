"""A file is replaced whole or stays: a failing disk, a person's changes, a repeated call and other writers included."""

import ctypes
import errno
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taskactors.actors.workspace.safe_files import LARGEST_BYTES, Outcome, write_file
from tests.storage.children import Impossible, fill, in_child, mount_small_disk

NAME = ".claude/agents/ada.md"
OLD_MODE = 0o640
DISK_BYTES = 1 << 20
ROUNDS = 40


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def body(file: Path) -> str:
    text, mark, _ = file.read_text().rpartition("<!-- written by taskactors; digest ")
    assert mark
    return text


@contextmanager
def before(monkeypatch: pytest.MonkeyPatch, call: str, happens: Callable[[], None], at: int = 1) -> Iterator[None]:
    """Something happens right before the nth use of a system call."""
    real, used = getattr(os, call), 0

    def happening(*arguments: Any, **named: Any) -> Any:
        nonlocal used
        used += 1
        if used == at:
            happens()
        return real(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, call, happening)
        yield
    assert used >= at, f"{call} was not called {at} times, so nothing was tried"


def failing(code: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(code, os.strerror(code))

    return fail


# A disk that fails. The first fsync is the file's, the second its folder's.


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE])
@pytest.mark.parametrize(("call", "at"), [("open", 1), ("open", 2), ("open", 3), ("open", 4), ("open", 5), ("fsync", 1), ("rename", 1)])
def test_whatever_call_fails_the_old_file_stays_alone_and_the_cause_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str, at: int
) -> None:
    write_file(root, NAME, "old", overwrite=False)
    with before(monkeypatch, call, failing(code), at):
        outcome = write_file(root, NAME, "new", overwrite=True)
    assert not outcome.written
    assert os.strerror(code) in str(outcome.reason)
    assert body(root / NAME) == "old\n"
    assert files(root) == [NAME]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_first_file_that_could_not_be_written_is_not_there_at_all(root: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    with before(monkeypatch, call, failing(errno.ENOSPC)):
        assert not write_file(root, NAME, "new", overwrite=False).written
    assert files(root) == []


def test_a_file_in_place_is_called_written_though_its_folder_could_not_be_flushed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with before(monkeypatch, "fsync", failing(errno.EIO), at=2):
        outcome = write_file(root, NAME, "new", overwrite=False)
    assert body(root / NAME) == "new\n"
    assert outcome.written
    assert os.strerror(errno.EIO) in str(outcome.reason)


def test_the_cause_is_told_even_if_what_was_begun_cannot_be_cleared_away(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with before(monkeypatch, "rename", failing(errno.ENOSPC)), before(monkeypatch, "unlink", failing(errno.EIO)):
        outcome = write_file(root, NAME, "new", overwrite=False)
    assert not outcome.written
    assert os.strerror(errno.ENOSPC) in str(outcome.reason)


def test_a_write_that_is_broken_off_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    write_file(root, NAME, "old", overwrite=False)
    with pytest.raises(KeyboardInterrupt), before(monkeypatch, "fsync", interrupt):
        write_file(root, NAME, "new", overwrite=False)
    assert body(root / NAME) == "old\n"
    assert files(root) == [NAME]


def test_no_descriptor_stays_open_whatever_becomes_of_a_write(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    open_before = count()
    for call, at in (("open", 3), ("open", 4), ("fsync", 1), ("fsync", 2), ("rename", 1)):
        with before(monkeypatch, call, failing(errno.EIO), at):
            write_file(root, NAME, f"{call} {at}", overwrite=True)
    write_file(root, NAME, "fine", overwrite=True)
    assert count() == open_before


def write_on_a_full_disk(disk: Path) -> list[Any]:
    mount_small_disk(disk, DISK_BYTES)
    assert write_file(disk, NAME, "old", overwrite=False).written
    fill(disk / "filling")
    full = write_file(disk, NAME, "new" * 50_000, overwrite=True)
    told = [full.written, full.reason, body(disk / NAME), files(disk)]
    (disk / "filling").unlink()
    return [*told, write_file(disk, NAME, "new", overwrite=True).written, body(disk / NAME)]


def test_a_disk_that_is_really_full_keeps_the_old_file_and_takes_the_new_one_when_there_is_room(tmp_path: Path) -> None:
    written, reason, text, left, later, new_text = in_child(write_on_a_full_disk, tmp_path)
    assert (written, text, left) == (False, "old\n", [NAME, "filling"])
    assert "No space left" in reason
    assert (later, new_text) == (True, "new\n")


def write_on_a_read_only_disk(disk: Path) -> list[Any]:
    mount_small_disk(disk, DISK_BYTES)
    write_file(disk, NAME, "old", overwrite=False)
    read_only, remount = 1, 32
    if ctypes.CDLL(None).mount(b"tmpfs", os.fsencode(disk), b"tmpfs", read_only | remount, None):
        raise Impossible("the disk could not be made read-only")
    outcomes = [write_file(disk, name, "new", overwrite=True) for name in (NAME, ".claude/agents/bob.md", "new/folder.md", "CLAUDE.md")]
    same = write_file(disk, NAME, "old", overwrite=False)
    return [[(each.written, each.reason) for each in outcomes], same.written, body(disk / NAME), files(disk)]


def test_a_folder_that_may_only_be_read_is_an_answer(tmp_path: Path) -> None:
    outcomes, same, text, left = in_child(write_on_a_read_only_disk, tmp_path)
    assert all(not written and "Read-only file system" in reason for written, reason in outcomes)
    assert same is True, "what is there already needs no writing"
    assert (text, left) == ("old\n", [NAME])


# A person's file.


CHANGES: Mapping[str, Callable[[str], str]] = {
    "before": lambda text: "mine first\n" + text,
    "after": lambda text: text + "mine last\n",
    "a line after": lambda text: text + "\n",
    "without the last line end": lambda text: text.removesuffix("\n"),
    "a word": lambda text: text.replace("two", "2"),
    "line ends": lambda text: text.replace("\n", "\r\n"),
    "the digest": lambda text: text.replace("digest ", "digest 0"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "twice": lambda text: text + text,
    "half": lambda text: text[: len(text) // 2],
    "without the mark": lambda text: "".join(text.splitlines(keepends=True)[:-1]),
    "the mark alone": lambda text: text.splitlines(keepends=True)[-1],
    "emptied": lambda text: "",
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_letter_of_a_persons_anywhere_keeps_the_whole_file(root: Path, change: str) -> None:
    write_file(root, NAME, "one\ntwo\nthree", overwrite=False)
    changed = CHANGES[change]((root / NAME).read_text()).encode()
    (root / NAME).write_bytes(changed)
    kept = write_file(root, NAME, "four", overwrite=False)
    assert not kept.written
    assert "overwrite" in str(kept.reason)
    assert (root / NAME).read_bytes() == changed
    assert write_file(root, NAME, "four", overwrite=True).written
    assert body(root / NAME) == "four\n"
    assert write_file(root, NAME, "five", overwrite=False).written, "from then on it is ours again"


@pytest.mark.parametrize("moment", [("fsync", 1), ("stat", 2)])
@pytest.mark.parametrize("there", [False, True])
def test_what_a_person_saves_while_we_write_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch, moment: tuple[str, int], there: bool
) -> None:
    write_file(root, NAME if there else ".claude/agents/bob.md", "old", overwrite=False)
    call, at = moment

    def save() -> None:
        (root / NAME).write_text("mine")

    with before(monkeypatch, call, save, at):
        outcome = write_file(root, NAME, "new", overwrite=False)
    assert not outcome.written
    assert (root / NAME).read_text() == "mine"
    assert [name for name in files(root) if not name.endswith("bob.md")] == [NAME]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o755, 0o400])
def test_a_file_that_is_replaced_keeps_its_permissions(root: Path, mode: int) -> None:
    write_file(root, NAME, "old", overwrite=False)
    (root / NAME).chmod(mode)
    assert write_file(root, NAME, "new", overwrite=False).written
    assert (root / NAME).stat().st_mode & 0o7777 == mode


def test_nobody_may_read_a_private_file_s_new_text_while_it_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(root, NAME, "old", overwrite=False)
    (root / NAME).chmod(0o600)
    modes: set[int] = set()

    def look() -> None:
        modes.update(path.stat().st_mode & 0o077 for path in (root / NAME).parent.iterdir())

    for call in ("fchmod", "fsync"):
        with before(monkeypatch, call, look):
            write_file(root, NAME, f"new before {call}", overwrite=False)
    assert modes == {0}


def test_set_user_id_is_not_handed_on(root: Path) -> None:
    (root / "file.md").write_text("mine")
    (root / "file.md").chmod(0o4755)
    assert write_file(root, "file.md", "new", overwrite=True).written
    assert (root / "file.md").stat().st_mode & 0o7777 == 0o755


# Marks.


def test_a_text_that_was_read_from_our_file_and_changed_is_not_marked_twice(root: Path) -> None:
    text = "one"
    for _ in range(3):
        assert write_file(root, NAME, text, overwrite=False).written
        text = (root / NAME).read_text().replace("one", "one more")
    assert (root / NAME).read_text().count("written by taskactors") == 1
    assert body(root / NAME) == "one more more\n"


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n", " "], ids=ascii)
def test_the_text_is_kept_to_the_letter_and_only_a_missing_line_end_is_added(root: Path, end: str) -> None:
    text = "\ufeff# ünï 🚀\r\n\ttabs \0 and \u2028" + end
    assert write_file(root, NAME, text, overwrite=False).written
    whole, _, _ = (root / NAME).read_bytes().rpartition(b"<!-- written by taskactors")
    assert whole == (text if text.endswith("\n") else text + "\n").encode()
    assert write_file(root, NAME, "changed", overwrite=False).written, "and our mark is known again"


BEGINNING = "<!-- written by taskactors; digest " + "0" * 64 + "; "
SLOW = {
    # A search that tried each of them to the end of its line would still be at it when the test's time is up.
    "many beginnings of a mark": BEGINNING * 20_000,
    "many marks": (BEGINNING + "-->\n") * 2_000,
    "lines alone": "\n" * 200_000,
}


@pytest.mark.parametrize("kind", SLOW)
def test_no_text_makes_the_mark_take_long_to_find(root: Path, kind: str) -> None:
    for end in ("", "!", "\n", "-->"):
        assert write_file(root, NAME, SLOW[kind] + end, overwrite=True).written


@pytest.mark.parametrize("size", [LARGEST_BYTES - 200, LARGEST_BYTES, LARGEST_BYTES + 1, 3 * LARGEST_BYTES])
def test_a_large_file_of_a_persons_is_kept_and_can_be_replaced(root: Path, size: int) -> None:
    (root / "file.md").write_bytes(b"m" * size)
    assert not write_file(root, "file.md", "new", overwrite=False).written
    assert (root / "file.md").stat().st_size == size
    assert write_file(root, "file.md", "new", overwrite=True).written


# A call that is repeated because its answer was lost.


def test_a_repeated_call_finishes_what_was_not_done(root: Path) -> None:
    assert write_file(root, NAME, "first", overwrite=False, again=True).written
    assert body(root / NAME) == "first\n"
    outcome = write_file(root, NAME, "first", overwrite=False, again=True)
    assert outcome.written


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("by_a_person", [False, True])
def test_a_repeated_call_undoes_nothing_that_was_written_since(root: Path, overwrite: bool, by_a_person: bool) -> None:
    write_file(root, NAME, "first", overwrite=overwrite)
    if by_a_person:
        (root / NAME).write_text("second\n")
    else:
        write_file(root, NAME, "second", overwrite=False)
    outcome = write_file(root, NAME, "first", overwrite=overwrite, again=True)
    assert not outcome.written
    assert "idempotency_key" in str(outcome.reason)
    assert (root / NAME).read_text().startswith("second\n")


# Writers beside each other.


def together(*works: Callable[[], None]) -> None:
    """All of them at once; raises what one of them raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


def test_writers_at_once_each_write_whole_and_leave_one_of_their_texts(root: Path) -> None:
    texts = {letter: letter * 50_000 for letter in "abcd"}
    outcomes: list[Outcome] = []

    def writer(text: str) -> Callable[[], None]:
        def write() -> None:
            outcomes.extend(write_file(root, NAME, text, overwrite=False) for _ in range(ROUNDS))

        return write

    def read() -> None:
        while len(outcomes) < ROUNDS * len(texts):
            try:
                assert body(root / NAME).rstrip("\n") in texts.values()
            except FileNotFoundError:
                continue

    together(*map(writer, texts.values()), read)
    assert all(outcome.written for outcome in outcomes), "what another of ours wrote is nobody's change"
    assert body(root / NAME).rstrip("\n") in texts.values()
    assert files(root) == [NAME]


def test_writers_of_different_files_make_the_same_new_folders_without_harm(root: Path) -> None:
    names = [f".claude/agents/agent-{number}.md" for number in range(8)]
    outcomes: list[Outcome] = []

    def writer(name: str) -> Callable[[], None]:
        return lambda: outcomes.append(write_file(root, name, name, overwrite=False))

    together(*map(writer, names))
    assert [outcome.written for outcome in outcomes] == [True] * len(names)
    assert files(root) == names


def test_a_reader_that_holds_the_old_file_open_reads_it_to_its_end(root: Path) -> None:
    write_file(root, NAME, "old" * 10_000, overwrite=False)
    with (root / NAME).open() as file:
        start = file.read(10)
        write_file(root, NAME, "new", overwrite=False)
        assert (start + file.read()).startswith("old" * 10_000)
