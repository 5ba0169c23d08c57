"""What a stretch of load says about itself."""

from array import array

import pytest

from bench.load.timing import Times, Timing, percentile


@pytest.mark.parametrize(("share", "value"), [(0.5, 51.0), (0.99, 100.0), (0.999, 100.0), (0.0, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile(array("d", range(1, 101)), share) == value


def test_the_percentile_of_nothing_is_nothing() -> None:
    assert percentile(array("d"), 0.99) == 0


def test_what_is_answered_before_or_after_the_stretch_is_not_counted() -> None:
    timing = Timing(opens_at=10.0, closes_at=12.0)
    for asked_at, answered_at in ((9.0, 9.9), (9.9, 10.0), (11.0, 11.002), (11.9, 12.0)):
        timing.add(asked_at, answered_at)
    assert timing.times() == Times(count=2, per_second=1.0, p50_ms=100.0, p99_ms=100.0, p999_ms=100.0)
