"""The kinds of argument that requests are made of: each a type with its limits, so that schema and check are one."""

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from msgspec import Meta

from ...domain.agent import ROLES
from ...domain.codes import AGENT_LENGTHS, AGENT_PATTERN
from ...domain.task import State

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", description="short title")]
"""One line with something in it."""

Text = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=r"\S", description="the text")]
"""Free text with something in it, up to 20 000 characters."""

Reason = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"\S")]
Code = Annotated[str, Meta(min_length=1, max_length=20, description="task code")]
AgentNamed = Annotated[str, Meta(min_length=AGENT_LENGTHS[0], max_length=AGENT_LENGTHS[1], description="an agent")]
NewAgentName = Annotated[str, Meta(min_length=AGENT_LENGTHS[0], max_length=AGENT_LENGTHS[1], pattern=AGENT_PATTERN)]
Id = Annotated[int, Meta(ge=1, le=2**53, description="its id")]
"""JavaScript holds whole numbers exactly up to 2**53, and some clients are JavaScript."""

Capability = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+#/-]*$(?!\n)")]
Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^\S+$(?!\n)", description="one of its labels")]
Capabilities = Annotated[tuple[Capability, ...], Meta(max_length=32, description="what its agent must be able to do")]
Labels = Annotated[tuple[Label, ...], Meta(max_length=32, description="words to find it by")]
Criteria = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=1_000)], ...], Meta(max_length=64, description="when it counts as done")
]
Artifacts = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1_000)], ...], Meta(max_length=64)]
Priority = Annotated[float, Meta(ge=0, le=10, description="10 is most urgent")]
Share = Annotated[float, Meta(ge=0, le=1, description="0 to 1")]
Effort = Annotated[int, Meta(ge=1, le=525_600, description="minutes")]
"""Minutes, up to a year."""

Lease = Annotated[int, Meta(ge=1, le=86_400, description="lease of its claims, seconds")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with time zone")]
MOMENTS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))
"""What can be stored, as a count from 1970, and be said again, in a year of four digits."""


def moment_problems(**moments: datetime | None) -> tuple[str, ...]:
    """What is wrong with moments that are to be stored, by the names of their arguments."""
    first, last = MOMENTS
    wrong = (name for name, moment in moments.items() if moment is not None and not first <= moment <= last)
    return tuple(f"{name}: is not a moment between 1970 and 9999" for name in wrong)


PageSize = Annotated[int, Meta(ge=1, le=100, description="how many at most")]
Cursor = Annotated[str, Meta(min_length=1, max_length=128)]
IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$(?!\n)")]
Rev = Annotated[int, Meta(ge=1, le=2**53, description="refuse if it has changed since this rev")]
Address = Annotated[str, Meta(min_length=1, max_length=60, description="an agent, role:qa, or all")]
"""An agent's name, role:NAME, or all."""

Delay = Annotated[int, Meta(ge=0, le=604_800)]
"""Seconds, up to a week."""

WAIT_LIMIT_S = 3_600
Wait = Annotated[int, Meta(ge=0, le=WAIT_LIMIT_S, description="seconds to wait for something, up to 45")]
"""Seconds. Ordinary clients may ask for 45 at most, which the door checks."""

WorkflowName = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^[a-z0-9][a-z0-9._-]*$(?!\n)", description="as in release")]
ClaimLimit = Annotated[int, Meta(ge=1, le=1_000)]
Fence = Annotated[int, Meta(ge=1, le=2**53)]

RoleLiteral = Literal["architect", "backend", "database", "mcp-integrator", "qa", "docs"]
assert get_args(RoleLiteral) == ROLES, "the two lists may not drift"
RoleName = Annotated[RoleLiteral, Meta(description="role it is for")]

StateName = State
