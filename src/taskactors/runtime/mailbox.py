"""The bounded box in front of an actor, with its letters: a message and the single-use way back to whoever asked."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

import trio

from taskactors.runtime.errors import ActorGone, MailboxFull
from taskactors.runtime.observe import LetterTurnedAway, Observer, Outcome, hears_letters, silent

if TYPE_CHECKING:
    from taskactors.runtime.address import Address

# A full box of a few hundred letters is drained in batches within this; sooner would only meet the same queue.
RETRY_AFTER_MS = 100

# So many letters may be taken in a row before the reader lets other tasks run: a full yield costs as much as handling a
# letter, and 64 of them handled without waiting keep the loop for well under a millisecond.
FAIR_RUN = 64

M = TypeVar("M")
Hear: TypeAlias = Callable[[object, BaseException | None], None]

_log = logging.getLogger(__name__)
_SAME: Final = object()


class _Reply:
    """The way back, shared by a letter and all it was forwarded as: usable once."""

    __slots__ = ("hear", "left")

    def __init__(self, hear: Hear | None) -> None:
        self.hear = hear
        self.left: Callable[[], None] | None = None

    def use(self, value: object, error: BaseException | None) -> None:
        hear, self.hear, self.left = self.hear, None, None
        if hear is None:
            return
        try:
            hear(value, error)
        except Exception:
            # The one who answers is the last who could do something about the asker's bug.
            _log.exception("an asker failed on its answer")


class Letter(Generic[M]):
    """A message and its single-use answer.

    `on_answer(value, error)` is called once, synchronously, on the loop, with the answer or the refusal; without it the
    letter is a `tell`. `size` is about how many bytes of memory it holds, for boxes that have a limit of them.
    Everything here runs on the loop's thread only, also from `run_sync_soon` callbacks.
    """

    __slots__ = ("_fate", "_reply", "asked", "delivered_at", "message", "size", "urgent")

    def __init__(self, message: M, on_answer: Hear | None = None, urgent: bool = False, size: int = 0) -> None:
        self._open(message, _Reply(on_answer), on_answer is not None, urgent, size)

    def _open(self, message: M, reply: _Reply, asked: bool, urgent: bool, size: int) -> None:
        self.message = message
        self.asked = asked
        self.urgent = urgent
        self.size = size
        self.delivered_at: float | None = None
        self._reply = reply
        self._fate = Outcome.OPEN

    @property
    def wanted(self) -> bool:
        """Whether the asker is still there: not answered, not timed out, not cancelled. Never so for a `tell`."""
        return self._reply.hear is not None

    @property
    def settled(self) -> bool:
        """Whether whoever took it has answered, refused, forwarded or kept it."""
        return self._fate is not Outcome.OPEN

    @property
    def outcome(self) -> Outcome:
        """What became of it so far."""
        return Outcome.DONE if self._fate is Outcome.OPEN and not self.asked else self._fate

    def answer(self, value: object) -> None:
        """Give the asker `value`. The first answer or refusal wins; when the asker left it is nothing to do. Never raises."""
        self._fate = Outcome.ANSWERED
        self._reply.use(value, None)

    def refuse(self, error: BaseException) -> None:
        """Like `answer`, but the asker's `ask` raises `error`: give each letter an error of its own."""
        self._fate = Outcome.REFUSED
        self._reply.use(None, error)

    def forward(self, to: Address, message: object = _SAME) -> None:
        """Let `to` answer in our place, as urgent and as large as before, with another message if given.

        If `to` is full or gone, the asker hears that, and this letter counts as refused.
        """
        onward: Letter[Any] = Letter.__new__(Letter)
        onward._open(self.message if message is _SAME else message, self._reply, self.asked, self.urgent, self.size)
        try:
            to.post(onward)
        except (MailboxFull, ActorGone) as error:
            self.refuse(error)
        else:
            self._fate = Outcome.FORWARDED

    def keep(self) -> Letter[M]:
        """Take it over: should the handler crash later, this letter is not refused, and whoever keeps it must answer it."""
        self._fate = Outcome.KEPT
        return self

    def when_left(self, told: Callable[[], None]) -> None:
        """Be told when the asker leaves before there is an answer. For whoever keeps the letter for long; it must not raise or wait."""
        self._reply.left = told

    def withdraw(self) -> None:
        """The asker leaves: an answer still to come is nothing to do."""
        self._reply.hear = None
        left, self._reply.left = self._reply.left, None
        if left is not None:
            left()

    def reopened(self, at: float | None) -> None:
        """Let into a box at `at`: it is nobody's until taken."""
        self._fate = Outcome.OPEN
        self.delivered_at = at


class Mailbox:
    """A bounded box that belongs to a place and outlives the crash of the actor reading it. One reader at a time.

    The last `reserved` of its `capacity` letters can only be urgent ones, and so can that share of its `capacity_bytes`, which
    the sizes of its letters make up together. Urgency is about room, never about order. An empty box takes any letter.
    """

    def __init__(self, owner: str, capacity: int, reserved: int = 0, capacity_bytes: float = math.inf) -> None:
        if capacity < 1:
            raise ValueError(f"the box of {owner} needs room for a letter, not {capacity}")
        if not 0 <= reserved < capacity:
            raise ValueError(f"the box of {owner} cannot keep {reserved} of {capacity} for urgent letters")
        self.owner = owner
        self.capacity = capacity
        self.reserved = reserved
        self.capacity_bytes = capacity_bytes
        self._ordinary_bytes = capacity_bytes * (capacity - reserved) / capacity
        self._bytes = 0
        self._observe: Observer = silent
        self._times_letters = False
        self._letters: deque[Letter[Any]] = deque()
        self._reader: trio.lowlevel.Task | None = None
        self._taken_in_a_row = 0
        self._closed = False
        self._paused = False

    def observed_by(self, observe: Observer) -> None:
        """From now on this hears of letters that are turned away, and when it wants to of how long the others waited."""
        self._observe = observe
        self._times_letters = hears_letters(observe)

    @property
    def depth(self) -> int:
        """Letters waiting."""
        return len(self._letters)

    @property
    def closed(self) -> bool:
        """Whether it lets nothing more in, for good."""
        return self._closed

    def deliver(self, letter: Letter[Any], urgent: bool = False) -> None:
        """Let the letter in, or say at once why not: ActorGone when closed, MailboxFull when there is no room for it."""
        letter.urgent = urgent = urgent or letter.urgent
        room, room_bytes = (self.capacity, self.capacity_bytes) if urgent else (self.capacity - self.reserved, self._ordinary_bytes)
        if self._closed or len(self._letters) >= room or (self._letters and self._bytes + letter.size > room_bytes):
            self._turn_away(letter)
        letter.reopened(trio.current_time() if self._times_letters else None)
        self._letters.append(letter)
        self._bytes += letter.size
        if self._reader is not None:
            self._wake()

    async def take(self) -> Letter[Any] | None:
        """The next letter, waited for; None once there is none to come. Always a place to be cancelled, and then takes nothing."""
        if not await self._has_letters():
            return None
        self._taken_in_a_row += 1
        letter = self._letters.popleft()
        self._bytes -= letter.size
        return letter

    async def take_batch(self, limit: int) -> list[Letter[Any]]:
        """Wait for the first letter, then take what is there, up to `limit`; empty once there is none to come."""
        if limit < 1:
            raise ValueError(f"a batch needs at least one letter, not {limit}")
        if not await self._has_letters():
            return []
        batch = [self._letters.popleft() for _ in range(min(limit, len(self._letters)))]
        self._taken_in_a_row += len(batch)
        self._bytes -= sum(letter.size for letter in batch)
        return batch

    def pause(self) -> None:
        """End the present reader as if closed, but keep letting letters in, for the next reader. For restarting a whole group."""
        self._paused = True
        self._wake()

    def resume(self) -> None:
        """Be read again after a pause."""
        self._paused = False

    def close(self) -> None:
        """Let nothing more in; what is queued can still be taken, then the reader is told the end."""
        self._closed = True
        self._wake()

    def abandon(self) -> None:
        """Close, and refuse every queued letter with ActorGone."""
        self.close()
        while self._letters:
            self._letters.popleft().refuse(ActorGone(self.owner))

    def _turn_away(self, letter: Letter[Any]) -> None:
        error = ActorGone(self.owner) if self._closed else MailboxFull(self.owner, RETRY_AFTER_MS)
        self._observe(LetterTurnedAway(self.owner, type(letter.message).__name__, error))
        raise error

    async def _has_letters(self) -> bool:
        if self._taken_in_a_row >= FAIR_RUN:
            self._taken_in_a_row = 0
            await trio.lowlevel.checkpoint()
        else:
            await trio.lowlevel.checkpoint_if_cancelled()
        while not self._paused:
            if self._letters:
                return True
            if self._closed:
                return False
            await self._sleep()
        return False

    async def _sleep(self) -> None:
        if self._reader is not None:
            raise trio.BusyResourceError(f"two tasks read the box of {self.owner}")

        def leave(_: object) -> trio.lowlevel.Abort:
            self._reader = None
            return trio.lowlevel.Abort.SUCCEEDED

        self._taken_in_a_row = 0
        self._reader = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(leave)

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            trio.lowlevel.reschedule(reader)
