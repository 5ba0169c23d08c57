"""Indexing: makes the search index beside everything else, a slice at a time, and answers searches as soon as it is up to date."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import trio
from attrs import Factory, define

from ..board.knowledge import documents, searched
from ..board.settings import BoardSettings
from ..board.view import View
from ..domain.caller import SERVER, Caller, Kind
from ..domain.errors import Refusal
from ..loglines import Log
from ..runtime import ActorCrashed, ActorGone, Address, AskTimedOut, MailboxFull, Place
from ..storage.engine import Snapshot
from .clock import MS, Clock
from .feed import Feed
from .orders import Read
from .refusals import SearchBroken, SearchNotReady
from .search_index import SearchIndex
from .threads import OffLoop
from .words import Match, Words

SLICE = 50
"""Things read from the store in one go: about a millisecond of the loop, of which others have their turns before the next."""

WITHIN_S = 20.0
"""A search waits for the index as long as this, and hears then how far it is: within the time that every client gives a call."""

ASK_WITHIN_S = 30.0

AGAIN_S = 1.0
"""After trouble with the store, which is being restarted or has much to do."""

LEAST_S, MOST_S = 1.0, 60.0
"""When whoever hears that the index is not ready is asked to come again, at the earliest and at the latest."""

log = Log(__name__)


@define(eq=False, kw_only=True)
class Indexing:
    """The making of one project's search index. It lives beside the desks; what it has made survives a crash of any of them."""

    index: SearchIndex
    store: Address
    feed: Feed
    clock: Clock
    settings: BoardSettings
    off_loop: OffLoop
    _wanted: trio.Event = Factory(trio.Event)
    _moved: trio.lowlevel.ParkingLot = Factory(trio.lowlevel.ParkingLot)
    _table: trio.Lock = Factory(trio.Lock)
    """The table of words is in one hand at a time."""
    _began: float = 0.0
    _put: int = 0
    _searches: int = 0
    _broken: int = 0

    def __attrs_post_init__(self) -> None:
        self.feed.listen(self._heard)

    async def run(self, place: Place) -> None:
        """Work whenever a search asks for it, or much has changed, until stopped."""
        place.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_up)
            await place.until_stopped()
            nursery.cancel_scope.cancel()

    async def find(self, query: str, within: Sequence[str], skip: int, limit: int) -> list[Match]:
        """The best matches of all that was written before the call. Raises SearchNotReady and SearchBroken."""
        self._searches += 1
        try:
            await self._be_up_to_date()
        finally:
            self._searches -= 1
        found: list[Match] = await self._with_words(Words.find, query, within, skip, limit)
        return found

    async def _be_up_to_date(self) -> None:
        heard, broken = self.index.heard, self._broken
        if self.index.has(heard):
            return
        self._wanted.set()
        with trio.move_on_after(WITHIN_S) as patience:
            while not self.index.has(heard):
                await self._moved.park()
                if self._broken != broken:
                    raise SearchBroken(why="its file could not be written")
        if patience.cancelled_caught:
            raise SearchNotReady(put_in=self._put, left=self.index.left, retry_after_ms=round(self._ready_in_s() * MS))

    def _ready_in_s(self) -> float:
        took_s = trio.current_time() - self._began
        return max(LEAST_S, min(MOST_S, took_s * self.index.left / self._put if self._put else MOST_S))

    def _heard(self, told: Sequence[object]) -> None:
        if self.index.is_behind:
            self._wanted.set()

    async def _keep_up(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            try:
                await self._catch_up()
            except SearchBroken:
                # Who waits has heard; the next search begins anew, when there may be room.
                continue
            except (ActorCrashed, ActorGone, AskTimedOut, MailboxFull, Refusal) as trouble:
                log.warning("the search index could not be made further just now", trouble=str(trouble))
                self._wanted.set()
                await trio.sleep(AGAIN_S)

    async def _catch_up(self) -> None:
        self._began, self._put = trio.current_time(), 0
        if not self.index.begun:
            self.index.listen()
            self.index.expect(await self._read(searched))
            self._moved.unpark_all()
        while self._searches or not self.index.may_wait:
            some = self.index.take(SLICE)
            if not some:
                break
            found, looked_at = await self._read(partial(documents, subjects=some))
            await self._with_words(Words.put, found)
            self.index.settle(some[:looked_at])
            self._put += looked_at
            self._moved.unpark_all()

    async def _with_words(self, work: Callable[..., Any], *given: object) -> Any:
        async with self._table:
            try:
                return await self.off_loop(work, self.index.words, *given)
            except sqlite3.Error as error:
                log.error("the search index broke and is made anew with the next search", error=str(error))
                self._broken += 1
                self.index.start_afresh()
                self._moved.unpark_all()
                raise SearchBroken(why=str(error)) from error

    async def _read(self, look: Callable[[View], Any]) -> Any:
        now, settings = self.clock.now(), self.settings

        def read(snapshot: Snapshot) -> Any:
            return look(View(snapshot, now, Caller(name=SERVER, kind=Kind.SERVER), settings))

        return await self.store.ask(Read(read), ASK_WITHIN_S)
