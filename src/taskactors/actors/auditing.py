"""Auditing: while a project works, everything that must be true of it is checked again and again, beside the work."""

import secrets
from collections.abc import Callable

import trio
from attrs import Factory, define

from ..board import audit
from ..board.change import as_server
from ..board.settings import BoardSettings
from ..domain.errors import Refusal
from ..domain.events import EventKind
from ..loglines import Log
from ..runtime import ActorCrashed, ActorGone, Address, AskTimedOut, MailboxFull
from ..storage.apart import Abandoned
from ..storage.engine import Transaction
from ..storage.errors import StorageError
from .feed import Feed
from .orders import Examine, Write

CHECK = f"{audit.__name__}:{audit.findings.__name__}"

EVERY_S = 300.0
"""A broken rule is seen within minutes, and a small project pays a third of a second of another core for it."""

SHARE = 20
"""A large project takes longer to check: the pauses grow with it, so that checking never takes more than a twentieth of the time."""

WITHIN_S = 3600.0
ASK_WITHIN_S = 30.0

SAID = 10
"""Findings that one event holds; the log has the rest."""

log = Log(__name__)


@define(eq=False)
class Auditing:
    """The audits of one project, and what the last one found. They belong to it, so they survive the crash of the desk."""

    store: Address
    feed: Feed
    settings: BoardSettings
    clock: Callable[[], float] = trio.current_time
    findings: tuple[str, ...] = ()
    audits: int = 0
    _said: frozenset[str] = Factory(frozenset)

    async def keep_on(self) -> None:
        """Look whenever something was committed since the last look, for as long as the project lives."""
        wait_s = EVERY_S
        while True:
            seen = self.feed.commits
            await trio.sleep(wait_s)
            await self.feed.past(seen)
            began = self.clock()
            try:
                await self.look()
            except (StorageError, Abandoned, MailboxFull, AskTimedOut, ActorCrashed, ActorGone, Refusal) as trouble:
                log.warning("the project could not be audited just now", trouble=str(trouble))
            wait_s = max(EVERY_S, SHARE * (self.clock() - began))

    async def look(self) -> None:
        """One audit of one moment. What it finds that was not found before is said loudly: in the log of events, too."""
        found: list[str] = await self.store.ask(Examine(CHECK), WITHIN_S)
        self.audits += 1
        self.findings = tuple(found)
        if fresh := [each for each in found if each not in self._said]:
            log.error("the stored data breaks its own rules", findings=fresh)
            await self._say(fresh)
        self._said = frozenset(found)

    async def _say(self, fresh: list[str]) -> None:
        command = f"audit-{secrets.token_hex(8)}"

        def unit(transaction: Transaction) -> None:
            change = as_server(transaction, command, self.settings)
            change.note(EventKind.AUDIT_FAILED, "audit:store", findings=fresh[:SAID], count=len(fresh))

        await self.store.ask(Write(unit, command), ASK_WITHIN_S)
