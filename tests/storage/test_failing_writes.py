"""When the disk fails a flush or a write, nobody is told that it worked, and a fresh start says what became of it."""

from pathlib import Path
from typing import Any

import pytest

from taskactors.storage.engine import Transaction
from taskactors.storage.errors import Damaged, EngineFault, StorageError, StoreFull
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from taskactors.storage.verification import verify
from tests.storage.children import in_child, refuse_from_now_on
from tests.storage.engines import contents, put, write

META_BYTES = 256
"""A meta page is written with less than this, and every other page with more."""

PAGE_BYTES = 1 << 20


def fail_a_batch(folder: Path, call: str, below: int | None) -> dict[str, Any]:
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"1"), batch_id=b"one")
    refuse_from_now_on(call, below)
    told: list[str] = []
    for use in (
        lambda: write(engine, put(b"a", b"2"), put(b"b"), batch_id=b"two"),
        lambda: write(engine, put(b"c")),
        lambda: contents(engine),
        lambda: engine.committed(b"two"),
    ):
        try:
            told.append(f"answered {use()!r}")
        except StorageError as error:
            told.append(f"{type(error).__name__}: {error}")
    engine.close()
    marked = (folder / "clean").exists()
    # What the store does next, in the same process: open again, and ask.
    again = open_lmdb(folder)
    answer = {"told": told, "marked": marked, "one": again.committed(b"one"), "two": again.committed(b"two"), "has": contents(again)}
    again.close()
    return answer


@pytest.mark.parametrize(
    ("call", "below"),
    [("fdatasync", None), ("pwrite64", PAGE_BYTES), ("pwrite64", META_BYTES)],
    ids=["the flush", "a page", "the meta page, on which LMDB panics"],
)
def test_a_failing_disk_is_a_fault_that_is_never_tried_again_and_a_reopen_settles(folder: Path, call: str, below: int | None) -> None:
    told = in_child(fail_a_batch, folder, call, below)
    first, *later = told["told"]
    assert first.startswith("EngineFault: ")
    assert "Input/output error" in first
    assert all(each.startswith("EngineFault: ") and "open it again" in each for each in later)
    assert not told["marked"]
    assert (told["one"], told["two"]) == (True, False)
    assert told["has"] == {b"a": b"1"}
    assert verify(folder) == []
    engine = open_lmdb(folder)
    write(engine, put(b"a", b"2"), batch_id=b"two")
    assert engine.committed(b"two")
    engine.close()


class LostAnswer(LmdbEngine):
    """A commit that reaches the disk whole and then reports an error, as a flush may."""

    def _commit(self, transaction: Any) -> None:
        super()._commit(transaction)
        raise OSError(5, "Input/output error")


def test_a_commit_that_failed_after_it_was_done_is_known_as_done_after_a_reopen(folder: Path) -> None:
    open_lmdb(folder).close()
    engine = LostAnswer(folder)
    with pytest.raises(EngineFault):
        write(engine, put(b"a", b"1"), batch_id=b"one")
    engine.close()
    again = open_lmdb(folder)
    assert again.committed(b"one")
    assert contents(again) == {b"a": b"1"}
    again.close()


class FullAfterAll(LostAnswer):
    """The same, and the disk seems to be full."""

    def _is_full(self) -> bool:
        return True


def test_a_batch_that_may_be_on_the_disk_is_never_said_to_have_found_it_full(folder: Path) -> None:
    open_lmdb(folder).close()
    engine = FullAfterAll(folder)
    with pytest.raises(EngineFault):
        write(engine, put(b"a", b"1"), batch_id=b"one")
    engine.close()


def test_a_fault_below_a_unit_is_the_engines_and_not_the_units(store: LmdbEngine) -> None:
    def meet(_: Transaction) -> None:
        raise EngineFault("LMDB cannot go on")

    with pytest.raises(EngineFault, match="LMDB cannot go on"):
        write(store, put(b"a"), meet)
    with pytest.raises(EngineFault, match="open it again"):
        contents(store)


@pytest.mark.parametrize("error", [Damaged("a value"), StoreFull("no room")])
def test_what_else_a_unit_meets_stays_its_own(store: LmdbEngine, error: StorageError) -> None:
    def meet(_: Transaction) -> None:
        raise error

    write(store, put(b"a"), meet)
    assert contents(store) == {b"a": b""}
