"""Requests about work: find it, claim it, give it back, and keep the time spent on it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from attrs import frozen
from msgspec import Meta

from ...domain.failing import Failure
from .fields import AgentNamed, Capabilities, Code, Delay, Fence, Id, Labels, Lease, PageSize, Reason, RoleName, Share, Text, Wait
from .request import AboutTask, Mutation, Request
from .reservations import Patterns, pattern_problems

Me = Annotated[AgentNamed | None, Meta(description="you, if the connection does not say")]


@frozen(kw_only=True)
class DiscoverWork(Request):
    """Ready tasks that fit you, best first. Nothing is taken: claim_task does that."""

    spellings: ClassVar[Mapping[str, str]] = {"limit": "max_tasks"}
    speaks_as: ClassVar[str | None] = "agent_name"

    agent_name: Me = None
    capabilities: Annotated[Capabilities | None, Meta(description="what you can do; default: as registered")] = None
    max_tasks: PageSize = 10
    explain: Annotated[bool, Meta(description="say why open tasks are offered to you or not")] = False
    wait_s: Wait = 0


@frozen(kw_only=True)
class NextTask(Mutation):
    """Find the best ready task that fits you and claim it, in one step. Returns it with its context, or nothing_ready."""

    role: Annotated[RoleName | None, Meta(description="only work for this role or any")] = None
    capabilities: Annotated[Capabilities | None, Meta(description="only work that these suffice for")] = None
    labels: Annotated[Labels, Meta(description="only work that has all of these")] = ()
    parent: Annotated[Code | None, Meta(description="only parts of this task")] = None
    lease_s: Annotated[Lease | None, Meta(description="seconds you hold it without a sign of life; default 900")] = None
    reserve: Annotated[Patterns, Meta(description="files to reserve with it")] = ()
    max_tokens: Annotated[int, Meta(ge=0, le=20_000, description="size of the context")] = 1_500
    wait_s: Wait = 0

    def problems(self) -> tuple[str, ...]:
        return pattern_problems(self.reserve, "reserve")


@frozen(kw_only=True)
class ClaimTask(AboutTask):
    """Take a ready task; exactly one agent wins. The answer's claim has the fence and when the lease ends; claim again to renew."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id", "task_code": "code"}
    speaks_as: ClassVar[str | None] = "agent_name"

    agent_name: Me = None
    lease_s: Annotated[Lease | None, Meta(description="seconds you hold it without a sign of life; default 900")] = None
    reserve: Annotated[Patterns, Meta(description="files to reserve with it, or there is no claim")] = ()

    def problems(self) -> tuple[str, ...]:
        return (*super().problems(), *pattern_problems(self.reserve, "reserve"))


@frozen(kw_only=True)
class ReleaseTask(AboutTask):
    """Give a claimed task back, with what went wrong if something did: failures count and keep it back for a while."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id", "task_code": "code"}
    speaks_as: ClassVar[str | None] = "agent_name"

    agent_name: Me = None
    fence: Annotated[Fence | None, Meta(description="your claim's fence")] = None
    reason: Annotated[Reason | None, Meta(description="for whoever takes it next")] = None
    failure: Annotated[Failure | None, Meta(description="class of failure; the third puts the task aside")] = None
    not_before_s: Annotated[Delay | None, Meta(description="keep it back this long")] = None


@frozen(kw_only=True)
class StartWorkSession(AboutTask):
    """Start the clock on a task you hold. Asking again returns the open session. It ends with your claim."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id", "task_code": "code"}
    speaks_as: ClassVar[str | None] = "agent_name"

    agent_name: Me = None
    resume: Annotated[bool, Meta(description="go on after a pause")] = False


@frozen(kw_only=True)
class EndWorkSession(Mutation):
    """Stop the clock of your session."""

    session_id: Annotated[Id, Meta(description="from start_work_session")]
    notes: Annotated[Text | None, Meta(description="what was done")] = None
    productivity_score: Annotated[Share | None, Meta(description="0 to 1")] = None
    pause: Annotated[bool, Meta(description="only for now; start_work_session with resume goes on")] = False
