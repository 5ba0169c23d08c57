"""Writing into a project root: only inside it, never through a link, whole or not at all, never over a person's work."""

import contextlib
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
"""A larger file is none of ours, and is not read to find out."""

MARK = "<!-- written by taskactors; digest {digest}; change this file and it stays yours -->\n"
MARK_PATTERN = re.compile(rb"<!-- written by taskactors; digest ([0-9a-f]{64}); [^\n]*-->\n\Z")
"""The last line of every file we write. While the digest fits the rest, nobody has changed it since."""

NO_ROOT = "the server was started without --root for this project, so the text is returned instead"
LINUX_NEEDED = hasattr(os, "O_NOFOLLOW") and os.open in os.supports_dir_fd


@frozen
class Outcome:
    """Whether the file was written, and why not, or what else there is to say."""

    written: bool
    reason: str | None = None


class _NotThere(Exception):
    """The path leads somewhere that must not be written to."""


def write_file(root: Path | None, relative: str, text: str, overwrite: bool) -> Outcome:
    """Write `text` with our mark to a path under `root`. Everything that stands in the way is an outcome, not an error.

    Between the last look at the file and its replacement a person could still save it; that moment is as short as two system calls.
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
        return _replace(opened[-1], name, text, overwrite)
    except _NotThere as no:
        return Outcome(False, f"{relative}: {no}")
    except OSError as error:
        return Outcome(False, f"{relative} could not be written: {error.strerror or error}")
    finally:
        for each in reversed(opened):
            os.close(each)


def exists_in(root: Path, relative: str) -> bool:
    """Whether there is a file of that name, followed through no link."""
    path = root.joinpath(*_parts(relative))
    return path.is_file() and not path.is_symlink()


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
    except OSError:
        raise _NotThere(f"{folder} is a link or no folder, and is not followed") from None


def _replace(folder: int, name: str, text: str, overwrite: bool) -> Outcome:
    content = _marked(text)
    present = _present(folder, name)
    if present == content:
        return Outcome(True, "it was there already, the same to the letter")
    if present is not None and not _is_untouched(present) and not overwrite:
        return Outcome(False, f"{name} was written or changed by a person; call again with overwrite to replace it")
    temporary = f".{name}.{secrets.token_hex(8)}"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE, dir_fd=folder)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)
    return Outcome(True)


def _present(folder: int, name: str) -> bytes | None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise _NotThere("it is a link, and is not followed")
    if not stat.S_ISREG(found.st_mode):
        raise _NotThere("it is no regular file")
    if found.st_size > LARGEST_BYTES:
        return b"too large to be ours"
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
        return file.read()


def _marked(text: str) -> bytes:
    body = (text if text.endswith("\n") else text + "\n").encode()
    return body + MARK.format(digest=hashlib.sha256(body).hexdigest()).encode()


def _is_untouched(content: bytes) -> bool:
    mark = MARK_PATTERN.search(content)
    return mark is not None and hashlib.sha256(content[: mark.start()]).hexdigest() == mark[1].decode()
