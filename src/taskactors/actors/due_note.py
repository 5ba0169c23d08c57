"""The due note: a small file beside the data of a project that is stopped, saying when time has something to do there."""

import json
import os
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from ..domain.task import Instant
from ..storage.durable import sync_folder

FILE_MODE = 0o600


@frozen
class Noted:
    """What a note says: when to start the project at the latest, or None when only somebody's call is a reason to."""

    due: Instant | None


@frozen
class DueNote:
    """The note of one project. It is there only while the project is stopped, so that it can never be out of date."""

    path: Path

    def read(self) -> Noted | None:
        """What it says; None when there is none, or none that can be read: only opening the project can tell then."""
        try:
            due = json.loads(self.path.read_bytes())["due"]
        except (OSError, ValueError, TypeError, LookupError):
            return None
        return Noted(due) if due is None or (isinstance(due, int) and not isinstance(due, bool)) else None

    def write(self, noted: Noted) -> None:
        """Whole or not at all, and on the disk when it returns. Raises OSError."""
        temporary = self.path.with_name(f".{self.path.name}.new")
        try:
            with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, FILE_MODE)) as file:
                file.write(json.dumps({"due": noted.due}).encode())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            sync_folder(self.path.parent)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def clear(self) -> None:
        """Before the project is opened, from when on it would be out of date. Raises OSError when it cannot be removed."""
        if self.path.exists():
            self.path.unlink()
            sync_folder(self.path.parent)
