"""Whatever a team does, all engines answer the same and hold the same bytes; and a reopened one holds what it held."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from taskactors.storage.engine import Done, Engine, Failed, Transaction
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.on_lmdb import open_lmdb
from tests.storage.engines import dump
from tests.support.batches import write


class Refused(Exception):
    pass


@frozen
class Steps:
    """A unit made of plain steps, so that a failing example can be read; it answers with everything it saw."""

    steps: tuple[tuple[Any, ...], ...]
    fails: bool

    def __call__(self, transaction: Transaction) -> list[Any]:
        seen: list[Any] = []
        for name, *arguments in self.steps:
            seen.append(getattr(transaction, name)(*arguments))
        if self.fails:
            raise Refused(repr(seen))
        return seen


# Few keys and short ones, so that units meet; some with what sorts first and last in them.
KEYS = st.text("ab\x00\xff", min_size=1, max_size=3).map(lambda text: b"k" + text.encode("latin-1"))
# Past what the storage keeps for itself, which a dictionary does not hold.
BOUNDS = KEYS | st.sampled_from([b"\x01", b"k", b"l", b"\xff" * 9])
VALUES = st.binary(max_size=4) | st.sampled_from([b"x" * 3000, b"y" * 9000])

STEP = st.one_of(
    st.tuples(st.just("put"), KEYS, VALUES),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("range"), BOUNDS, BOUNDS, st.integers(0, 6), st.booleans()),
)
UNIT = st.builds(Steps, st.lists(STEP, max_size=8).map(tuple), st.booleans())
BATCHES = st.lists(st.lists(UNIT, max_size=5), max_size=6)


def replies(engine: Engine, number: int, units: list[Steps]) -> list[object]:
    outcomes = write(engine, units, 1000 + number, b"batch %d" % number)
    return [outcome.value if isinstance(outcome, Done) else repr(outcome.error) for outcome in outcomes]


@given(BATCHES)
def test_engines_give_the_same_replies_and_hold_the_same_bytes(batches: list[list[Steps]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, lmdb = InMemoryEngine(), open_lmdb(Path(folder) / "store")
        for number, units in enumerate(batches):
            assert replies(memory, number, units) == replies(lmdb, number, units)
            assert dump(memory) == dump(lmdb)
        lmdb.close()
        again = open_lmdb(Path(folder) / "store")
        assert dump(again) == dump(memory)
        again.close()


@given(BATCHES)
def test_the_engine_in_memory_does_what_a_dictionary_would(batches: list[list[Steps]]) -> None:
    engine = InMemoryEngine()
    model: dict[bytes, bytes] = {}
    for number, units in enumerate(batches):
        expected = [_run_on(model, unit) for unit in units]
        assert [_told(outcome) for outcome in write(engine, units, number, b"%d" % number)] == expected
        assert dict(engine.read(lambda snapshot: snapshot.range(b"\x01", b"\xff" * 9, 1000))) == model


def _told(outcome: Done[Any] | Failed) -> list[Any] | None:
    return outcome.value if isinstance(outcome, Done) else None


def _run_on(model: dict[bytes, bytes], unit: Steps) -> list[Any] | None:
    """The same unit on a dictionary, written as plainly as can be."""
    copy = dict(model)
    seen = [_ACTS[name](copy, *arguments) for name, *arguments in unit.steps]
    if unit.fails:
        return None
    model.clear()
    model.update(copy)
    return seen


def _range(values: dict[bytes, bytes], start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]:
    return sorted(((key, value) for key, value in values.items() if start <= key < end), reverse=reverse)[:limit]


_ACTS: dict[str, Callable[..., Any]] = {
    "put": lambda values, key, value: values.__setitem__(key, value),
    "delete": lambda values, key: [values.pop(key, None)].clear(),
    "get": lambda values, key: values.get(key),
    "range": _range,
}
