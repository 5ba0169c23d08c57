"""The tables of a plan file: which keys each may have, with their limits, which are those of the server's own tools."""

from typing import Annotated, Literal

from attrs import frozen
from msgspec import Meta

from ..board.requests.fields import Capabilities, Code, Criteria, Effort, Line, Priority, Reason, RoleName, Text
from ..board.requests.request import Request
from ..board.requests.reservations import Patterns, pattern_problems
from ..domain.codes import code_problem, is_prefix

FailureName = Literal["transient", "capability_mismatch", "context_overflow", "logic_error", "environmental", "invalid_requirements"]
"""The classes of failure that an agent can give; a lease that expires has a key of its own, `crash`."""


@frozen(kw_only=True)
class PlanTable(Request):
    """The keys at the top of the file."""

    title: Line


@frozen(kw_only=True)
class MemberTable(Request):
    """What an entry of [team] holds for a role."""

    capabilities: Capabilities


@frozen(kw_only=True)
class TaskTable(Request):
    """The keys of a [[task]] but for its inner tables."""

    code: Code
    name: Line
    description: Text
    role: RoleName | None = None
    capabilities: Capabilities = ()
    depends_on: Annotated[tuple[Code, ...], Meta(max_length=256)] = ()
    priority: Priority = 5.0
    minutes: Effort = 30
    requires_review: bool = False
    acceptance_criteria: Criteria = ()
    archive: bool = False
    fails: FailureName | None = None
    crash: RoleName | None = None
    sent_back: Reason | None = None
    put_aside: Reason | None = None
    files: Patterns = ()

    def problems(self) -> tuple[str, ...]:
        """A plan names its tasks, so a prefix that the server would number is no code here."""
        problem = "needs a number or a hyphen, as in ARCH-01" if is_prefix(self.code) else code_problem(self.code)
        return (*((f"code: {problem}",) if problem else ()), *pattern_problems(self.files, "files"))


@frozen(kw_only=True)
class QuestionTable(Request):
    """The keys of a [[task.questions]]."""

    to: RoleName
    question: Text
    answer: Text


@frozen(kw_only=True)
class BlockedTable(Request):
    """The keys of a [task.blocked]: why, who is asked to help, and what they answer."""

    reason: Reason
    to: RoleName
    answer: Text


@frozen(kw_only=True)
class HandoffTable(Request):
    """The keys of a [task.handoff]: which role takes it over, how far it is, and what is to do next."""

    to: RoleName
    summary: Text
    next_steps: Text | None = None
