"""No value is taken for another, damaged or whole, and no set of values for an older one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.storage.errors import Damaged
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.kept_back import last_batch
from taskactors.storage.sealing import CHECKSUM_BYTES, counted, seal, sealed_changes, unseal
from tests.storage.engines import dump, put, write

TASKS = 5000
"""So many that some pairs of them change in opposite ways."""


@given(st.binary(max_size=40), st.binary(max_size=200))
def test_a_sealed_value_opens_under_its_own_key(key: bytes, body: bytes) -> None:
    assert unseal(key, seal(key, body)) == body


@given(st.binary(min_size=1, max_size=40), st.binary(max_size=200), st.data())
def test_any_flipped_bit_is_found(key: bytes, body: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(key, body))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Damaged):
        unseal(key, bytes(sealed))


def test_a_value_under_another_key_is_found_even_when_it_is_empty() -> None:
    with pytest.raises(Damaged, match="task/2"):
        unseal(b"task/2", seal(b"task/1", b""))


@pytest.mark.parametrize("cut", [b"", b"\x00", b"\x00\x00\x00"])
def test_a_value_too_short_for_a_checksum_is_found(cut: bytes) -> None:
    with pytest.raises(Damaged):
        unseal(b"k", cut)


@given(st.permutations(range(6)))
def test_the_tally_does_not_depend_on_the_way_there(order: list[int]) -> None:
    direct = straying = 0
    for each in range(6):
        direct = counted(direct, None, seal(b"%d" % each, b"v"))
    for each in order:
        straying = counted(straying, None, seal(b"%d" % each, b"first"))
    for each in order[::-1]:
        straying = counted(straying, seal(b"%d" % each, b"first"), seal(b"%d" % each, b"v"))
    assert direct == straying


def test_two_values_that_change_alike_do_not_cancel_out_in_the_tally() -> None:
    def change(number: int) -> tuple[bytes, bytes]:
        key = b"task/%d" % number
        return seal(key, b"state=Created"), seal(key, b"state=Blocked")

    def difference(number: int) -> int:
        before, after = change(number)
        return int.from_bytes(after[:CHECKSUM_BYTES], "big") - int.from_bytes(before[:CHECKSUM_BYTES], "big")

    by_difference = {difference(number): number for number in range(TASKS)}
    pairs = [(number, by_difference[-gap]) for gap, number in by_difference.items() if -gap in by_difference]
    # The checksums of these pairs add up to the same before and after.
    assert pairs
    assert all(counted(counted(0, *change(one)), *change(other)) != 0 for one, other in pairs)


def test_every_commit_leaves_its_number_and_the_tally_of_all_values() -> None:
    engine = InMemoryEngine()
    for number in range(5):
        write(engine, put(b"a", b"%d" % number), put(b"b%d" % number), lambda transaction: transaction.delete(b"b1"))
        (_, own), *others = dump(engine)
        tally = 0
        for _, sealed in others:
            tally = counted(tally, None, sealed)
        last = last_batch(engine._raw)
        assert own == last.sealed()
        assert (last.number, last.tally) == (number + 2, tally)


def test_what_a_batch_changes_is_what_differs_and_moves_the_tally_as_each_value_would() -> None:
    there: dict[bytes, bytes | None] = {key: seal(key, b"old") for key in (b"same", b"other", b"going")} | {b"never": None}
    values = [(b"same", b"old"), (b"other", b"new"), (b"going", None), (b"never", None), (b"absent", None), (b"fresh", b"")]
    one_by_one = 7
    for key, body in values:
        one_by_one = counted(one_by_one, there.get(key), None if body is None else seal(key, body))

    tally, changed = sealed_changes(7, values, there)

    assert changed == [(b"other", seal(b"other", b"new")), (b"going", None), (b"fresh", seal(b"fresh", b""))]
    assert tally == one_by_one
