"""Requests about plans: many tasks at once, what they wait for, and how it all hangs together."""

from collections.abc import Sequence
from typing import Annotated, Literal

from attrs import frozen
from msgspec import Meta

from ...domain.codes import code_problem
from .fields import AgentNamed, Capabilities, Code, Criteria, Effort, Labels, Line, Priority, Rev, RoleName, Text
from .request import AboutTask, Mutation, Request
from .tasks import DependsOn, WorkflowNamed

PLAN_LIMIT = 100
"""Tasks in one plan: one change of this size is still answered quickly, and larger plans have parts."""

Ref = Annotated[str, Meta(min_length=1, max_length=40, description="your name for it in this plan")]
Prerequisites = Annotated[tuple[str | DependsOn, ...], Meta(max_length=64, description="refs or codes to wait for")]


@frozen(kw_only=True)
class PlannedTask:
    """One task of a plan; parent and depends_on may name a ref of the same plan."""

    ref: Ref
    code: Annotated[Code, Meta(description="code or prefix")]
    name: Line
    description: Text
    depends_on: Prerequisites = ()
    parent: Annotated[str | None, Meta(description="ref or code it is a part of")] = None
    assignee: AgentNamed | None = None
    role: RoleName | None = None
    required_capabilities: Capabilities = ()
    priority_score: Priority = 5.0
    labels: Labels = ()
    acceptance_criteria: Criteria = ()
    estimated_effort: Effort | None = None
    requires_review: bool = False
    workflow: WorkflowNamed = None


@frozen(kw_only=True)
class PlanTasks(Mutation):
    """Create a tree of tasks at once, or none. With a parent, that task is decomposed: it is Done when its parts are."""

    tasks: Annotated[tuple[PlannedTask, ...], Meta(min_length=1, max_length=PLAN_LIMIT, description="in the order of work")]
    parent: Annotated[Code | None, Meta(description="existing task to decompose")] = None

    def problems(self) -> tuple[str, ...]:
        """Every code has to be one, and every ref means one task."""
        found = ((place, code_problem(task.code)) for place, task in enumerate(self.tasks))
        codes = (f"tasks[{place}].code: {problem}" for place, problem in found if problem)
        return (*codes, *doubled_refs([task.ref for task in self.tasks]))


def doubled_refs(refs: Sequence[object]) -> tuple[str, ...]:
    """A problem for every ref, None aside, that an earlier task has already."""
    taken = ((place, ref) for place, ref in enumerate(refs) if ref is not None and ref in refs[:place])
    return tuple(f"tasks[{place}].ref: {ref!r} is the ref of an earlier task" for place, ref in taken)


@frozen(kw_only=True)
class EditDependencies(AboutTask):
    """Add or remove what a task waits for. A circle is refused and named."""

    add: Annotated[tuple[Code | DependsOn, ...], Meta(max_length=64, description="codes, or {code, kind}")] = ()
    remove: Annotated[tuple[Code, ...], Meta(max_length=64, description="codes")] = ()
    expected_rev: Rev | None = None


@frozen(kw_only=True)
class GetDependencyGraph(Request):
    """What waits for what, the critical path, and what is blocked and why."""

    codes: Annotated[tuple[Code, ...], Meta(max_length=50, description="around these; default all that is open")] = ()
    depth: Annotated[int, Meta(ge=0, le=10, description="steps away from them")] = 3
    format: Annotated[Literal["json", "mermaid"], Meta(description="mermaid: a drawing as text")] = "json"
