"""Delivery: how long what was committed took to reach those whom it was for."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import Factory, define

from .metrics import DELIVERY_S, Distribution


class Way(StrEnum):
    """How something reaches somebody."""

    INBOX = "inbox"
    """A message was shown to its recipient, who came for it in their own time."""

    WAITER = "waiter"
    """A parked call was answered with what came for it."""

    PUSH = "push"
    """A subscriber's wire took the news that something has changed."""


@define(eq=False)
class Delivery:
    """The lags of one project, from commit to recipient. They belong to it, so they survive the crash of any desk."""

    lag_s: Mapping[Way, Distribution] = Factory(lambda: {way: Distribution(DELIVERY_S) for way in Way})

    def took(self, way: Way, lag_s: float) -> None:
        """Something arrived so long after its commit."""
        self.lag_s[way].observe(lag_s)
