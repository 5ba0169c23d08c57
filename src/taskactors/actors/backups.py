"""Backups: verified copies of a project's data, made while it serves, and which of them are kept."""

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import trio
from attrs import Factory, define, frozen

from ..board.checked import Checked, checked
from ..domain.errors import Refusal
from ..domain.moments import text_of
from ..domain.task import Instant
from ..loglines import Log
from ..runtime import ActorCrashed, ActorGone, Address, AskTimedOut, MailboxFull
from ..storage.apart import Abandoned
from ..storage.copying import copy_stopped
from ..storage.durable import sync_folder
from ..storage.errors import StorageError
from ..storage.lmdb_file import DATA_FILE
from .clock import Clock
from .orders import Copy
from .refusals import BackupFailed
from .threads import OffLoop, uncancelled

COPY_WITHIN_S = 3600.0
"""A store of many gigabytes takes its time."""

FIRST_AFTER_S = 3600.0
"""A project without any backup gets its first within an hour: what was only tried out needs none."""

AGAIN_AFTER_S = 600.0
"""After a failure, which whoever runs the server has to mend."""

UNFINISHED = ".unfinished-"

NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
"""What a backup's folder is called, after the moment it was made. Nothing of another name is ever counted or removed."""

CHUNK_BYTES = 1 << 20

log = Log(__name__)


@frozen(kw_only=True)
class BackupSettings:
    """Where a project's backups are, how often one is made by itself (0: never), and how many of those are kept."""

    folder: Path
    every_s: float
    keep: int


@define(eq=False)
class Backups:
    """The backups of one project. They belong to it, so they survive the crash of the desk that sees to them."""

    settings: BackupSettings | None
    store: Address
    clock: Clock
    off_loop: OffLoop
    check: Callable[..., Checked] = checked
    last: Instant | None = None
    """When the newest that counts was made, in an earlier life of the project too."""
    fault: str | None = None
    _one: trio.Lock = Factory(trio.Lock)
    _next_at: Instant | None = None

    @property
    def under_way(self) -> bool:
        """Whether one is being made."""
        return self._one.locked()

    def due_after(self, last_change: Instant | None) -> Instant | None:
        """When the next is due by itself, if anything has changed since the last that there is."""
        if self.settings is None or self._next_at is None or last_change is None:
            return None
        there = there_are(self.settings.folder)
        return None if there and there[-1].stat().st_mtime * 1000 > last_change else self._next_at

    async def make(self, folder: Path | None = None) -> Mapping[str, Any]:
        """One verified backup, in the project's own folder or in that one. Raises BackupFailed; nothing half made is left."""
        target = folder or (self.settings.folder if self.settings else None)
        if target is None:
            raise BackupFailed(why="this server was given no place for backups")
        async with self._one:
            began = self.clock.now()
            try:
                made = await self._made(target)
            except (StorageError, OSError, ActorCrashed, ActorGone, AskTimedOut, MailboxFull, Refusal) as trouble:
                if folder is None:
                    # One that was asked for elsewhere says so to whoever asked; the server's own are as they were.
                    self.fault = str(trouble)
                log.error("a backup could not be made", folder=str(target), trouble=str(trouble))
                raise BackupFailed(why=str(trouble)) from trouble
            if folder is None:
                self.last, self.fault = self.clock.now(), None
                await self.off_loop(self._prune)
            return {**made, "seconds": round((self.clock.now() - began) / 1000, 3)}

    async def _made(self, target: Path) -> Mapping[str, Any]:
        unfinished = _unfinished(target, self.clock.now())
        try:
            await self.off_loop(partial(shutil.rmtree, unfinished, ignore_errors=True))
            await self.store.ask(Copy(unfinished), COPY_WITHIN_S)
            made: Mapping[str, Any] = await self.off_loop(_finish, unfinished, partial(self.check, wanted=uncancelled))
            return made
        except Abandoned:
            raise BackupFailed(why="the server is stopping") from None
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _prune(self) -> None:
        """Only ever after a newer one was verified."""
        assert self.settings is not None
        for old in there_are(self.settings.folder)[: -self.settings.keep]:
            shutil.rmtree(old, ignore_errors=True)
        # Whoever was killed left what they had begun.
        for begun in self.settings.folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(begun, ignore_errors=True)

    def shown(self) -> Mapping[str, Any]:
        """For a health check."""
        facts = {"last": text_of(self.last) if self.last is not None else None, "fault": self.fault}
        return {name: value for name, value in facts.items() if value is not None}

    async def keep_making(self) -> None:
        """Make one whenever it is time, for as long as the project lives."""
        if self.settings is None or not self.settings.every_s:
            return
        wait_s = self._first_in_s(self.settings)
        while True:
            self._next_at = self.clock.now() + round(wait_s * 1000)
            await trio.sleep(wait_s)
            try:
                await self.make()
                wait_s = self.settings.every_s
            except BackupFailed:
                wait_s = AGAIN_AFTER_S

    def _first_in_s(self, settings: BackupSettings) -> float:
        there = there_are(settings.folder)
        if not there:
            return min(FIRST_AFTER_S, settings.every_s)
        if self.last is None:
            self.last = round(there[-1].stat().st_mtime * 1000)
        age_s = self.clock.now() / 1000 - there[-1].stat().st_mtime
        return max(1.0, settings.every_s - max(0.0, age_s))


def back_up_stopped(store: Path, target: Path, now: Instant) -> Mapping[str, Any]:
    """A verified backup of a store that nobody has open, in a folder. Raises BackupFailed and StorageError."""
    unfinished = _unfinished(target, now)
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_stopped(store, unfinished)
        return _finish(unfinished, checked)
    except OSError as error:
        raise BackupFailed(why=f"{target} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _unfinished(target: Path, now: Instant) -> Path:
    return target / (UNFINISHED + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000)))


def _finish(unfinished: Path, check: Callable[[Path], Checked]) -> Mapping[str, Any]:
    """Check a copy, and let it count as a backup."""
    found = check(unfinished)
    if found.findings:
        raise BackupFailed(why=f"the copy is not whole: {found.findings[0]}")
    size, digest = _fingerprint(unfinished)
    made = _free_name(unfinished.parent, unfinished.name.removeprefix(UNFINISHED))
    unfinished.rename(made)
    sync_folder(made.parent)
    return {"path": str(made), "events": found.events, "bytes": size, "sha256": digest}


def there_are(folder: Path) -> list[Path]:
    """The finished backups in a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.is_dir() and NAME.fullmatch(each.name))


def _fingerprint(backup: Path) -> tuple[int, str]:
    """The size and the digest of the data file."""
    digest, size = hashlib.sha256(), 0
    with (backup / DATA_FILE).open("rb") as data:
        while chunk := data.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _free_name(folder: Path, name: str) -> Path:
    """Two within a second get different names, which sort as they were made."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path
