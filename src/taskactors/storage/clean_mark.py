"""The clean mark: a note beside a data file, from its last clean close to its next write, of what the file is.

While it is there, the whole file must match it, and nothing else needs to be looked at.
"""

import json
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from .durable import sync_file, sync_folder
from .private import write_private

MARK_FILE = "clean"
CHUNK_BYTES = 1 << 20


def is_marked(folder: Path) -> bool:
    """Whether the data file was closed in good order and not written to since."""
    return (folder / MARK_FILE).exists()


def mark_clean(folder: Path, data_file: str) -> None:
    """After a clean close. On a full disk there is no mark, and the next start takes longer."""
    temporary = folder / f".{MARK_FILE}.new"
    try:
        write_private(temporary, json.dumps(_describe(folder / data_file)).encode())
        sync_file(temporary)
        temporary.rename(folder / MARK_FILE)
        sync_folder(folder)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def clear_mark(folder: Path) -> None:
    """Before the first write: the mark is about to be out of date, and must not outlive that. Raises OSError."""
    (folder / MARK_FILE).unlink(missing_ok=True)
    sync_folder(folder)


def mark_findings(folder: Path, data_file: str) -> list[str]:
    """What is wrong with a marked file. Raises OSError when it cannot be read."""
    mark = folder / MARK_FILE
    try:
        expected = json.loads(mark.read_bytes())
    except ValueError:
        return [f"the note {mark} about its last clean stop cannot be read"]
    if _describe(folder / data_file) == expected:
        return []
    return [f"it is not the file that was closed when the server stopped (if you put it there on purpose, delete {mark})"]


def _describe(file: Path) -> dict[str, Any]:
    # CRC-32 because both start and stop wait for it: three gigabytes a second, five times as fast as BLAKE2. It misses no
    # burst of up to 32 bits, and one in four thousand million larger faults.
    checksum, size = 0, 0
    with file.open("rb") as data:
        while chunk := data.read(CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
            size += len(chunk)
    return {"size": size, "crc32": checksum}
