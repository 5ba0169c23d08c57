"""Whatever stands at a file's path, or is put there in the middle, nothing outside of the root is ever touched."""

import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from taskactors.actors.workspace.ai_tools import AI_TOOLS
from taskactors.actors.workspace.safe_files import Outcome, exists_in, write_file

PATHS = (*(tool.main_file for tool in AI_TOOLS.values()), *(f"{tool.agent_folder}/ada.md" for tool in AI_TOOLS.values()))
DEEP = "a/b/c/file.md"
STEPS = ("a", "a/b", "a/b/c", "a/b/c/file.md")
"""Every place on the way of DEEP that something else could stand at."""

Seen = Mapping[str, tuple[int, int, bytes]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with what a link could aim at: a file, a folder, and the very tree that is to be written."""
    folder = tmp_path / "outside"
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "c").mkdir()
    for place in ("", "a/b/c", "b/c", "c"):
        (folder / place / "file.md").write_text("theirs")
    return folder


def seen(folder: Path) -> Seen:
    """Everything in a folder: kind and permissions, inode, content or aim."""

    def entries() -> Iterator[tuple[str, tuple[int, int, bytes]]]:
        for path in sorted(folder.rglob("*")):
            found = path.lstat()
            content = b""
            if stat.S_ISREG(found.st_mode):
                content = path.read_bytes()
            elif stat.S_ISLNK(found.st_mode):
                content = os.readlink(path).encode()
            yield str(path.relative_to(folder)), (found.st_mode, found.st_ino, content)

    return dict(entries())


def refused(outcome: Outcome) -> str:
    assert not outcome.written
    assert outcome.reason
    return outcome.reason


def a_link_out(at: Path, outside: Path) -> None:
    at.symlink_to(outside)


def a_relative_link_out(at: Path, outside: Path) -> None:
    at.symlink_to(os.path.relpath(outside, at.parent))


def a_link_to_a_file_out(at: Path, outside: Path) -> None:
    at.symlink_to(outside / "file.md")


def a_link_to_nothing(at: Path, outside: Path) -> None:
    at.symlink_to(outside / "new-and-not-there")


def a_link_to_itself(at: Path, outside: Path) -> None:
    at.symlink_to(at.name)


def a_link_to_a_link_out(at: Path, outside: Path) -> None:
    (at.parent / "between").symlink_to(outside)
    at.symlink_to("between")


def a_link_within(at: Path, outside: Path) -> None:
    (at.parent / "beside").mkdir()
    at.symlink_to("beside")


def a_pipe(at: Path, outside: Path) -> None:
    os.mkfifo(at)


def a_socket(at: Path, outside: Path) -> None:
    here = os.open(at.parent, os.O_RDONLY)
    try:
        # By way of the open folder, because the name of a socket may have 107 bytes at most.
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{here}/{at.name}")
    finally:
        os.close(here)


OBSTACLES = (
    a_link_out,
    a_relative_link_out,
    a_link_to_a_file_out,
    a_link_to_nothing,
    a_link_to_itself,
    a_link_to_a_link_out,
    a_link_within,
    a_pipe,
    a_socket,
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("overwrite", [False, True])
def test_at_every_depth_what_is_no_folder_and_no_file_is_left_as_it_is(
    root: Path, outside: Path, step: str, obstacle: Callable[[Path, Path], None], overwrite: bool
) -> None:
    (root / step).parent.mkdir(parents=True, exist_ok=True)
    obstacle(root / step, outside)
    before = seen(root.parent)
    assert DEEP in refused(write_file(root, DEEP, "ours", overwrite))
    assert seen(root.parent) == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_in_place_of_any_part_of_any_of_our_files_is_not_followed(root: Path, outside: Path, path: str, overwrite: bool) -> None:
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        project = root / f"project-{depth}"
        at = project.joinpath(*parts[:depth])
        at.parent.mkdir(parents=True)
        at.symlink_to(outside)
        before = seen(root.parent)
        refused(write_file(project, path, "ours", overwrite))
        assert not exists_in(project, path)
        assert seen(root.parent) == before


@pytest.mark.parametrize("step", STEPS[:-1])
def test_a_file_in_place_of_a_folder_is_said_to_be_in_the_way(root: Path, step: str) -> None:
    (root / step).parent.mkdir(parents=True, exist_ok=True)
    (root / step).write_text("mine")
    assert "is a link or no folder" in refused(write_file(root, DEEP, "ours", overwrite=True))
    assert (root / step).read_text() == "mine"


def test_a_folder_in_place_of_the_file_is_kept_with_what_is_in_it(root: Path) -> None:
    (root / DEEP).mkdir(parents=True)
    (root / DEEP / "mine").write_text("mine")
    refused(write_file(root, DEEP, "ours", overwrite=True))
    assert (root / DEEP / "mine").read_text() == "mine"


HOSTILE = (
    "..",
    "../out",
    "a/../../out",
    "a/b/../../../out",
    "a/..",
    "/etc/out",
    "//out",
    "",
    "/",
    "a/",
    "a//out",
    ".",
    "./out",
    "a/./out",
    "out\0",
    "a\0/../out",
    "\0",
)


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_a_path_that_could_leave_the_root_is_refused_before_anything_is_touched(root: Path, outside: Path, path: str) -> None:
    before = seen(root.parent)
    for look in (lambda: write_file(root, path, "ours", overwrite=True), lambda: exists_in(root, path)):
        with pytest.raises(ValueError, match="not a path inside the root"):
            look()
    assert seen(root.parent) == before


@pytest.mark.parametrize("path", ["n" * 256, "f" * 256 + "/x", "n" * 250, "é" * 128])
def test_a_name_that_is_too_long_is_an_answer_and_leaves_no_file(root: Path, path: str) -> None:
    assert "too long" in refused(write_file(root, path, "ours", overwrite=False))
    assert not exists_in(root, path)
    assert not [each for each in root.rglob("*") if each.is_file()]


@pytest.mark.parametrize(
    "name", ["héllo.md", "日本.md", "\u202egnp.md", "a b.md", "-rf", "..md", "...", "~", "$HOME", "a\\..\\b", "C:", "new\nline"], ids=ascii
)
def test_a_strange_name_is_only_a_name(root: Path, outside: Path, name: str) -> None:
    before = seen(outside)
    assert write_file(root, name, "ours", overwrite=False).written
    assert [each.name for each in root.iterdir()] == [name]
    assert exists_in(root, name)
    assert seen(outside) == before


def test_two_ways_to_write_one_letter_and_two_cases_do_not_mix_two_files(root: Path) -> None:
    (root / "probe").touch()
    if (root / "PROBE").exists():
        pytest.skip("this file system takes them for one name")
    for name in ("claude.md", "Claude.md", "e\u0301.md"):
        (root / name).write_text("mine")
    for name in ("CLAUDE.md", "\u00e9.md"):
        assert write_file(root, name, "ours", overwrite=True).written
    assert {(root / name).read_text() for name in ("claude.md", "Claude.md", "e\u0301.md")} == {"mine"}


def test_a_hard_link_to_a_file_outside_is_parted_from_it_and_the_file_outside_keeps_its_text(root: Path, outside: Path) -> None:
    (root / "a/b/c").mkdir(parents=True)
    os.link(outside / "file.md", root / DEEP)
    before = seen(outside)
    assert "person" in refused(write_file(root, DEEP, "ours", overwrite=False))
    assert write_file(root, DEEP, "ours", overwrite=True).written
    assert seen(outside) == before
    assert (root / DEEP).read_text().startswith("ours\n")


def test_a_root_that_is_a_link_is_where_the_person_who_started_the_server_wanted_it(root: Path) -> None:
    (root.parent / "named").symlink_to(root)
    assert write_file(root.parent / "named", DEEP, "ours", overwrite=False).written
    assert (root / DEEP).exists()


@pytest.mark.parametrize("kind", ["file", "gone", "pipe"])
def test_a_root_that_is_no_folder_any_more_is_an_answer(root: Path, kind: str) -> None:
    root.rmdir()
    if kind == "file":
        root.write_text("mine")
    elif kind == "pipe":
        os.mkfifo(root)
    refused(write_file(root, DEEP, "ours", overwrite=True))
    assert not exists_in(root, DEEP)


def swap_before(monkeypatch: pytest.MonkeyPatch, call: str, swap: Callable[[], None], at: int = 1) -> None:
    """Let `swap` happen right before the nth use of a system call, as another process could."""
    real, used = getattr(os, call), 0

    def swapping(*arguments: object, **named: object) -> object:
        nonlocal used
        used += 1
        if used == at:
            swap()
        return real(*arguments, **named)

    monkeypatch.setattr(os, call, swapping)


@pytest.mark.parametrize("step", STEPS[:-1])
@pytest.mark.parametrize(
    ("call", "at"), [("open", 2), ("open", 3), ("open", 4), ("open", 5), ("stat", 1), ("stat", 2), ("fsync", 1), ("rename", 1)]
)
def test_a_folder_swapped_for_a_link_at_any_moment_leads_nowhere(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, step: str, call: str, at: int
) -> None:
    (root / "a/b/c").mkdir(parents=True)
    swapped = []

    def swap() -> None:
        (root / step).rename(root / "moved")
        (root / step).symlink_to(outside)
        swapped.append(True)

    before = seen(outside)
    swap_before(monkeypatch, call, swap, at)
    outcome = write_file(root, DEEP, "ours", overwrite=True)
    monkeypatch.undo()
    assert swapped, "the swap must have happened for this to say anything"
    assert seen(outside) == before
    written = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(written) == outcome.written, "whole in the folder that was moved away, or nowhere"


@pytest.mark.parametrize(("call", "at"), [("stat", 1), ("open", 5), ("fsync", 1), ("stat", 2), ("rename", 1)])
@pytest.mark.parametrize("there", [False, True])
def test_a_file_swapped_for_a_link_at_any_moment_is_not_written_through(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int, there: bool
) -> None:
    (root / "a/b/c").mkdir(parents=True)
    if there:
        write_file(root, DEEP, "old", overwrite=False)
    swapped = []

    def swap() -> None:
        (root / DEEP).unlink(missing_ok=True)
        (root / DEEP).symlink_to(outside / "file.md")
        swapped.append(True)

    before = seen(outside)
    swap_before(monkeypatch, call, swap, at)
    outcome = write_file(root, DEEP, "ours", overwrite=True)
    monkeypatch.undo()
    assert swapped
    assert seen(outside) == before
    assert [path.name for path in (root / "a/b/c").iterdir()] == ["file.md"], "nothing is left beside it"
    assert (root / DEEP).is_symlink() is not outcome.written


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_swapped_for_a_pipe_while_it_is_looked_at_does_not_hold_the_server_up(
    root: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    (root / "file.md").write_text("mine")

    def swap() -> None:
        (root / "file.md").unlink()
        os.mkfifo(root / "file.md")

    swap_before(monkeypatch, "open", swap, at=2)
    assert "no regular file" in refused(write_file(root, "file.md", "ours", overwrite))
    assert stat.S_ISFIFO((root / "file.md").lstat().st_mode)


def test_a_folder_that_may_not_be_looked_into_hides_its_file_and_breaks_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a/b/c").mkdir(parents=True)
    (root / DEEP).write_text("mine")
    assert exists_in(root, DEEP)

    def closed(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "lstat", closed)
    monkeypatch.setattr(Path, "lstat", closed)
    assert not exists_in(root, DEEP)


@pytest.mark.parametrize("step", STEPS)
def test_a_file_that_is_there_only_by_way_of_a_link_is_not_there(root: Path, outside: Path, step: str) -> None:
    assert write_file(outside, DEEP, "theirs", overwrite=True).written
    (root / step).parent.mkdir(parents=True, exist_ok=True)
    (root / step).symlink_to(outside / step)
    assert (root / DEEP).is_file()
    assert not exists_in(root, DEEP)
