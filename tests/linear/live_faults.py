"""Live faults: mistakes planted into a real project, each of which a replay of what it answers has to find."""

from collections.abc import Callable
from copy import copy
from itertools import count
from typing import TypeVar

import pytest
from attrs import Factory, define, evolve

from taskactors.board import inbox, layout
from taskactors.domain import claiming, finishing
from taskactors.domain.task import State
from taskactors.storage.engine import Snapshot, Writes
from taskactors.storage.in_memory import _Sorted
from taskactors.storage.transaction import Opened
from tests.actors.team import FragileEngine

T = TypeVar("T")

Fault = Callable[[pytest.MonkeyPatch], FragileEngine]

LOST = 15
"""One in so many commits that changed something is lost."""

LAGGING = 40
"""How many reads lag behind; the log is read when that is over."""


def copied(raw: _Sorted) -> _Sorted:
    other = copy(raw)
    other._values, other._keys = dict(raw._values), list(raw._keys)
    return other


@define(eq=False)
class Lagging(FragileEngine):
    """The first tools that read see the state before the last commit; everybody else sees the last."""

    before: _Sorted = Factory(_Sorted)
    reads: int = 0

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        if getattr(fn, "__qualname__", "").startswith("Desk.order"):
            self.reads += 1
            if self.reads <= LAGGING and self.before._keys:
                return fn(Opened(self.before))
        return super().read(fn)

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        self.before = copied(self.inner._raw)
        super().commit(writes, batch_id)


@define(eq=False)
class Forgetful(FragileEngine):
    """Says of some commits that they are there when they are not."""

    changes: int = 0

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        before = copied(self.inner._raw)
        super().commit(writes, batch_id)
        self.changes += any(layout.ALL_EVENTS[0] <= key < layout.ALL_EVENTS[1] for key, _ in writes)
        if self.changes == LOST:
            self.changes = 0
            self.inner._raw = before


def reads_lag_behind(plant: pytest.MonkeyPatch) -> FragileEngine:
    return Lagging()


def a_commit_is_lost(plant: pytest.MonkeyPatch) -> FragileEngine:
    return Forgetful()


def a_claim_does_not_look_at_the_holder(plant: pytest.MonkeyPatch) -> FragileEngine:
    claim = claiming.claim
    plant.setattr(claiming, "claim", lambda task, *rest: claim(evolve(task, state=State.CREATED, claim=None, owner_agent_name=None), *rest))
    return FragileEngine()


def a_fence_is_not_looked_at(plant: pytest.MonkeyPatch) -> FragileEngine:
    plant.setattr(claiming, "require_fence", lambda task, fence: None)
    plant.setattr(finishing, "require_fence", lambda task, fence: None)
    return FragileEngine()


def what_was_confirmed_comes_again(plant: pytest.MonkeyPatch) -> FragileEngine:
    plant.setattr(inbox, "_confirmed", lambda change, reader, *rest: reader)
    return FragileEngine()


def a_key_is_forgotten(plant: pytest.MonkeyPatch) -> FragileEngine:
    reply, numbers = layout.reply, count()
    plant.setattr(layout, "reply", lambda caller, tool, key: reply(caller, tool, f"{key}{next(numbers)}"))
    return FragileEngine()


FAULTS: tuple[Fault, ...] = (
    reads_lag_behind,
    a_commit_is_lost,
    a_claim_does_not_look_at_the_holder,
    a_fence_is_not_looked_at,
    what_was_confirmed_comes_again,
    a_key_is_forgotten,
)
