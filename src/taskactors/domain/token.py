"""The token: a secret that names one agent or one person, what they may do and where. Only its digest is kept."""

import hashlib
import re
from base64 import urlsafe_b64encode
from enum import StrEnum

from attrs import frozen

from .caller import LOCAL_PERSON, Kind
from .task import Instant

SECRET_BYTES = 32
"""256 bits: nobody guesses one, so that a plain digest of it is as safe as a slow one."""

SECRET = re.compile(r"ta_[a-z0-9-]{1,50}_[A-Za-z0-9_-]{43}")

LOCAL_ID = "local"
"""The token of the person at this machine."""


class Scope(StrEnum):
    """What a token allows; each allows what those before it do."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@frozen(kw_only=True)
class Token:
    """One token. `projects` are those it may enter, None for every one; an agent that is new to a project gets `role` there."""

    id: str
    name: str
    digest: str
    created_at: Instant
    kind: Kind = Kind.AGENT
    scope: Scope = Scope.WRITE
    projects: tuple[str, ...] | None = None
    role: str | None = None
    expires_at: Instant | None = None
    last_used_at: Instant | None = None

    def is_over(self, now: Instant) -> bool:
        """Whether its time has run out."""
        return self.expires_at is not None and self.expires_at <= now

    def may_enter(self, project: str) -> bool:
        return self.projects is None or project in self.projects

    @property
    def may_act_for_others(self) -> bool:
        """Whoever runs the server may; everybody else is who they are."""
        return self.kind is Kind.HUMAN and self.scope is Scope.ADMIN


def secret_of(name: str, random: bytes) -> str:
    """A token as its holder keeps it, made of SECRET_BYTES of chance."""
    return f"ta_{name}_{urlsafe_b64encode(random).rstrip(b'=').decode()}"


def digest_of(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def local_token(secret: str, now: Instant) -> Token:
    """The token of the person at this machine, who may do everything."""
    return Token(id=LOCAL_ID, name=LOCAL_PERSON, digest=digest_of(secret), created_at=now, kind=Kind.HUMAN, scope=Scope.ADMIN)
