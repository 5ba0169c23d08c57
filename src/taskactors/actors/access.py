"""Access: knows every token of the server, makes and revokes them, and says whose a secret is."""

import errno
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import trio
from attrs import Factory, define, evolve, frozen

from ..board.requests.tokens import AddToken, ListTokens, RevokeToken
from ..domain.caller import LOCAL_PERSON, Kind
from ..domain.errors import NotFound, Refusal
from ..domain.moments import text_of
from ..domain.task import Instant
from ..domain.token import LOCAL_ID, SECRET_BYTES, Token, digest_of, local_token, secret_of
from ..loglines import Log
from ..runtime import Letter, Place, one_at_a_time
from ..storage.token_file import read_local, read_tokens, write_local, write_tokens
from .refusals import StoreFullRefusal, TooManyTokens
from .threads import OffLoop, own_threads

TOKENS_LIMIT = 10_000
"""A team has a hundred; each costs a few hundred bytes of memory and of every rewrite of the file."""

ID_BYTES = 4

USE_KEPT_EVERY_S = 600.0
"""When a token was last used is for people who tidy up; ten minutes are exact enough, and no call waits for it."""

Revoked = Callable[[str], None]
"""Is told the id of a token that is worth nothing any more."""

Answer = Mapping[str, Any]

log = Log(__name__)


@frozen
class Asked:
    """What somebody asks of the tokens, and who."""

    request: AddToken | ListTokens | RevokeToken
    by: str


def now_ms() -> Instant:
    """The time of day: a token's end is a date."""
    return int(time.time() * 1000)


@define(eq=False)
class Access:
    """The tokens of one server. Who holds one is asked of memory; every change is on the disk before it is answered."""

    folder: Path
    clock: Callable[[], Instant] = now_ms
    off_loop: OffLoop = Factory(own_threads)
    _tokens: dict[str, Token] = Factory(dict)
    """By digest."""
    _watchers: list[Revoked] = Factory(list)
    _unwritten: bool = False
    _writing: trio.Lock = Factory(trio.Lock)
    _changed: trio.Event = Factory(trio.Event)

    async def run(self, place: Place) -> None:
        """Read what there is, then serve until stopped. A file that is damaged or open to others lets nobody in: the start fails."""
        await self.off_loop(self.load)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_uses)
            nursery.start_soon(self._end_in_time)
            await one_at_a_time(place, self._serve)
            nursery.cancel_scope.cancel()
        if self._unwritten:
            await self._write()

    def load(self) -> None:
        """Read the files; the first time, make the token of the person at this machine. Raises StorageError, OSError."""
        tokens = {token.digest: token for token in read_tokens(self.folder)}
        secret = read_local(self.folder)
        if secret is None:
            secret = secret_of(LOCAL_PERSON, secrets.token_bytes(SECRET_BYTES))
            write_local(self.folder, secret)
        local = local_token(secret, self.clock())
        self._tokens = {**tokens, local.digest: local}

    def holder(self, secret: str) -> Token | None:
        """Whose token this is; None when it is nobody's, or its time has run out. A sign that it is in use."""
        # By its digest: how long the look-up takes tells nothing about any token.
        token = self._tokens.get(digest_of(secret))
        if token is None or token.is_over(now := self.clock()):
            return None
        if token.last_used_at is None or now - token.last_used_at > USE_KEPT_EVERY_S * 1000:
            self._tokens[token.digest] = token = evolve(token, last_used_at=now)
            self._unwritten = True
        return token

    def watch(self, revoked: Revoked) -> Callable[[], None]:
        """Be told of every token that is revoked or runs out, until what is returned is called."""
        self._watchers.append(revoked)
        return lambda: self._watchers.remove(revoked)

    async def _serve(self, letter: Letter[Asked]) -> None:
        try:
            letter.answer(await self.answer(letter.message))
        except Refusal as no:
            letter.refuse(no)

    async def answer(self, asked: Asked) -> Answer:
        """What somebody asked, done. Raises Refusal; OSError when it could not be written, and then nothing has changed."""
        match asked.request:
            case AddToken():
                return await self._add(asked.request, asked.by)
            case RevokeToken():
                return await self._revoke(asked.request, asked.by)
            case ListTokens():
                return {"items": [shown(token) for token in sorted(self._tokens.values(), key=lambda token: (token.created_at, token.id))]}

    async def _add(self, wanted: AddToken, by: str) -> Answer:
        if len(self._tokens) >= TOKENS_LIMIT:
            raise TooManyTokens(limit=TOKENS_LIMIT)
        secret, now = secret_of(wanted.name, secrets.token_bytes(SECRET_BYTES)), self.clock()
        token = Token(
            id=secrets.token_hex(ID_BYTES),
            name=wanted.name,
            digest=digest_of(secret),
            created_at=now,
            kind=Kind.HUMAN if wanted.person else Kind.AGENT,
            scope=wanted.scope,
            projects=tuple(sorted(set(wanted.projects))) or None,
            role=wanted.role,
            expires_at=now + wanted.expires_s * 1000 if wanted.expires_s is not None else None,
        )
        await self._replace({**self._tokens, token.digest: token})
        log.info("a token was made", token=token.id, name=token.name, scope=token.scope, by=by)
        return {**shown(token), "token": secret}

    async def _revoke(self, wanted: RevokeToken, by: str) -> Answer:
        found = [token for token in self._tokens.values() if wanted.id == token.id or (wanted.id == token.name and token.id != LOCAL_ID)]
        if not found:
            raise NotFound(kind="token", named=wanted.id)
        left = {digest: token for digest, token in self._tokens.items() if token not in found}
        if any(token.id == LOCAL_ID for token in found):
            # There is always one: whoever can read the file is who runs the server.
            secret = secret_of(LOCAL_PERSON, secrets.token_bytes(SECRET_BYTES))
            await self.off_loop(write_local, self.folder, secret)
            local = local_token(secret, self.clock())
            left[local.digest] = local
        await self._replace(left)
        for token in found:
            log.info("a token was revoked", token=token.id, name=token.name, by=by)
            self._tell(token.id)
        return {"items": [shown(token) for token in found]}

    async def _replace(self, tokens: dict[str, Token]) -> None:
        async with self._writing:
            try:
                await self.off_loop(write_tokens, self.folder, _kept(tokens))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise StoreFullRefusal() from error
                raise
            # What came into use while it was written is newer.
            self._tokens = {digest: self._tokens.get(digest, token) for digest, token in tokens.items()}
        self._changed.set()

    async def _write(self) -> None:
        async with self._writing:
            self._unwritten = False
            try:
                await self.off_loop(write_tokens, self.folder, _kept(self._tokens))
            except OSError as error:
                log.warning("when tokens were last used could not be written down", error=error.strerror)

    async def _keep_uses(self) -> None:
        while True:
            await trio.sleep(USE_KEPT_EVERY_S)
            if self._unwritten:
                await self._write()

    async def _end_in_time(self) -> None:
        """Whoever came in with a token whose time runs out has to go, too."""
        over: set[str] = set()
        while True:
            self._changed = trio.Event()
            now = self.clock()
            for token in self._tokens.values():
                if token.is_over(now) and token.id not in over:
                    over.add(token.id)
                    self._tell(token.id)
            ends = [token.expires_at for token in self._tokens.values() if token.expires_at is not None and token.expires_at > now]
            # A date can come early or late against this clock; an hour is how late it may be noticed.
            with trio.move_on_after(min((min(ends) - now) / 1000 + 0.001, 3600.0) if ends else float("inf")):
                await self._changed.wait()

    def _tell(self, token_id: str) -> None:
        for watcher in tuple(self._watchers):
            watcher(token_id)


def shown(token: Token) -> Answer:
    """A token for people: nothing that would let anybody in."""
    at = {"expires_at": token.expires_at, "last_used_at": token.last_used_at}
    return {
        "id": token.id,
        "name": token.name,
        "kind": str(token.kind),
        "scope": str(token.scope),
        **({"projects": list(token.projects)} if token.projects is not None else {}),
        **({"role": token.role} if token.role else {}),
        "created_at": text_of(token.created_at),
        **{name: text_of(moment) for name, moment in at.items() if moment is not None},
    }


def _kept(tokens: Mapping[str, Token]) -> tuple[Token, ...]:
    return tuple(token for token in tokens.values() if token.id != LOCAL_ID)
