"""Requests about workflows: say what the steps are, finish one."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from .fields import Artifacts, Capability, Line, Share, Text, WorkflowName
from .finishing import YourFence
from .request import AboutTask, Mutation

STEPS_LIMIT = 32
"""A way of more steps is a plan of several tasks."""

StepId = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^[a-z0-9][a-z0-9._-]*$(?!\n)")]
Conditions = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1_000)], ...], Meta(max_length=16)]


@frozen(kw_only=True)
class DefinedStep:
    """One step of a workflow."""

    id: StepId
    name: Line
    required_capability: Capability | None = None
    exit_conditions: Annotated[Conditions, Meta(description="when the step is over")] = ()
    handoff_template: Annotated[Text | None, Meta(description="what its output should tell the next")] = None


@frozen(kw_only=True)
class DefineWorkflow(Mutation):
    """Name the steps that tasks go through. Defined again, tasks on their way keep the steps they began with."""

    name: WorkflowName
    steps: Annotated[tuple[DefinedStep, ...], Meta(min_length=1, max_length=STEPS_LIMIT, description="in their order")]

    def problems(self) -> tuple[str, ...]:
        """No two steps have one id."""
        ids = [step.id for step in self.steps]
        return tuple(f"steps[{place}].id: {each} is the id of an earlier step" for place, each in enumerate(ids) if each in ids[:place])


@frozen(kw_only=True)
class AdvanceTaskWorkflow(AboutTask):
    """Finish the step your task is at. It goes on to the next, with you if you can do that one; after the last it is handed in."""

    fence: YourFence
    output: Annotated[Text, Meta(description="what the next step needs to know; kept as knowledge")]
    confidence: Annotated[Share | None, Meta(description="0 to 1; low: reviewed first")] = None
    artifacts: Annotated[Artifacts, Meta(description="paths or links, appended")] = ()
