"""What every engine promises, on each of them."""

import sys
from collections.abc import Iterator, Sequence
from threading import Thread

import pytest

from taskactors.storage.engine import Done, Engine, Failed, Snapshot, Transaction
from taskactors.storage.errors import KeyTooLong, ValueTooLong
from taskactors.storage.keys import KEY_LIMIT, key, span
from taskactors.storage.transaction import VALUE_LIMIT
from tests.storage.engines import AFTER_ALL, NOW, contents, dump, put, write
from tests.support import batches


class Broken(Exception):
    pass


def put_then_fail(transaction: Transaction) -> None:
    transaction.put(b"kept", b"spoilt")
    transaction.put(b"new", b"half")
    transaction.delete(b"gone")
    raise Broken("after three writes")


def test_what_a_batch_wrote_is_what_the_next_read_sees(engine: Engine) -> None:
    assert write(engine, put(b"a", b"1")) == [Done(None)]
    assert engine.read(lambda snapshot: snapshot.get(b"a")) == b"1"


def test_a_unit_answers_its_caller(engine: Engine) -> None:
    assert write(engine, lambda transaction: ("moment", transaction.now_ms)) == [Done(("moment", NOW))]


def test_units_see_what_earlier_ones_in_their_batch_wrote(engine: Engine) -> None:
    assert write(engine, put(b"a", b"1"), lambda transaction: transaction.get(b"a")) == [Done(None), Done(b"1")]


def test_a_failed_unit_loses_its_own_writes_and_spoils_no_other(engine: Engine) -> None:
    write(engine, put(b"kept", b"old"), put(b"gone", b"not yet"))
    first, broken, last = write(engine, put(b"kept", b"whole"), put_then_fail, put(b"later"))
    assert first == last == Done(None)
    assert isinstance(broken, Failed)
    assert contents(engine) == {b"kept": b"whole", b"gone": b"not yet", b"later": b""}


def test_a_failed_units_exception_is_the_very_one_it_raised(engine: Engine) -> None:
    raised = Broken("this one")

    def fail(_: Transaction) -> None:
        raise raised

    [outcome] = write(engine, fail)
    assert isinstance(outcome, Failed)
    assert outcome.error is raised


def test_what_stops_a_whole_process_is_no_units_failure_and_nothing_is_kept(engine: Engine) -> None:
    def stop(transaction: Transaction) -> None:
        raise KeyboardInterrupt

    before = dump(engine)
    with pytest.raises(KeyboardInterrupt):
        write(engine, put(b"a"), stop)
    assert dump(engine) == before
    assert write(engine, put(b"b")) == [Done(None)]


@pytest.mark.parametrize("units", [[], [lambda transaction: transaction.get(b"a")], [put_then_fail]], ids=["none", "reads", "failed"])
def test_a_batch_that_wrote_nothing_is_not_committed(engine: Engine, units: Sequence[object]) -> None:
    before = dump(engine)
    batches.write(engine, units, NOW, b"nothing")  # type: ignore[arg-type]
    assert dump(engine) == before
    assert not engine.committed(b"nothing")


def test_the_last_batch_and_no_other_is_known_as_committed(engine: Engine) -> None:
    write(engine, put(b"a"), batch_id=b"one")
    assert engine.committed(b"one")
    write(engine, put(b"a"), batch_id=b"two")
    assert engine.committed(b"two")
    assert not engine.committed(b"one")


def test_an_empty_value_is_a_value(engine: Engine) -> None:
    write(engine, put(b"a", b""))
    assert engine.read(lambda snapshot: (snapshot.get(b"a"), snapshot.get(b"b"))) == (b"", None)


def test_deleting_what_is_not_there_does_nothing(engine: Engine) -> None:
    assert write(engine, lambda transaction: transaction.delete(b"a")) == [Done(None)]
    assert contents(engine) == {}


def test_a_key_deleted_and_put_again_in_one_batch_has_its_last_value(engine: Engine) -> None:
    write(engine, put(b"a", b"1"))
    write(engine, lambda transaction: transaction.delete(b"a"), put(b"a", b"2"), put(b"a", b"3"))
    assert contents(engine) == {b"a": b"3"}


def test_a_range_starts_at_its_start_and_stops_before_its_end(engine: Engine) -> None:
    write(engine, *(put(bytes([each]), b"v") for each in b"abcde"))

    def keys(snapshot: Snapshot, start: bytes, end: bytes, limit: int, reverse: bool = False) -> bytes:
        return b"".join(key for key, _ in snapshot.range(start, end, limit, reverse))

    assert engine.read(lambda snapshot: keys(snapshot, b"b", b"d", 9)) == b"bc"
    assert engine.read(lambda snapshot: keys(snapshot, b"b", b"d", 9, reverse=True)) == b"cb"
    assert engine.read(lambda snapshot: keys(snapshot, b"b", AFTER_ALL, 2)) == b"bc"
    assert engine.read(lambda snapshot: keys(snapshot, b"b", AFTER_ALL, 2, reverse=True)) == b"ed"


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("start", "end", "limit"),
    [(b"d", b"b", 9), (b"b", b"b", 9), (b"a", AFTER_ALL, 0), (b"a", AFTER_ALL, -1), (b"", b"", 9), (b"x", b"z", 9)],
)
def test_a_range_of_nothing_is_empty(engine: Engine, start: bytes, end: bytes, limit: int, reverse: bool) -> None:
    write(engine, put(b"b"), put(b"c"))
    assert engine.read(lambda snapshot: snapshot.range(start, end, limit, reverse)) == []
    assert write(engine, put(b"bb"), lambda transaction: transaction.range(start, end, limit, reverse))[1] == Done([])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_range_shows_its_own_batch_and_still_fills_its_limit(engine: Engine, reverse: bool) -> None:
    write(engine, *(put(b"%02d" % each, b"old") for each in range(20)))

    def change(transaction: Transaction) -> list[tuple[bytes, bytes]]:
        for gone in (0, 1, 3, 4, 19, 18):
            transaction.delete(b"%02d" % gone)
        transaction.put(b"02", b"new")
        transaction.put(b"05x", b"come")
        return transaction.range(b"00", b"99", 5, reverse)

    expected = [(b"02", b"new"), (b"05", b"old"), (b"05x", b"come"), (b"06", b"old"), (b"07", b"old")]
    backward = [(b"%02d" % each, b"old") for each in (17, 16, 15, 14, 13)]
    assert write(engine, change) == [Done(backward if reverse else expected)]


def test_a_key_at_the_limit_is_stored_and_found_in_its_range(engine: Engine) -> None:
    longest = b"k" * KEY_LIMIT
    assert write(engine, put(longest, b"v")) == [Done(None)]
    assert engine.read(lambda snapshot: snapshot.get(longest)) == b"v"
    assert engine.read(lambda snapshot: snapshot.range(longest, longest + b"\xff", 9, True)) == [(longest, b"v")]


def test_a_span_whose_bounds_are_over_the_limit_still_works(engine: Engine) -> None:
    whole = "x" * (KEY_LIMIT - 3)
    write(engine, put(key(whole), b"v"))
    start, end = span(whole)
    assert len(end) > KEY_LIMIT
    assert engine.read(lambda snapshot: snapshot.range(start, end, 9)) == [(start, b"v")]


@pytest.mark.parametrize("wrong", [b"", b"\x00batch", b"\x00anything"])
def test_a_key_that_is_the_storages_own_is_refused_to_units_alone(engine: Engine, wrong: bytes) -> None:
    for unit in (put(wrong), lambda transaction: transaction.delete(wrong)):
        failed, done = write(engine, unit, put(b"a"))
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, ValueError)
        assert done == Done(None)


def test_a_key_or_value_over_the_limit_fails_its_unit_alone(engine: Engine) -> None:
    too_long, too_large, done = write(engine, put(b"k" * (KEY_LIMIT + 1)), put(b"k", bytes(VALUE_LIMIT + 1)), put(b"a"))
    assert isinstance(too_long, Failed)
    assert isinstance(too_long.error, KeyTooLong)
    assert isinstance(too_large, Failed)
    assert isinstance(too_large.error, ValueTooLong)
    assert done == Done(None)
    assert engine.read(lambda snapshot: snapshot.get(b"k" * (KEY_LIMIT + 1))) is None
    assert engine.read(lambda snapshot: snapshot.get(b"")) is None


def test_a_value_of_the_wrong_type_fails_its_unit_alone(engine: Engine) -> None:
    failed, done = write(engine, put(b"a", "text"), put(b"b"))  # type: ignore[arg-type]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, TypeError)
    assert done == Done(None)


def test_a_value_changed_after_it_was_put_is_stored_as_it_was(engine: Engine) -> None:
    value = bytearray(b"then")
    write(engine, put(b"a", value), lambda _: value.__setitem__(slice(None), b"now!"))
    assert contents(engine) == {b"a": b"then"}


def test_a_read_that_raises_leaves_the_engine_as_it_was(engine: Engine) -> None:
    def fail(_: Snapshot) -> None:
        raise Broken

    for _ in range(100):
        with pytest.raises(Broken):
            engine.read(fail)
    assert write(engine, put(b"a")) == [Done(None)]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_a_read_beside_a_write_sees_a_batch_whole_or_not_at_all(engine: Engine) -> None:
    keys = [b"%03d" % each for each in range(200)]
    seen = set()

    def count_up() -> None:
        for number in range(30):
            write(engine, *(put(key, b"%d" % number) for key in keys))

    write(engine, *(put(key, b"first") for key in keys))
    writer = Thread(target=count_up)
    writer.start()
    while writer.is_alive():
        seen.add(frozenset(engine.read(lambda snapshot: [value for _, value in snapshot.range(keys[0], b"999", 1000)])))
    writer.join()
    assert seen
    assert {len(values) for values in seen} == {1}
