"""The control socket's file: made for its owner alone, in one step, in the place of one that a dead server left."""

import errno
import os
import select
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET_MODE = 0o600
OTHERS_WRITE = 0o022
FOLDER_MODE = 0o700
BACKLOG = 64
LONGEST_PATH_BYTES = 100
"""A Unix socket's path has room for a little more than this; a longer one is reached through its folder's descriptor."""

BIRTHPLACE = ".control-new"
BORN_AS = "s"


@contextmanager
def listening_at(path: Path) -> Iterator[socket.socket]:
    """A socket that listens at `path`, to which nobody but its owner can ever connect; its file is gone afterwards.

    Raises OSError saying what to do when something that is no socket is there, another server answers, or others may write in its folder.
    """
    listener = _born(path)
    ours = path.lstat().st_ino
    try:
        yield listener
    finally:
        listener.close()
        with suppress(FileNotFoundError):
            if path.lstat().st_ino == ours:
                path.unlink()


def has_hung_up(connection: int) -> bool:
    """Whether the client at the other end of a connection is gone as a whole, and has not merely closed the side on which it asks."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(told & select.POLLHUP for _, told in poll.poll(0))


def _born(path: Path) -> socket.socket:
    _require_ours(path.parent)
    _require_free(path)
    birthplace = path.parent / BIRTHPLACE
    _clear(birthplace)
    birthplace.mkdir(FOLDER_MODE)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Born out of reach and then moved: binding in place would show it for a moment with the mode that the umask gives,
        # and the umask is every thread's.
        _bind(listener, birthplace)
        (birthplace / BORN_AS).chmod(SOCKET_MODE)
        listener.listen(BACKLOG)
        (birthplace / BORN_AS).replace(path)
    except BaseException:
        listener.close()
        raise
    finally:
        _clear(birthplace)
    return listener


def _require_ours(folder: Path) -> None:
    if folder.stat().st_mode & OTHERS_WRITE:
        # Whoever may write there could move ours away, and answer in its place to whoever looks for it.
        raise OSError(errno.EPERM, f"other users may write in {folder}, where the control socket has to be; `chmod 700 {folder}` first")


def _require_free(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EEXIST, f"{path} is no socket; move it away, the server needs that name")
    if _answers(path):
        raise OSError(errno.EADDRINUSE, f"another server answers at {path}; stop it first")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            probe.connect(_short(path, folder))
        except BlockingIOError:
            return True  # so many are waiting that there is no place left
        except OSError:
            return False
        finally:
            os.close(folder)
    return True


def _bind(listener: socket.socket, birthplace: Path) -> None:
    folder = os.open(birthplace, os.O_RDONLY | os.O_DIRECTORY)
    try:
        listener.bind(_short(birthplace / BORN_AS, folder))
    finally:
        os.close(folder)


def _short(path: Path, folder: int) -> str:
    if len(os.fsencode(path)) <= LONGEST_PATH_BYTES:
        return str(path)
    by_descriptor = Path(f"/proc/self/fd/{folder}")
    if not by_descriptor.is_dir():
        raise OSError(errno.ENAMETOOLONG, f"{path} is too long for a socket on this system; choose a shorter --data")
    return str(by_descriptor / path.name)


def _clear(birthplace: Path) -> None:
    with suppress(FileNotFoundError):
        (birthplace / BORN_AS).unlink()
    with suppress(FileNotFoundError):
        birthplace.rmdir()
