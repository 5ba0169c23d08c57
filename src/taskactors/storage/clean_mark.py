"""The clean mark: a note beside a data file, from its last clean close to its next write, of what the file is.

While it is there, the whole file must match it, and nothing else needs to be looked at. Not even that much, while the system that closed
the file still runs and knows of no change: then a start takes no longer for a large file than for a small one.
"""

import json
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from .durable import sync_file, sync_folder
from .private import write_private
from .unchanged import Look, look_of

MARK_FILE = "clean"
CHUNK_BYTES = 1 << 20


def is_marked(folder: Path) -> bool:
    """Whether the data file was closed in good order and not written to since."""
    return (folder / MARK_FILE).exists()


def mark_clean(folder: Path, data_file: str) -> None:
    """After a clean close. On a full disk there is no mark, and the next start takes longer."""
    with suppress(OSError):
        look = look_of(folder / data_file)
        _write_mark(folder, _describe(folder / data_file), look)


def _write_mark(folder: Path, content: dict[str, Any], look: Look | None) -> None:
    temporary = folder / f".{MARK_FILE}.new"
    try:
        write_private(temporary, json.dumps(content | {"look": look}).encode())
        sync_file(temporary)
        temporary.rename(folder / MARK_FILE)
        sync_folder(folder)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def clear_mark(folder: Path) -> None:
    """Before the first write: the mark is about to be out of date, and must not outlive that. Raises OSError."""
    (folder / MARK_FILE).unlink(missing_ok=True)
    sync_folder(folder)


def mark_findings(folder: Path, data_file: str) -> list[str]:
    """What is wrong with a marked file, found by comparing all of it. It changes nothing. Raises OSError when it cannot be read."""
    content, _ = _read_mark(folder)
    if content is None:
        return [f"the note {folder / MARK_FILE} about its last clean stop cannot be read"]
    if content == _describe(folder / data_file):
        return []
    return [f"it is not the file that was closed when the server stopped (if you put it there on purpose, delete {folder / MARK_FILE})"]


def quick_mark_findings(folder: Path, data_file: str) -> list[str]:
    """The same, but that the file is compared only if it may have changed; that it has not is noted for the next time."""
    content, noted = _read_mark(folder)
    look = look_of(folder / data_file)
    if content is not None and look is not None and look == noted:
        return []
    found = mark_findings(folder, data_file)
    if content is not None and not found:
        with suppress(OSError):
            _write_mark(folder, content, look)
    return found


def _read_mark(folder: Path) -> tuple[dict[str, Any] | None, Look | None]:
    try:
        mark = json.loads((folder / MARK_FILE).read_bytes())
        look = mark.pop("look", None)
    except (ValueError, AttributeError, TypeError):
        return None, None
    return mark, look


def _describe(file: Path) -> dict[str, Any]:
    # CRC-32 because a stop waits for it, and a start may: three gigabytes a second, five times as fast as BLAKE2. It misses no
    # burst of up to 32 bits, and one in four thousand million larger faults.
    checksum, size = 0, 0
    with file.open("rb") as data:
        while chunk := data.read(CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
            size += len(chunk)
    return {"size": size, "crc32": checksum}
