"""Requests about tasks as such: create, change, assign, move, read, list, archive."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from attrs import frozen
from msgspec import Meta

from ...domain.codes import code_problem
from ...domain.task import DEPENDENCIES_LIMIT, DependencyKind
from .fields import (
    AgentNamed,
    Artifacts,
    Capabilities,
    Code,
    Criteria,
    Cursor,
    Effort,
    Fence,
    Id,
    Label,
    Labels,
    Lease,
    Line,
    Moment,
    PageSize,
    Priority,
    Reason,
    Rev,
    RoleName,
    Share,
    StateName,
    Text,
    WorkflowName,
    moment_problems,
)
from .request import AboutTask, Mutation, Request


@frozen
class DependsOn:
    """Another task, and what it means to this one."""

    code: Code
    kind: Annotated[DependencyKind, Meta(description="waits-for-…: for its parts")] = DependencyKind.BLOCKS


Dependencies = Annotated[
    tuple[Code | DependsOn, ...], Meta(max_length=DEPENDENCIES_LIMIT, description="codes of tasks to wait for, or {code, kind}")
]
Owner = Annotated[AgentNamed | None, Meta(description="agent that alone may claim it")]


WorkflowNamed = Annotated[WorkflowName | Id | None, Meta(description="name or id of the steps it goes through")]


@frozen(kw_only=True)
class CreateTask(Mutation):
    """Add a task. It is Created, or waits while tasks it depends on are not Done. Returns the task with its code."""

    spellings: ClassVar[Mapping[str, str]] = {"owner": "owner_agent_name", "workflow_definition_id": "workflow"}

    code: Annotated[Code, Meta(description="a whole code (ARCH-01), or letters alone (SEC) for the next number (SEC-001)")]
    name: Annotated[Line, Meta(description="short title")]
    description: Annotated[Text, Meta(description="what to do")]
    owner_agent_name: Owner = None
    role: Annotated[RoleName | None, Meta(description="role it is for")] = None
    required_capabilities: Annotated[Capabilities, Meta(description="what its agent must be able to do")] = ()
    priority_score: Annotated[Priority, Meta(description="10 is most urgent")] = 5.0
    labels: Labels = ()
    parent_code: Annotated[Code | None, Meta(description="task this is a part of")] = None
    parent_task_id: Annotated[Id | None, Meta(description="parent by id")] = None
    depends_on: Dependencies = ()
    acceptance_criteria: Annotated[Criteria, Meta(description="when it counts as done")] = ()
    estimated_effort: Annotated[Effort | None, Meta(description="minutes")] = None
    due_at: Annotated[Moment | None, Meta(description="RFC 3339")] = None
    not_before: Annotated[Moment | None, Meta(description="RFC 3339; kept back until then")] = None
    confidence_threshold: Annotated[Share, Meta(description="below it, a hand-over needs a review")] = 0.8
    requires_review: Annotated[bool, Meta(description="someone other than the implementer approves it")] = False
    lease_s: Annotated[Lease | None, Meta(description="lease of its claims, seconds")] = None
    workflow: WorkflowNamed = None

    def problems(self) -> tuple[str, ...]:
        problem = code_problem(self.code)
        return (*((f"code: {problem}",) if problem else ()), *moment_problems(due_at=self.due_at, not_before=self.not_before))


Emptied = Literal[
    "role", "parent_code", "due_at", "not_before", "estimated_effort", "lease_s", "labels", "required_capabilities", "acceptance_criteria"
]


@frozen(kw_only=True)
class UpdateTask(AboutTask):
    """Change what a task says. Only what is given changes; notes, labels and artifacts can be added without conflict."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id", "owner": "owner_agent_name"}

    name: Line | None = None
    description: Text | None = None
    owner_agent_name: Owner = None
    role: RoleName | None = None
    required_capabilities: Capabilities | None = None
    priority_score: Priority | None = None
    labels: Annotated[Labels | None, Meta(description="replaces all labels")] = None
    add_labels: Labels = ()
    remove_labels: Labels = ()
    add_note: Annotated[Text | None, Meta(description="appended, with your name")] = None
    add_artifacts: Annotated[Artifacts, Meta(description="paths or links, appended")] = ()
    parent_code: Code | None = None
    parent_task_id: Id | None = None
    acceptance_criteria: Criteria | None = None
    estimated_effort: Effort | None = None
    due_at: Moment | None = None
    not_before: Moment | None = None
    confidence_threshold: Share | None = None
    requires_review: Annotated[bool | None, Meta(description="someone other than the implementer approves it")] = None
    lease_s: Lease | None = None
    clear: Annotated[tuple[Emptied, ...], Meta(max_length=9, description="fields to empty")] = ()
    expected_rev: Annotated[Rev | None, Meta(description="refuse if the task has changed since")] = None

    def problems(self) -> tuple[str, ...]:
        return (*super().problems(), *moment_problems(due_at=self.due_at, not_before=self.not_before))


@frozen(kw_only=True)
class AssignTask(AboutTask):
    """Give a task to one agent. An open task then waits for that agent alone; a held one moves to it with a new fence."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id", "new_owner": "new_owner_agent_name"}

    new_owner_agent_name: Annotated[AgentNamed, Meta(description="the agent")]
    expected_rev: Rev | None = None


@frozen(kw_only=True)
class SetTaskState(AboutTask):
    """Move a task to another state by the rules. InProgress claims it for you; the refusal lists the states it may go to."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id"}

    state: Annotated[StateName, Meta(description="where it should go")]
    reason: Annotated[Reason | None, Meta(description="why; needed to reopen, kick, and useful for Blocked")] = None
    fence: Annotated[Fence | None, Meta(description="your claim's fence")] = None
    expected_rev: Rev | None = None
    confirm: Annotated[bool, Meta(description="for Archived: as in archive_task")] = False


@frozen(kw_only=True)
class ArchiveTask(AboutTask):
    """Put a Done or Cancelled task away for good."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id"}

    expected_rev: Rev | None = None
    confirm: Annotated[bool, Meta(description="true if you mean it; else the person at your client is asked, if it can ask")] = False


Detail = Annotated[Literal["brief", "full"], Meta(description="brief shortens long texts")]


@frozen(kw_only=True)
class GetTaskById(Request):
    """One task, whole, by its id."""

    spellings: ClassVar[Mapping[str, str]] = {"task_id": "id"}

    id: Annotated[Id, Meta(description="task id")]
    detail: Detail = "full"


@frozen(kw_only=True)
class GetTaskByCode(Request):
    """One task, whole, by its code."""

    spellings: ClassVar[Mapping[str, str]] = {"task_code": "code"}

    code: Annotated[Code, Meta(description="task code")]
    detail: Detail = "full"


@frozen(kw_only=True)
class ListTasks(Request):
    """Tasks, newest first, a page at a time; long texts are shortened unless detail is full."""

    spellings: ClassVar[Mapping[str, str]] = {"owner_agent_name": "owner"}

    owner: Annotated[AgentNamed | None, Meta(description="only this agent's")] = None
    state: Annotated[StateName | None, Meta(description="only in this state")] = None
    role: RoleName | None = None
    label: Label | None = None
    parent_code: Code | None = None
    created_after: Annotated[Moment | None, Meta(description="RFC 3339")] = None
    created_before: Moment | None = None
    completed_after: Moment | None = None
    completed_before: Moment | None = None
    limit: Annotated[PageSize, Meta(description="page size")] = 20
    offset: Annotated[int, Meta(ge=0, le=10_000, description="skip; a cursor is better")] = 0
    cursor: Annotated[Cursor | None, Meta(description="next_cursor of the page before")] = None
    detail: Detail = "brief"

    def problems(self) -> tuple[str, ...]:
        """A cursor knows where it goes on; skipping from there on every page is never what is meant."""
        return ("offset: leave it out when there is a cursor",) if self.offset and self.cursor else ()
