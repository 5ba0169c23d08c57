"""A child as data: how to run it, and how much room and time it has."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, field

from taskactors.runtime.actor import Place
from taskactors.runtime.address import Address
from taskactors.runtime.mailbox import Mailbox


@dataclass(frozen=True, eq=False)
class Child:
    """One place under a supervisor. Its box is made with it: `address` is valid at once, over restarts, and refuses after the end."""

    name: str
    run: Callable[[Place], Awaitable[None]]
    _: KW_ONLY
    capacity: int
    stop_within_s: float
    start_within_s: float
    reserved: int = 0
    capacity_bytes: float = math.inf
    inner: tuple[Child, ...] = ()  # the places below it, which end with it
    mailbox: Mailbox = field(init=False)
    address: Address = field(init=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a child needs a name")
        if not self.start_within_s > 0:
            raise ValueError(f"{self.name} needs time to start, not {self.start_within_s} s")
        if not self.stop_within_s >= 0:
            raise ValueError(f"{self.name} cannot stop within {self.stop_within_s} s")
        object.__setattr__(self, "mailbox", Mailbox(self.name, self.capacity, self.reserved, self.capacity_bytes))
        object.__setattr__(self, "address", Address(self.name, self.mailbox))

    def end(self) -> int:
        """The place is closed for good, and those below it; how many letters queued here heard ActorGone."""
        for child in self.inner:
            child.end()
        queued = self.mailbox.depth
        self.mailbox.abandon()
        return queued
