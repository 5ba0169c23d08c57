"""History: what nobody needs of it any more is dropped, a little at a time, once a day or when somebody asks."""

import secrets
from collections.abc import Mapping
from typing import Any

import trio
from attrs import define

from ..board.change import as_server
from ..board.requests.admin import DropHistory
from ..board.retention import drop_history, has_history_to_drop
from ..board.settings import BoardSettings
from ..board.view import View
from ..domain.caller import SERVER, Caller, Kind
from ..domain.errors import Refusal
from ..loglines import Log
from ..runtime import ActorCrashed, ActorGone, Address, AskTimedOut, MailboxFull
from ..storage.engine import Snapshot, Transaction
from .clock import Clock
from .orders import Read, Write

EVERY_S = 24 * 3600.0
FIRST_AFTER_S = 300.0
"""A project that is up for short times only, because nobody uses it for long, gets round to it, too."""

ASK_WITHIN_S = 30.0

log = Log(__name__)


@define(eq=False)
class History:
    """What is kept of one project's log; None means all of it."""

    kept: DropHistory | None
    store: Address
    clock: Clock
    settings: BoardSettings

    async def keep_dropping(self) -> None:
        """Once a day, for as long as the project lives. What could not be done waits for the next day."""
        if self.kept is None:
            return
        wait_s = FIRST_AFTER_S
        while True:
            await trio.sleep(wait_s)
            wait_s = EVERY_S
            try:
                await self._drop(self.kept)
            except (ActorCrashed, ActorGone, AskTimedOut, MailboxFull, Refusal) as trouble:
                log.warning("old history could not be dropped just now", trouble=str(trouble))

    async def _drop(self, kept: DropHistory) -> None:
        def is_there(snapshot: Snapshot) -> bool:
            return has_history_to_drop(View(snapshot, self.clock.now(), Caller(name=SERVER, kind=Kind.SERVER), self.settings), kept)

        def unit(transaction: Transaction) -> Mapping[str, Any]:
            return drop_history(as_server(transaction, command, self.settings), kept)

        # Looked at first: a day on which there is nothing to drop costs no commit.
        while await self.store.ask(Read(is_there), ASK_WITHIN_S):
            command = f"history-{secrets.token_hex(8)}"
            done = await self.store.ask(Write(unit, command), ASK_WITHIN_S)
            log.info("old history was dropped", events=done["dropped"], first_seq=done["first_seq"])
