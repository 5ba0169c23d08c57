"""Damaged data files: how one is made, and what became of whoever opened it."""

import hashlib
import os
import random
import shutil
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import lmdb
from attrs import frozen

from taskactors.storage.clean_mark import MARK_FILE
from taskactors.storage.engine import Transaction
from taskactors.storage.errors import StorageError
from taskactors.storage.on_lmdb import DATA_FILE, open_lmdb
from taskactors.storage.sealing import CHECKSUM_BYTES
from tests.support.batches import write

PAGE = 4096
SECTOR = 512
ANSWER_WITHIN_S = 60.0

COMMITS = 40
COMMITS_SINCE_OLDER = 4
KEYS = 300
EVERYTHING = (b"\x01", b"\xff")

Entries = list[tuple[bytes, bytes]]


@frozen
class Specimen:
    """A store's data file, and the bytes that it had a few commits earlier."""

    newer: bytes
    older: bytes
    mark: bytes


@frozen
class Outcome:
    """`read` with a digest of what was read, `refused` with the message, `signal` that ended its reader, or any other `error`."""

    kind: str
    detail: str


def grow_specimen(folder: Path) -> Specimen:
    """A store with values of every size, pages that were freed and used again, and commits that only change what was there."""
    chance = random.Random(5)
    engine = open_lmdb(folder)
    older = b""
    for batch in range(COMMITS):
        if batch == COMMITS - COMMITS_SINCE_OLDER:
            older = (folder / DATA_FILE).read_bytes()
        write(engine, [lambda t: _fill(t, chance)], batch, b"batch-%d" % batch)
    engine.close()
    return Specimen((folder / DATA_FILE).read_bytes(), older, (folder / MARK_FILE).read_bytes())


def _fill(transaction: Transaction, chance: random.Random) -> None:
    for _ in range(15):
        # Sizes depend on the key alone: a change then leaves the structure as it was, which is the hardest to see.
        number = chance.randrange(KEYS)
        size = (0, 30, 300, 3000, 6000)[number % 5]
        transaction.put(b"t/%05d" % number, bytes([chance.randrange(256)]) * size)
    if chance.random() < 0.3:
        transaction.delete(b"t/%05d" % chance.randrange(KEYS))


def damaged(specimen: Specimen, seed: int) -> tuple[str, bytes]:
    """What was done to the file, and the file after it."""
    chance = random.Random(seed)
    kind = chance.choice(["bit", "bit", "meta bit", "sector", "truncated", "older page", "older page", "older meta"])
    data = bytearray(specimen.newer)
    if kind == "bit":
        _flip(data, chance, 0, len(data))
    elif kind == "meta bit":
        # Where it hurts the most: the few bytes from which everything else is found.
        page = chance.choice([0, PAGE])
        _flip(data, chance, page, page + 152)
    elif kind == "sector":
        at = chance.randrange(len(data) // SECTOR) * SECTOR
        data[at : at + SECTOR] = bytes(SECTOR)
    elif kind == "truncated":
        del data[chance.choice([chance.randrange(len(data)), chance.randrange(3 * PAGE), len(data) - 1 - chance.randrange(PAGE)]) :]
    else:
        pages = [0, 1] if kind == "older meta" else changed_pages(specimen)
        page = chance.choice(pages) * PAGE
        data[page : page + PAGE] = specimen.older[page : page + PAGE]
    return kind, bytes(data)


def _flip(data: bytearray, chance: random.Random, start: int, end: int) -> None:
    data[chance.randrange(start, end)] ^= 1 << chance.randrange(8)


def changed_pages(specimen: Specimen) -> list[int]:
    """Pages from 2 on that the last commits wrote to, free ones among them."""
    older, newer = specimen.older, specimen.newer
    starts = range(2 * PAGE, len(older), PAGE)
    return [at // PAGE for at in starts if older[at : at + PAGE] != newer[at : at + PAGE]]


Reader = Callable[[Path], Entries]


class Readers:
    """One process at a time opens the files handed to it; one that dies is told by its signal, and another takes over."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._start()

    def _start(self) -> None:
        # Forked from one that has imported everything: a new interpreter for each that dies would take most of the time.
        context = get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._read, theirs, self._ours), daemon=True)
        self._process.start()
        theirs.close()

    def open(self, folder: Path) -> Outcome:
        self._ours.send(folder)
        try:
            assert self._ours.poll(ANSWER_WITHIN_S), "the reader hangs"
            answer: Outcome = self._ours.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            self._start()
            return Outcome("signal", signal.Signals(-code).name) if code is not None and code < 0 else Outcome("error", f"exit {code}")
        return answer

    def close(self) -> None:
        self._ours.close()
        self._process.join(ANSWER_WITHIN_S)


def _serve(read: Reader, asked: Connection, parents: Connection) -> None:
    # Else it would hold the other end itself, and never hear that nobody asks any more.
    parents.close()
    # What LMDB's assertions say as they end the process is not for this test's reader.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    while True:
        try:
            folder = asked.recv()
        except EOFError:
            os._exit(0)
        try:
            answer = Outcome("read", hashlib.sha256(repr(read(folder)).encode()).hexdigest())
        except StorageError as error:
            answer = Outcome("refused", f"{type(error).__name__}: {error}")
        except lmdb.Error as error:
            answer = Outcome("error", repr(error))
        asked.send(answer)


def lay_out(folder: Path, data: bytes, mark: bytes | None) -> Path:
    """A data folder with this file in it; with a clean mark, or with none as after an unclean stop."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / DATA_FILE).write_bytes(data)
    if mark is not None:
        (folder / MARK_FILE).write_bytes(mark)
    return folder


def read_with_us(folder: Path) -> Entries:
    engine = open_lmdb(folder)
    try:
        return engine.read(lambda snapshot: snapshot.range(*EVERYTHING, limit=10 * KEYS))
    finally:
        engine.close()


def read_with_lmdb_alone(folder: Path) -> Entries:
    """The control: what happens without our checks."""
    with lmdb.open(str(folder), map_size=1 << 26, lib_version=0) as environment, environment.begin() as transaction:
        return [(key, sealed[CHECKSUM_BYTES:]) for key, sealed in transaction.cursor() if key >= EVERYTHING[0]]
