"""The store: sole owner of a project's engine. It takes whatever waits, commits it once, and only then answers."""

from collections.abc import Callable, Sequence
from typing import Any

import trio
from attrs import Factory, define, field

from ..board.chain import read_head
from ..board.passing import outlook
from ..domain.errors import Refusal
from ..loglines import Log
from ..runtime import ActorCrashed, Letter, Place, in_batches
from ..storage.apart import Abandoned
from ..storage.engine import Done, Engine, Failed, Writes
from ..storage.errors import EngineFault, NeedsRoom, StorageError, StoreFull
from .clock import Clock
from .faults import internal
from .feed import Feed
from .in_hand import BATCH_LIMIT, Batch, InHand
from .orders import Copy, Examine, Read, Write
from .refusals import StoreFullRefusal, UnknownOutcome
from .store_health import StoreHealth
from .threads import OffLoop, uncancelled

TURN_S = 0.001
"""Reads and units are done in a row for this long before other tasks run: a list takes milliseconds, and a flood of them in one
project must not stand before another's calls. To let others run costs some microseconds."""

HOPS = 4
"""Rounds of the loop that a call takes from its socket to the store: its reader, the router, the desk, and the store's own box."""

GATHER_S = 0.005
"""A batch is never kept waiting for longer, however steadily calls come."""

ATTEMPTS_AFTER_FAULT = 1
"""A batch in doubt is run once more after the engine was opened again; then its outcome is reported as unknown."""

log = Log(__name__)


@define
class Turn:
    """How long this task has kept the loop since others had their turn."""

    _began: float = Factory(trio.current_time)

    async def taken(self) -> None:
        """Something was done: let others run if it has been long enough."""
        if trio.current_time() - self._began >= TURN_S:
            await trio.lowlevel.checkpoint()
            self._began = trio.current_time()


@define(eq=False)
class Store:
    """One life of the store. Reads are answered from a snapshot at once; writes share commits as load brings them together."""

    open_engine: Callable[[], Engine]
    clock: Clock
    feed: Feed
    in_hand: InHand
    health: StoreHealth
    off_loop: OffLoop = trio.to_thread.run_sync
    _engine: Engine = field(init=False)
    _nursery: trio.Nursery = field(init=False)
    _work: trio.Event = Factory(trio.Event)
    _room: trio.Event = Factory(trio.Event)
    _ending: bool = False

    async def run(self, place: Place) -> None:
        """Open the engine, settle what an earlier life left in doubt, then serve until stopped. An engine fault ends this life."""
        self._engine = await self.off_loop(self.open_engine)
        try:
            if self.in_hand.batch is not None:
                await self._settle(self.in_hand.batch)
            self.feed.committed(self._engine.read(read_head).seq)
            # A wall clock that was set back since must not make time go back in what is written from here on.
            self.clock.not_before(self._engine.read(outlook).last_event_at or 0)
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._write_until_ended)
                await in_batches(place, self._take, BATCH_LIMIT)
                self._ending = True
                self._work.set()
            self.in_hand.outlook = self._engine.read(outlook)
        finally:
            # Off the loop, because it looks at the whole file once more; and to its end, because nobody can open it before.
            with trio.CancelScope(shield=True):
                await self.off_loop(self._engine.close)

    async def _take(self, letters: Sequence[Letter[Any]]) -> None:
        turn = Turn()
        for letter in letters:
            match letter.message:
                case Read() as read:
                    if left := self._answer_read(letter, read):
                        self._nursery.start_soon(self._read_on, letter.keep(), left)
                    await turn.taken()
                case Write():
                    self.in_hand.take(letter.keep())
                    self._work.set()
                case Copy(folder):
                    self._nursery.start_soon(self._beside, letter.keep(), self._engine.copy, folder)
                case Examine(check):
                    self._nursery.start_soon(self._beside, letter.keep(), self._engine.examine, check)
                case other:
                    raise TypeError(f"the store was sent {type(other).__name__}")
        while self.in_hand.is_enough:
            self._room = trio.Event()
            await self._room.wait()

    async def _beside(self, letter: Letter[Any], work: Callable[[Any, Callable[[], bool]], object], about: object) -> None:
        """Long work beside everything else; what goes wrong with it is no fault of the store."""
        try:
            letter.answer(await self.off_loop(work, about, lambda: letter.wanted and not self._ending and uncancelled()))
        except (StorageError, Abandoned) as error:
            letter.refuse(error)
        except Exception as error:  # a bug in one piece of such work is its caller's alone
            letter.refuse(internal(error, "work beside the store failed"))
        except BaseException:
            # This life of the store ends, and with it the work: whoever waits for it may ask the next.
            letter.refuse(ActorCrashed("store"))
            raise

    def _answer_read(self, letter: Letter[Any], read: Read) -> Read | None:
        """Do it, and return what is left of it if that was not all."""
        try:
            answer = self._engine.read(read.fn)
        except Refusal as no:
            letter.refuse(no)
        except Exception as error:  # the unit boundary: a bug in one read, or one damaged record, is its caller's alone
            self.health.saw(error)
            letter.refuse(internal(error, "a read failed"))
        else:
            if isinstance(answer, Read):
                return answer
            letter.answer(answer)
        return None

    async def _read_on(self, letter: Letter[Any], left: Read | None) -> None:
        """The rest of a long read, everybody else having their turn before each part of it."""
        try:
            while left is not None and letter.wanted:
                await trio.lowlevel.checkpoint()
                left = self._answer_read(letter, left)
        except BaseException:
            letter.refuse(ActorCrashed("store"))
            raise

    async def _write_until_ended(self) -> None:
        while True:
            while not self.in_hand.waiting:
                if self._ending:
                    return
                self._work = trio.Event()
                await self._work.wait()
            letters = self.in_hand.next_batch()
            self._room.set()
            # Who left before their turn is nothing to do; a tell has nobody to leave.
            if wanted := [letter for letter in letters if letter.wanted or not letter.asked]:
                self.in_hand.batch = Batch(wanted, self.clock.now())
                await self._write(self.in_hand.batch)
            if len(wanted) > 1:
                await self._gather()

    async def _gather(self) -> None:
        """Let what is on its way here arrive and share the next commit, until nothing more comes or it is enough."""
        quiet, until, hand = 0, trio.current_time() + GATHER_S, self.in_hand
        while quiet < HOPS and not hand.has_woken and (had := len(hand.waiting)) < BATCH_LIMIT and trio.current_time() < until:
            await trio.lowlevel.checkpoint()
            quiet = quiet + 1 if len(hand.waiting) == had else 0

    async def _write(self, batch: Batch) -> None:
        began = trio.current_time()
        try:
            if writes := await self._drafted(batch):
                await self.off_loop(self._engine.commit, writes, batch.id)
        except NeedsRoom:
            self._engine.make_room()
            await self._write(batch)
        except StoreFull as full:
            self._fail(batch, full)
        except EngineFault as fault:
            self.health.fault = str(fault)
            raise
        else:
            if writes:
                self.health.batch_units.observe(len(batch.letters))
                self.health.commit_s.observe(trio.current_time() - began)
                self._durable(batch)
            self._committed(batch)

    async def _drafted(self, batch: Batch) -> Writes:
        """Run the units, others having their turn in between. Their outcomes are kept, for the case that only the commit's is unknown."""
        batch.outcomes = []
        turn = Turn()
        with self._engine.draft(batch.now) as draft:
            for letter in batch.letters:
                batch.outcomes.append(draft.run(letter.message.unit))
                await turn.taken()
            return draft.writes(batch.id)

    async def _settle(self, batch: Batch) -> None:
        """A batch whose commit failed under us: it went through whole, or not at all and is run again with the same ids."""
        if self._engine.committed(batch.id):
            self._durable(batch)
            self._committed(batch)
            return
        if batch.attempts_after_fault >= ATTEMPTS_AFTER_FAULT:
            self.in_hand.batch = None
            for letter in batch.letters:
                letter.refuse(UnknownOutcome(command=letter.message.command))
            return
        batch.attempts_after_fault += 1
        await self._write(batch)

    def _durable(self, batch: Batch) -> None:
        """The disk has taken something: a batch of units that all change nothing says nothing of the disk."""
        if self.health.fault is not None:
            log.warning("commits go through again", last_fault=self.health.fault)
        self.health.last_commit_at, self.health.fault = batch.now, None
        self.health.commits += 1

    def _committed(self, batch: Batch) -> None:
        self.in_hand.batch = None
        self.health.units += len(batch.letters)
        told = tuple(each for outcome in batch.outcomes if isinstance(outcome, Done) for each in outcome.told)
        self.feed.committed(self._engine.read(read_head).seq, told)
        for letter, outcome in zip(batch.letters, batch.outcomes, strict=True):
            match outcome:
                case Done(value):
                    letter.answer(value)
                case Failed(Refusal() as no):
                    # Where it comes from leads back to this very batch, in a circle.
                    letter.refuse(no.with_traceback(None))
                case Failed(error):
                    self.health.saw(error)
                    letter.refuse(internal(error, "a unit of work failed", command=letter.message.command))

    def _fail(self, batch: Batch, full: StoreFull) -> None:
        self.in_hand.batch = None
        if self.health.fault is None:
            # Said once: there is no room for more.
            log.error("the disk is full; nothing can be written until there is room", error=str(full))
        self.health.fault = str(full)
        for letter in batch.letters:
            letter.refuse(StoreFullRefusal())
