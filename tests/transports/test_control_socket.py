"""The control socket's file: for its owner alone, in the place of a dead one, never of a live one, and gone afterwards."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskactors.transports.control_socket import LONGEST_PATH_BYTES, listening_at

DEEP = "a-folder-with-quite-a-long-name"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="ta") as name:
        yield Path(name)


def answers(path: Path) -> bool:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(f"/proc/self/fd/{folder}/{path.name}")
            return True
    except ConnectionRefusedError:
        return False
    finally:
        os.close(folder)


def test_the_socket_is_its_owners_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        with listening_at(folder / "control.sock"):
            assert stat.S_IMODE((folder / "control.sock").lstat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_nothing_else_is_left_in_the_folder_and_nothing_at_all_afterwards(folder: Path) -> None:
    with listening_at(folder / "control.sock"):
        assert [each.name for each in folder.iterdir()] == ["control.sock"]
    assert list(folder.iterdir()) == []


def test_the_socket_of_a_dead_server_is_replaced(folder: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(os.fspath(folder / "control.sock"))
    dead.close()
    assert not answers(folder / "control.sock")
    with listening_at(folder / "control.sock"):
        assert answers(folder / "control.sock")


def test_what_a_server_left_that_died_while_it_began_is_cleared_away(folder: Path) -> None:
    (folder / ".control-new").mkdir()
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(os.fspath(folder / ".control-new" / "s"))
    dead.close()
    with listening_at(folder / "control.sock"):
        assert answers(folder / "control.sock")
    assert list(folder.iterdir()) == []


def test_the_socket_of_a_live_server_is_left_alone(folder: Path) -> None:
    with listening_at(folder / "control.sock"):
        with pytest.raises(OSError, match="another server"), listening_at(folder / "control.sock"):
            pass
        assert answers(folder / "control.sock")


def test_a_file_in_its_place_is_left_alone(folder: Path) -> None:
    (folder / "control.sock").write_text("a person's")
    with pytest.raises(OSError, match="move it away"), listening_at(folder / "control.sock"):
        pass
    assert (folder / "control.sock").read_text() == "a person's"


def test_a_link_in_its_place_is_left_alone_also_when_it_leads_to_a_dead_socket(folder: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(os.fspath(folder / "elsewhere"))
    dead.close()
    (folder / "control.sock").symlink_to(folder / "elsewhere")
    with pytest.raises(OSError, match="move it away"), listening_at(folder / "control.sock"):
        pass
    assert (folder / "control.sock").is_symlink()


def test_a_socket_that_took_its_place_is_not_removed(folder: Path) -> None:
    with listening_at(folder / "control.sock"):
        (folder / "control.sock").unlink()
        successor = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        successor.bind(os.fspath(folder / "control.sock"))
    assert (folder / "control.sock").exists()
    successor.close()


def test_its_removal_by_somebody_else_is_no_error(folder: Path) -> None:
    with listening_at(folder / "control.sock"):
        (folder / "control.sock").unlink()


@pytest.mark.parametrize("extra", [*range(-12, 8), 300])
def test_a_path_may_be_longer_than_a_sockets_may(extra: int, folder: Path) -> None:
    short = len(os.fsencode(folder / "x" / "control.sock"))
    deep = folder / ("d" * (1 + min(200, LONGEST_PATH_BYTES - short + extra)))
    if extra > 100:
        deep = deep / DEEP / ("e" * 200)
    deep.mkdir(parents=True)
    with listening_at(deep / "control.sock"):
        assert answers(deep / "control.sock")
