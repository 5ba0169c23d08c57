"""Requests about files: reserve, release, and ask who has them."""

from collections.abc import Iterable
from typing import Annotated

from attrs import frozen
from msgspec import Meta

from ...domain.patterns import normalised
from ...domain.reserving import Mode
from .fields import AgentNamed, Code, Fence, Id, Reason, Wait
from .request import Mutation, Request

Pattern = Annotated[str, Meta(min_length=1, max_length=200)]
Patterns = Annotated[tuple[Pattern, ...], Meta(max_length=50, description="paths in the repository; *, ? and ** stand for others")]
Ttl = Annotated[int, Meta(ge=1, le=86_400, description="seconds, when bound to no claim; default 900")]


def pattern_problems(patterns: Iterable[str], name: str = "patterns") -> tuple[str, ...]:
    """What is wrong with patterns, each with its place."""
    found: list[str] = []
    for place, pattern in enumerate(patterns):
        try:
            normalised(pattern)
        except ValueError as problem:
            found.append(f"{name}[{place}]: {problem}")
    return tuple(found)


@frozen(kw_only=True)
class ReserveFiles(Mutation):
    """Reserve files before you edit them: all or none. With your claim's code and fence they are yours until it ends."""

    patterns: Patterns
    mode: Annotated[Mode, Meta(description="shared: others may share, nobody may have it exclusively")] = Mode.EXCLUSIVE
    code: Annotated[Code | None, Meta(description="task you hold")] = None
    fence: Annotated[Fence | None, Meta(description="your claim's fence")] = None
    ttl_s: Ttl | None = None
    reason: Annotated[Reason | None, Meta(description="for whoever wants them too")] = None
    wait_s: Wait = 0

    def problems(self) -> tuple[str, ...]:
        """Bound to a claim or for a time, and never to nothing."""
        bound = () if (self.code is None) == (self.fence is None) else ("fence: give code and fence together",)
        empty = () if self.patterns else ("patterns: name at least one file",)
        both = ("ttl_s: leave it out when bound to a claim",) if self.code is not None and self.ttl_s is not None else ()
        return (*empty, *bound, *both, *pattern_problems(self.patterns))


@frozen(kw_only=True)
class ReleaseFiles(Mutation):
    """Give reserved files back, or leave the line for them; without arguments all of yours."""

    reservation_id: Annotated[Id | None, Meta(description="this one")] = None
    patterns: Patterns = ()

    def problems(self) -> tuple[str, ...]:
        return pattern_problems(self.patterns)


@frozen(kw_only=True)
class CheckFiles(Request):
    """Which of these files another agent has reserved."""

    paths: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=4_096)], ...], Meta(max_length=10_000)]
    agent: AgentNamed | None = None
