"""Requests about tokens, for whoever runs the server."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from ...domain.agent import ROLES
from ...domain.codes import agent_name_problem
from ...domain.token import Scope
from .request import Request

LONGEST_S = 10 * 366 * 24 * 3600
"""Ten years; a token that lasts for ever is one without an end."""

PROJECTS_LIMIT = 64

Lifetime = Annotated[int, Meta(ge=1, le=LONGEST_S)]
ProjectName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")]


@frozen(kw_only=True)
class AddToken(Request):
    """Make a token. It is in the answer, and nowhere else: only its digest is kept."""

    name: Annotated[str, Meta(max_length=50, description="the agent, or with person=true the person, whom it names")]
    scope: Annotated[Scope, Meta(description="what it allows: to look, to work, or to run the team")] = Scope.WRITE
    projects: Annotated[tuple[ProjectName, ...], Meta(max_length=PROJECTS_LIMIT, description="which it may enter; none named is all")] = ()
    role: Annotated[str | None, Meta(description="what the agent is in a project that it is new to")] = None
    person: bool = False
    expires_s: Annotated[Lifetime | None, Meta(description="for how long it is good; for ever if not given")] = None

    def problems(self) -> tuple[str, ...]:
        """It names somebody who can be, in a role that is."""
        problems = []
        if problem := agent_name_problem(self.name):
            problems.append(f"name: {problem}")
        if self.role is not None and self.role not in ROLES:
            problems.append(f"role: one of {', '.join(ROLES)}")
        if self.role is not None and self.person:
            problems.append("role: people have none")
        return tuple(problems)


@frozen(kw_only=True)
class ListTokens(Request):
    """Every token, without what would let anybody in."""


@frozen(kw_only=True)
class RevokeToken(Request):
    """Make a token worthless now, and close every connection that was opened with it."""

    id: Annotated[str, Meta(max_length=60, description="its id; or its holder's name, for every token of theirs")]
