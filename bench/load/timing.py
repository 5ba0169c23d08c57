"""How long things took: percentiles and rates of one stretch of load."""

from array import array

from attrs import Factory, define, frozen


def percentile(ordered: "array[float]", share: float) -> float:
    """The value that `share` of all are not above, by nearest rank; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@frozen
class Times:
    """How many there were in a second, and how long each took."""

    count: int
    per_second: float
    p50_ms: float
    p99_ms: float
    p999_ms: float


@define
class Timing:
    """What was timed between two moments; what ends outside of them is not counted."""

    opens_at: float = float("inf")
    closes_at: float = float("inf")
    seconds: "array[float]" = Factory(lambda: array("d"))

    def add(self, asked_at: float, answered_at: float) -> None:
        if self.opens_at <= answered_at < self.closes_at:
            self.seconds.append(answered_at - asked_at)

    def times(self) -> Times:
        ordered = array("d", sorted(self.seconds))
        p50, p99, p999 = (round(percentile(ordered, share) * 1000, 3) for share in (0.5, 0.99, 0.999))
        return Times(len(ordered), round(len(ordered) / (self.closes_at - self.opens_at), 1), p50, p99, p999)
