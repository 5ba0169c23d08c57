"""Writing into a project root: only inside it, never through a link, whole or not at all, never over a person's work."""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from pathlib import Path

from attrs import frozen

FILE_MODE = 0o644
FOLDER_MODE = 0o755
LARGEST_BYTES = 1 << 20
"""A larger file is none of ours, and is not read to its end to find out."""

TOO_LARGE = b"too large to be ours"

MARK = "<!-- written by taskactors; digest {digest}; change this file and it stays yours -->\n"
MARK_PATTERN = re.compile(rb"<!-- written by taskactors; digest ([0-9a-f]{64}); [^\n]*-->\n")
"""The last line of every file we write. While the digest fits the rest, nobody has changed it since."""

LATE = "it is in place, but the disk would not confirm that it stays there after a power cut: {why}"

NO_ROOT = "the server was started without --root for this project, so the text is returned instead"
LINUX_NEEDED = hasattr(os, "O_NOFOLLOW") and os.open in os.supports_dir_fd


@frozen
class Outcome:
    """Whether the file was written, and why not, or what else there is to say."""

    written: bool
    reason: str | None = None


class _NotThere(Exception):
    """The path leads somewhere that must not be written to."""


def write_file(root: Path | None, relative: str, text: str, overwrite: bool, again: bool = False) -> Outcome:
    """Write `text` with our mark to a path under `root`. Everything that stands in the way is an outcome, not an error.

    `again` repeats a write whose answer was lost: it finishes what was not done, and undoes nothing that was written since.
    A file that is replaced keeps its permissions. Between the last look at it and its replacement a person could still save
    it; that moment is as short as two system calls.
    """
    if root is None:
        return Outcome(False, NO_ROOT)
    if not LINUX_NEEDED:
        return Outcome(False, "files cannot be written safely on this system, so the text is returned instead")
    *folders, name = _parts(relative)
    opened: list[int] = []
    try:
        opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY))
        for folder in folders:
            opened.append(_enter(opened[-1], folder))
        return _replace(opened[-1], name, _marked(text), _Leave(overwrite, again))
    except _NotThere as no:
        return Outcome(False, f"{relative}: {no}")
    except OSError as error:
        return Outcome(False, f"{relative} could not be written: {error.strerror or error}")
    finally:
        for each in reversed(opened):
            os.close(each)


def exists_in(root: Path, relative: str) -> bool:
    """Whether there is a file of that name, followed through no link. What may not be looked at counts as not there."""
    *folders, name = _parts(relative)
    try:
        for folder in folders:
            root = root / folder
            if not stat.S_ISDIR(root.lstat().st_mode):
                return False
        return stat.S_ISREG((root / name).lstat().st_mode)
    except OSError:
        return False


def _parts(relative: str) -> list[str]:
    parts = relative.split("/")
    # The names are the server's own; a path that could lead out of the root is a bug, not a wish.
    if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError(f"not a path inside the root: {relative!r}")
    return parts


def _enter(parent: int, folder: str) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, FOLDER_MODE, dir_fd=parent)
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _NotThere(f"{folder} is a link or no folder, and is not followed") from None
        raise


@frozen
class _Leave:
    """What a caller may do to a file that is there already."""

    overwrite: bool
    again: bool

    def refused(self, name: str, present: bytes | None) -> str | None:
        if present is None:
            return None
        if self.again:
            return f"{name} holds another text, maybe a later one than this repeated call's; use a new idempotency_key to replace it"
        if self.overwrite or _is_untouched(present):
            return None
        return f"{name} was written or changed by a person; call again with overwrite to replace it"


def _replace(folder: int, name: str, content: bytes, leave: _Leave) -> Outcome:
    present, mode = _present(folder, name)
    if present == content:
        return Outcome(True, "it was there already, the same to the letter")
    if refused := leave.refused(name, present):
        return Outcome(False, refused)
    temporary = f".{name}.{secrets.token_hex(8)}"
    # What others may not read in the file, they may not read while it is being replaced either.
    narrow = FILE_MODE if mode is None else FILE_MODE & mode
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, narrow, dir_fd=folder)
    try:
        _fill(file, content, mode)
        # Writing took its time, in which a person may have saved theirs.
        if refused := leave.refused(name, _present(folder, name)[0]):
            os.unlink(temporary, dir_fd=folder)
            return Outcome(False, refused)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    return _confirmed(folder)


def _fill(file: int, content: bytes, mode: int | None) -> None:
    with os.fdopen(file, "wb") as out:
        out.write(content)
        out.flush()
        if mode is not None:
            os.fchmod(out.fileno(), mode)
        os.fsync(out.fileno())


def _confirmed(folder: int) -> Outcome:
    try:
        os.fsync(folder)
    except OSError as error:
        # Readers have the new file by now: to call it not written would be wrong.
        return Outcome(True, LATE.format(why=error.strerror or error))
    return Outcome(True)


def _present(folder: int, name: str) -> tuple[bytes | None, int | None]:
    """What the file holds and who may do what with it; nothing where there is none."""
    try:
        _only_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return None, None
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
        # Looked at again: it may have become something else before it was opened.
        found = os.fstat(file.fileno())
        _only_regular(found)
        text = file.read(LARGEST_BYTES + 1)
    return text if len(text) <= LARGEST_BYTES else TOO_LARGE, found.st_mode & 0o777


def _only_regular(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _NotThere("it is a link, and is not followed")
    if not stat.S_ISREG(found.st_mode):
        raise _NotThere("it is no regular file")


def _marked(text: str) -> bytes:
    body = (text if text.endswith("\n") else text + "\n").encode()
    # Whoever reads a file of ours and hands its changed text in again hands in our last mark with it.
    while (parted := _parted(body)) is not None:
        body = parted[0]
    return body + MARK.format(digest=hashlib.sha256(body).hexdigest()).encode()


def _is_untouched(content: bytes) -> bool:
    parted = _parted(content)
    return parted is not None and hashlib.sha256(parted[0]).hexdigest() == parted[1]


def _parted(content: bytes) -> tuple[bytes, str] | None:
    """What stands before our mark, and its digest; None where the last line is no mark of ours."""
    # The last line alone is tried, once: a search through the whole would take for ever on a line made of many beginnings of a mark.
    last = content.rfind(b"\n", 0, -1) + 1
    mark = MARK_PATTERN.fullmatch(content, last)
    return None if mark is None else (content[:last], mark[1].decode())
