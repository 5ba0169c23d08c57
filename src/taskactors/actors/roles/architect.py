"""The architect desk: plans, and sees to it that work which stands still does not do so unseen."""

import secrets

import trio
from attrs import define

from ...board.change import as_server
from ...board.standstill import Look, announce, look
from ...board.view import View
from ...domain.caller import SERVER, Caller, Kind
from ...domain.errors import Refusal
from ...loglines import Log
from ...runtime import ActorCrashed, AskTimedOut, MailboxFull, Place
from ...storage.engine import Snapshot, Transaction
from ..feed import Feed
from ..orders import Read, Write
from .desk import STORE_WITHIN_S, Desk

LOOK_EVERY_S = 60.0
"""A stall is a matter of half an hour: nobody misses a minute, and a busy project is not looked through at every commit."""

log = Log(__name__)


@define(eq=False, kw_only=True)
class ArchitectDesk(Desk):
    """Beside its tools it keeps watch over what is held and does not move."""

    feed: Feed

    async def run(self, place: Place) -> None:
        """Serve, and keep watch."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_watch)
            await super().run(place)
            nursery.cancel_scope.cancel()

    async def _keep_watch(self) -> None:
        while True:
            seen, due = self.feed.commits, None
            try:
                found: Look = await self.store.ask(Read(self._look), STORE_WITHIN_S)
                due = found.next_at
                if found.news:
                    await self._announce()
            except (MailboxFull, AskTimedOut, ActorCrashed, Refusal) as trouble:
                log.warning("nobody could look for stalled work just now", trouble=str(trouble))
            await trio.sleep(LOOK_EVERY_S)
            with trio.move_on_after(float("inf") if due is None else self.clock.seconds_until(due)):
                await self.feed.past(seen)

    def _look(self, snapshot: Snapshot) -> Look:
        return look(View(snapshot, self.clock.now(), Caller(name=SERVER, kind=Kind.SERVER), self.settings))

    async def _announce(self) -> None:
        command = f"watch-{secrets.token_hex(8)}"

        def unit(transaction: Transaction) -> int:
            return announce(as_server(transaction, command, self.settings))

        await self.store.ask(Write(unit, command), STORE_WITHIN_S)
