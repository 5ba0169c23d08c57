"""What a store has in hand: writes that wait, and the batch on its way to the disk. Both outlive a crash of the store."""

import secrets
from collections import deque
from functools import partial
from typing import Any

from attrs import Factory, define

from ..board.passing import Outlook
from ..domain.task import Instant
from ..runtime import Letter
from ..storage.engine import Done, Failed
from .orders import Write

BATCH_LIMIT = 128
"""Units per commit: past this the flush is well shared, and a longer batch only makes its first caller wait."""

BATCH_BYTES = 4 << 20
"""What the units of one commit were called with, together: more would be one long flush, for which the smallest of them waits."""

WAITING_LIMIT = 256
WAITING_BYTES = 2 * BATCH_BYTES
"""Writes taken out of the box ahead of the commit in progress. Beyond either the box fills up, and callers are told."""


@define
class Batch:
    """Writes on their way to the disk. It outlives a crash of the store, so that every caller hears what became of theirs."""

    letters: list[Letter[Write]]
    now: Instant
    id: bytes = Factory(partial(secrets.token_bytes, 16))
    outcomes: list[Done[Any] | Failed] = Factory(list)
    attempts_after_fault: int = 0


@define
class InHand:
    """What the store has accepted and not yet answered. Belongs to the store's place, not to one life of it."""

    waiting: deque[Letter[Write]] = Factory(deque)
    waiting_bytes: int = 0
    has_woken: bool = False
    """Whether somebody was woken for one of them."""
    batch: Batch | None = None
    outlook: Outlook | None = None
    """What is to come, as it was when the store was stopped in good order."""

    def take(self, letter: Letter[Write]) -> None:
        """One more that waits for its commit."""
        self.waiting.append(letter)
        self.waiting_bytes += letter.size
        self.has_woken |= letter.message.woken

    @property
    def is_enough(self) -> bool:
        """Whether no more should be taken before some of it is on its way."""
        return len(self.waiting) > WAITING_LIMIT or self.waiting_bytes > WAITING_BYTES

    def next_batch(self) -> list[Letter[Write]]:
        """The first of those that wait, as many as one commit should have; at least one."""
        letters: list[Letter[Write]] = []
        size = 0
        while self.waiting and len(letters) < BATCH_LIMIT and (not letters or size + self.waiting[0].size <= BATCH_BYTES):
            letter = self.waiting.popleft()
            size += letter.size
            letters.append(letter)
        self.waiting_bytes -= size
        self.has_woken = any(letter.message.woken for letter in self.waiting)
        return letters
