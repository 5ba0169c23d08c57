"""One server per data folder; the second is told who the first is, and a dead one stands in nobody's way."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskactors.storage import ownership
from taskactors.storage.errors import DataInUse, UnsupportedFilesystem, UnusableFolder
from taskactors.storage.ownership import OWNER_FILE, own

HOLD = """
import sys
from pathlib import Path
from taskactors.storage.ownership import own
with own(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that owns the folder; it lets go when its input ends."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        yield holder
    finally:
        holder.communicate()


def test_a_second_owner_is_refused_naming_the_first(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path) as holder, pytest.raises(DataInUse) as refused, own(tmp_path):
        pass
    message = str(refused.value)
    assert f"process {holder.pid} on {socket.gethostname()} since 2" in message
    assert "stop that server, or choose another folder with --data" in message


def test_the_refused_one_leaves_the_first_in_possession(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path):
        for _ in range(3):
            with pytest.raises(DataInUse), own(tmp_path):
                pass


def test_a_folder_is_free_once_its_owner_let_go(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path):
        pass
    with own(tmp_path):
        pass


def test_a_folder_is_free_once_its_owner_was_killed_and_the_note_names_the_new_one(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with own(tmp_path):
            note = json.loads((tmp_path / OWNER_FILE).read_text())
            assert note["pid"] == os.getpid()


@pytest.mark.parametrize("left", [b"", b"{", b'{"pid": 1}', b"\xff\xfe", b'"x"', b"x" * 9000])
def test_whatever_a_dead_owner_left_in_the_file_does_not_matter(tmp_path: Path, left: bytes) -> None:
    (tmp_path / OWNER_FILE).write_bytes(left)
    with own(tmp_path), pytest.raises(DataInUse, match=f"process {os.getpid()} "), own(tmp_path):
        pass


@pytest.mark.parametrize("left", [b"", b"{", b'"x"', b"\xff\xfe"])
def test_an_owner_whose_note_cannot_be_read_is_an_owner_all_the_same(tmp_path: Path, left: bytes) -> None:
    with own(tmp_path):
        (tmp_path / OWNER_FILE).write_bytes(left)
        with pytest.raises(DataInUse, match="another process"), own(tmp_path):
            pass


def test_a_new_data_folder_is_its_owners_alone_and_kept_out_of_git(tmp_path: Path) -> None:
    folder = tmp_path / "root" / ".taskactors"
    with own(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / ".gitignore").read_text() == "*\n"


def test_a_gitignore_that_a_person_changed_stays(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!keep\n")
    with own(tmp_path):
        assert (tmp_path / ".gitignore").read_text() == "!keep\n"


def test_a_failure_of_what_the_owner_does_lets_go_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), own(tmp_path):
        raise ZeroDivisionError
    with own(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused_saying_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableFolder, match=r"(File exists|Not a directory).*choose another folder with --data"), own(tmp_path / "file"):
        pass


def test_a_network_file_system_is_refused_and_nothing_is_written_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise UnsupportedFilesystem(folder, "cifs")

    monkeypatch.setattr(ownership, "require_local", refuse)
    with pytest.raises(UnsupportedFilesystem), own(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
