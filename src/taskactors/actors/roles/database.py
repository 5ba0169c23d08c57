"""The database desk: says how the store is, and keeps its health."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import trio
from attrs import define

from ... import __version__
from ...board.requests.admin import MakeBackup
from ...board.requests.tokens import AddToken, ListTokens, RevokeToken
from ...domain.caller import Kind
from ...domain.errors import NotAllowed
from ...domain.moments import text_of
from ...runtime import ActorCrashed, ActorGone, Address, AskTimedOut, MailboxFull, Place
from ..access import Asked
from ..auditing import Auditing
from ..backups import Backups
from ..calls import Command
from ..faults import internal
from ..history import History
from ..refusals import NoTokens
from ..store_health import StoreHealth
from ..wellbeing import troubles
from .desk import STORE_WITHIN_S, Desk


@define(eq=False, kw_only=True)
class DatabaseDesk(Desk):
    """Healthy means that the last commit went through and the store can be read, not merely that a process runs."""

    health: StoreHealth
    started_at: int
    backups: Backups
    auditing: Auditing
    history: History

    access: Address | None

    own: ClassVar[Mapping[str, str]] = {
        "health_check": "check_health",
        "admin.backup": "back_up",
        "admin.retain": "drop_history",
        "admin.add_token": "ask_for_tokens",
        "admin.list_tokens": "ask_for_tokens",
        "admin.revoke_token": "ask_for_tokens",
    }

    async def run(self, place: Place) -> None:
        """Serve, make backups when it is time, and drop history that nobody needs any more."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.backups.keep_making)
            nursery.start_soon(self.history.keep_dropping)
            await super().run(place)
            nursery.cancel_scope.cancel()

    async def back_up(self, command: Command) -> Mapping[str, Any]:
        """A verified copy of everything, while the project serves."""
        assert isinstance(command.request, MakeBackup)
        answered = await self.ask_store(command)
        return {**answered, **await self.backups.make(Path(command.request.to) if command.request.to else None)}

    async def ask_for_tokens(self, command: Command) -> Mapping[str, Any]:
        """Tokens are made and revoked by people who run the server, and by nobody who acts for somebody else."""
        assert isinstance(command.request, AddToken | ListTokens | RevokeToken)
        if command.caller.kind is not Kind.HUMAN or not command.caller.may_act_for_others:
            raise NotAllowed(what="giving out tokens", who_may="whoever runs the server")
        if self.access is None:
            raise NoTokens()
        try:
            answer: Mapping[str, Any] = await self.access.ask(Asked(command.request, command.caller.actor), STORE_WITHIN_S)
        except (ActorCrashed, ActorGone, AskTimedOut, MailboxFull) as error:
            raise internal(error, "the tokens could not be asked", tool=command.tool) from error
        return answer

    async def drop_history(self, command: Command) -> Mapping[str, Any]:
        """Everything that may go, in many small units of work."""
        answer = await self.ask_store(command)
        dropped = answer["dropped"]
        while answer["more"]:
            answer = await self.ask_store(command)
            dropped += answer["dropped"]
        return {**answer, "dropped": dropped}

    async def check_health(self, command: Command) -> Mapping[str, Any]:
        """The board's counts, with what this desk knows of the store."""
        counts = await self.ask_store(command)
        fault, broken, backup = self.health.fault, self.auditing.findings, self.backups
        last = self.health.last_commit_at
        return {
            "status": "unhealthy" if troubles(self.health, self.auditing, backup) else "healthy",
            "database": fault is None,
            "protocol": True,
            "version": __version__,
            "uptime_s": (self.clock.now() - self.started_at) // 1000,
            "last_commit_at": text_of(last) if last is not None else None,
            "fault": fault,
            **({"damage": self.health.damage} if self.health.damage else {}),
            **({"broken_rules": list(broken)} if broken else {}),
            **({"backup": shown} if (shown := backup.shown()) else {}),
            **counts,
        }
