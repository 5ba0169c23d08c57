"""Examining: a long check of a store in use keeps nothing of it from being used again, and leaves nothing behind."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskactors.storage import examining, on_lmdb
from taskactors.storage.engine import Transaction
from taskactors.storage.keys import key
from taskactors.storage.lmdb_file import DATA_FILE
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from tests.storage import checks, crowded_disk
from tests.support.batches import write

CHECK = f"{checks.__name__}:{checks.patient.__name__}"

BATCHES, KEYS, VALUE = 300, 20, bytes(2_000)

Work = Callable[[LmdbEngine], None]


def put_all(engine: LmdbEngine, number: int) -> None:
    def unit(transaction: Transaction) -> None:
        for each in range(KEYS):
            transaction.put(key("task", each), number.to_bytes(4) + VALUE)

    write(engine, [unit], number, number.to_bytes(16))


def grown_while_examined(folder: Path, engine: LmdbEngine, monkeypatch: pytest.MonkeyPatch) -> int:
    """By how many bytes the file grew through commits that were made while it was looked at."""
    begun, may_end = folder / "begun", folder / "may-end"
    for pipe, name in ((begun, checks.BEGUN), (may_end, checks.MAY_END)):
        os.mkfifo(pipe)
        monkeypatch.setenv(name, str(pipe))
    with ThreadPoolExecutor(1) as threads:
        found = threads.submit(engine.examine, CHECK, lambda: True)
        assert begun.read_text() == "begun"
        before = (folder / "store" / DATA_FILE).stat().st_size
        for number in range(BATCHES):
            put_all(engine, number)
        after = (folder / "store" / DATA_FILE).stat().st_size
        may_end.write_text("")
        assert found.result() == []
    return after - before


@pytest.fixture
def engine(tmp_path: Path) -> LmdbEngine:
    engine = open_lmdb(tmp_path / "store")
    for number in range(5):
        put_all(engine, number)
    return engine


def test_a_long_check_does_not_let_the_file_grow(tmp_path: Path, engine: LmdbEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert grown_while_examined(tmp_path, engine, monkeypatch) < BATCHES * len(VALUE)
    assert not (tmp_path / "store" / examining.COPY).exists()
    engine.close()


def test_without_room_for_a_copy_the_data_itself_is_looked_at_and_grows(
    tmp_path: Path, engine: LmdbEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_lmdb, "examining", crowded_disk)
    assert grown_while_examined(tmp_path, engine, monkeypatch) > BATCHES * KEYS * len(VALUE) / 2
    engine.close()


def test_what_a_killed_check_left_is_gone_after_the_next(tmp_path: Path, engine: LmdbEngine) -> None:
    left = tmp_path / "store" / examining.COPY
    left.mkdir()
    (left / DATA_FILE).write_bytes(b"half of one")
    assert engine.examine(f"{checks.__name__}:{checks.nothing.__name__}", lambda: True) == []
    assert not left.exists()
    engine.close()
