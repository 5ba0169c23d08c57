"""The kinds of argument that requests are made of: each a type with its limits, so that schema and check are one."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from ...domain.agent import ROLES
from ...domain.codes import AGENT_LENGTHS, AGENT_PATTERN
from ...domain.task import State

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
"""One line with something in it."""

Text = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=r"\S")]
"""Free text with something in it, up to 20 000 characters."""

Reason = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"\S")]
Code = Annotated[str, Meta(min_length=1, max_length=20)]
AgentNamed = Annotated[str, Meta(min_length=AGENT_LENGTHS[0], max_length=AGENT_LENGTHS[1])]
NewAgentName = Annotated[str, Meta(min_length=AGENT_LENGTHS[0], max_length=AGENT_LENGTHS[1], pattern=AGENT_PATTERN)]
Id = Annotated[int, Meta(ge=1, le=2**53)]
"""JavaScript holds whole numbers exactly up to 2**53, and some clients are JavaScript."""

Capability = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+#/-]*$")]
Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^\S+$")]
Capabilities = Annotated[tuple[Capability, ...], Meta(max_length=32)]
Labels = Annotated[tuple[Label, ...], Meta(max_length=32)]
Criteria = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1_000)], ...], Meta(max_length=64)]
Artifacts = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1_000)], ...], Meta(max_length=64)]
Priority = Annotated[float, Meta(ge=0, le=10)]
Share = Annotated[float, Meta(ge=0, le=1)]
Effort = Annotated[int, Meta(ge=1, le=525_600)]
"""Minutes, up to a year."""

Lease = Annotated[int, Meta(ge=1, le=86_400)]
Moment = Annotated[datetime, Meta(tz=True)]
PageSize = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[str, Meta(min_length=1, max_length=128)]
IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Rev = Annotated[int, Meta(ge=1, le=2**53)]
Address = Annotated[str, Meta(min_length=1, max_length=60)]
"""An agent's name, role:NAME, or all."""

Delay = Annotated[int, Meta(ge=0, le=604_800)]
"""Seconds, up to a week."""

ClaimLimit = Annotated[int, Meta(ge=1, le=1_000)]
Fence = Annotated[int, Meta(ge=1, le=2**53)]

RoleName = Literal["architect", "backend", "database", "mcp-integrator", "qa", "docs"]
assert RoleName.__args__ == ROLES  # type: ignore[attr-defined]  # the two lists may not drift

StateName = State
