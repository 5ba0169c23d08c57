"""The spool: log lines that are kept until a server has taken them, in order and each once."""

from __future__ import annotations

import fcntl
import os

from .errors import NOT_ADMITTED, CliError, NoServer, Refused
from .place import make_notes_folder

# What type checkers read and nobody imports: typing alone would cost as much time as all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SPOOL = "log-spool.jsonl"
APPENDING = "log-spool.lock"
DELIVERING = "log-delivery.lock"
FILE_MODE = 0o600

FOR_NOW = frozenset({"overloaded", "timed_out", "stopping", "store_full", "project_unavailable", "unknown_outcome"})
"""Refusals that say nothing against the line: it is kept, and its key makes a second delivery harmless."""


class Outcome:
    """What became of the lines that were tried: those refused for good and why, and why the rest is kept, if it is."""

    def __init__(self, kept_because: CliError | None = None) -> None:
        self.refused: dict[bytes, Refused] = {}
        self.kept_because = kept_because


def keep(folder: str, line: bytes) -> None:
    """Add a line to the spool of a data folder, which is made if there is none. Raises OSError."""
    make_notes_folder(folder)
    path = os.path.join(folder, SPOOL)
    with _Lock(folder, APPENDING):
        # A torn end, left by a full disk or a power cut, must not swallow this line.
        _write(path, (b"" if _ends_whole(path) else b"\n") + line + b"\n", os.O_APPEND)


def deliver(folder: str, send: Callable[[bytes], object]) -> Outcome:
    """Send what is kept, oldest first, until nothing is left or the server cannot take more now.

    `send` raises Refused and NoServer. When another process is delivering this returns at once: that one
    also takes what was kept meanwhile.
    """
    outcome = Outcome()
    with _Lock(folder, DELIVERING, wait=False) as delivery:
        while delivery.held and (lines := _kept(folder, delivery)):
            done = 0
            try:
                while done < len(lines) and _sent(lines[done], send, outcome):
                    done += 1
            finally:
                # Also when we are interrupted: a line sent twice acts once, and one not sent stays.
                _drop_first(folder, done)
            if done < len(lines):
                break
    return outcome


def _sent(line: bytes, send: Callable[[bytes], object], outcome: Outcome) -> bool:
    """Whether the line is dealt with, by being taken or by being refused for good."""
    try:
        send(line)
    except NoServer as gone:
        outcome.kept_because = gone
        return False
    except Refused as no:
        if no.code in FOR_NOW or no.code == NOT_ADMITTED:
            outcome.kept_because = no
            return False
        outcome.refused[line] = no
    return True


def _kept(folder: str, delivery: _Lock) -> list[bytes]:
    """The lines that are kept now. When there are none, delivery ends before anybody can add another that nobody sees."""
    with _Lock(folder, APPENDING):
        lines = _read(os.path.join(folder, SPOOL))
        if not lines:
            delivery.release()
        return lines


def _read(path: str) -> list[bytes]:
    try:
        with open(path, "rb") as file:
            return [line for line in file.read().split(b"\n") if line]
    except FileNotFoundError:
        return []


def _drop_first(folder: str, count: int) -> None:
    if not count:
        return
    path = os.path.join(folder, SPOOL)
    with _Lock(folder, APPENDING):
        rest = _read(path)[count:]
        if not rest:
            os.unlink(path)
            return
        _write(path + ".new", b"\n".join(rest) + b"\n", os.O_TRUNC)
        os.replace(path + ".new", path)


def _ends_whole(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return file.read() in (b"", b"\n")
    except FileNotFoundError:
        return True


def _write(path: str, content: bytes, how: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, FILE_MODE)
    try:
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)


class _Lock:
    """A lock that dies with its process. Without `wait` it may turn out to be somebody else's, and then is not held."""

    def __init__(self, folder: str, name: str, wait: bool = True) -> None:
        self._path = os.path.join(folder, name)
        self._how = fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)
        self.held = False

    def __enter__(self) -> _Lock:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(self._file, self._how)
            self.held = True
        except BlockingIOError:
            self.held = False
        return self

    def release(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self.held = False

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
