"""Keys sort as the tuples they were made of, and give them back."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskactors.storage.errors import KeyTooLong
from taskactors.storage.kept_back import FIRST_OWN, KEPT_BACK
from taskactors.storage.keys import KEY_LIMIT, LARGEST_NUMBER, descending, key, number, numbered, span, split

# Half of them of nothing but what an encoding could take for its own marks.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.text("\x00\x01\x02\xff", max_size=6)
BYTES = st.binary(max_size=20) | st.text("\x00\x01\x02\xff", max_size=6).map(lambda text: text.encode("latin-1"))
NUMBERS = st.integers(0, LARGEST_NUMBER)
PART = TEXTS | BYTES | NUMBERS


@st.composite
def tuples_of_one_shape(draw: st.DrawFn) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Two that can be compared: where both have a part, it is of one kind."""
    kinds = draw(st.lists(st.sampled_from([TEXTS, BYTES, NUMBERS]), max_size=4))
    both = [tuple(draw(kind) for kind in kinds) for _ in range(2)]
    shared, cut, other = (draw(st.integers(0, len(kinds))) for _ in range(3))
    return both[0][:cut], (both[0][:shared] + both[1][shared:])[:other]


@given(st.lists(PART, max_size=4))
@example(["\x00\x01", b"\x00\x01", 1, "\x00\xff\x00", b"\x00\xff", 256, "\x00"])
def test_a_key_gives_back_what_it_was_made_of(parts: list[Any]) -> None:
    assert split(key(*parts)) == tuple(parts)


@given(tuples_of_one_shape())
def test_keys_sort_as_their_tuples_do(pair: tuple[tuple[Any, ...], tuple[Any, ...]]) -> None:
    left, right = pair
    # Text sorts by code points, in Python and in UTF-8.
    assert (key(*left) < key(*right)) == (left < right)
    assert (key(*left) == key(*right)) == (left == right)


@given(st.lists(PART, max_size=3), st.lists(PART, max_size=3))
def test_a_span_holds_exactly_the_keys_that_begin_with_its_parts(prefix: list[Any], other: list[Any]) -> None:
    start, end = span(*prefix)
    assert start <= key(*prefix, *other) < end
    begins_so = [(type(part), part) for part in other[: len(prefix)]] == [(type(part), part) for part in prefix]
    assert (start <= key(*other) < end) == begins_so


@pytest.mark.parametrize(
    ("left", "right"), [(("a", "b"), ("ab",)), (("a", ""), ("a",)), ((1,), ("1",)), (("1",), (b"1",)), (("a\x00",), ("a", "")), (("",), ())]
)
def test_different_tuples_never_share_a_key(left: tuple[Any, ...], right: tuple[Any, ...]) -> None:
    assert key(*left) != key(*right)


@given(st.lists(PART, max_size=3), NUMBERS, st.lists(PART, max_size=1))
def test_a_key_is_its_parts_one_after_the_other(before: list[Any], middle: int, after: list[Any]) -> None:
    assert key(*before) + number(middle) + key(*after) == key(*before, middle, *after)
    assert numbered(*before)(middle) == key(*before, middle)


@given(NUMBERS, NUMBERS)
def test_descending_numbers_put_the_larger_first_and_come_back(left: int, right: int) -> None:
    assert (key(descending(left)) < key(descending(right))) == (left > right)
    assert descending(descending(left)) == left


def test_a_key_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert len(key("x" * (KEY_LIMIT - 3))) == KEY_LIMIT
    with pytest.raises(KeyTooLong, match="512 bytes is over the limit of 511"):
        key("x" * (KEY_LIMIT - 2))


@pytest.mark.parametrize("number", [-1, LARGEST_NUMBER + 1])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        key(number)


@given(st.lists(PART, min_size=1, max_size=3))
def test_no_key_is_one_that_the_storage_keeps_for_itself(parts: list[Any]) -> None:
    assert not key(*parts).startswith(KEPT_BACK)
    assert key(*parts) >= FIRST_OWN


@pytest.mark.parametrize("broken", [b"\x00", b"\x01\x00", b"\x03abc", b"\x09", b"\x03\xfe\x00\x01"])
def test_bytes_that_are_no_key_are_not_taken_for_one(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        split(broken)
