"""Timers: turn time into work. The store's own index of what is due is the heap; there is one sleeper."""

import secrets

import trio
from attrs import define

from ..board.change import as_server
from ..board.passing import next_due, sweep
from ..board.settings import BoardSettings
from ..domain.errors import Refusal
from ..loglines import Log
from ..runtime import ActorCrashed, Address, AskTimedOut, MailboxFull, Place
from ..storage.engine import Transaction
from .clock import Clock
from .feed import Feed
from .orders import Read, Write
from .presence import Presence

ASK_WITHIN_S = 30.0
"""A store that does not answer in this time is in trouble that its own supervision deals with; time then tries again."""

LONGEST_SLEEP_S = 3600.0
"""Nothing is lost by looking once an hour, and a clock that was set wrong cannot put time to sleep for ever."""

RETRY_S = 1.0

log = Log(__name__)


@define(eq=False)
class Timers:
    """Wakes when something is due, or when a commit may have changed what is due next."""

    store: Address
    clock: Clock
    feed: Feed
    presence: Presence
    settings: BoardSettings

    async def run(self, place: Place) -> None:
        """Until stopped. What was due while nobody ran is done first."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_time)
            place.ready()
            await place.until_stopped()
            nursery.cancel_scope.cancel()

    async def _keep_time(self) -> None:
        while True:
            seen = self.feed.commits
            try:
                due = await self.store.ask(Read(next_due), ASK_WITHIN_S, urgent=True)
                if due is not None and due <= self.clock.now():
                    await self._sweep()
                    continue
            except (MailboxFull, AskTimedOut, ActorCrashed, Refusal) as trouble:
                log.warning("time could not be kept just now", trouble=str(trouble))
                await trio.sleep(RETRY_S)
                continue
            with trio.move_on_after(LONGEST_SLEEP_S if due is None else min(self.clock.seconds_until(due), LONGEST_SLEEP_S)):
                await self.feed.past(seen)

    async def _sweep(self) -> None:
        command = f"time-{secrets.token_hex(8)}"
        signs = self.presence.signs()

        def unit(transaction: Transaction) -> int:
            return sweep(as_server(transaction, command, self.settings), signs)

        await self.store.ask(Write(unit, command), ASK_WITHIN_S, urgent=True)
