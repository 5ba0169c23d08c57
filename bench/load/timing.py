"""How long things took: percentiles and rates of one stretch of load."""

from array import array

from attrs import Factory, define


def percentile(ordered: "array[float]", share: float) -> float:
    """The value that `share` of all are not above, by nearest rank; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@define
class Timing:
    """What was timed between two moments; what ends outside of them is not counted."""

    opens_at: float = float("inf")
    closes_at: float = float("inf")
    seconds: "array[float]" = Factory(lambda: array("d"))

    def add(self, asked_at: float, answered_at: float) -> None:
        if self.opens_at <= answered_at < self.closes_at:
            self.seconds.append(answered_at - asked_at)

    def facts(self) -> dict[str, float]:
        """Count, rate and percentiles in milliseconds."""
        ordered = array("d", sorted(self.seconds))
        shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
        return {
            "count": len(ordered),
            "per_second": round(len(ordered) / (self.closes_at - self.opens_at), 1),
            **{name: round(percentile(ordered, share) * 1000, 3) for name, share in shares.items()},
        }
