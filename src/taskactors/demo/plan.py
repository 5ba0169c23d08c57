"""The plan: what a demo's team is to do, and what is to happen to it on the way."""

from attrs import frozen

from ..domain.failing import Failure


@frozen
class Member:
    """One agent of the team: its name, its role and what it can do."""

    name: str
    role: str
    capabilities: tuple[str, ...]


@frozen
class Exchange:
    """Something that whoever works on a task needs to hear from another role, and what that role will say."""

    to: str
    question: str
    answer: str


@frozen
class Handover:
    """Whom a task is offered to halfway, and what they are told of it."""

    to: str
    summary: str
    next_steps: str | None


@frozen(kw_only=True)
class PlannedTask:
    """One task as it is created, and what happens to it.

    A crash and a failure each cost one attempt, in this order, and until the crash it is assigned to who is killed;
    questions, and what blocks it, come in the attempt that goes through; `sent_back` is what the first review finds. One
    that has `put_aside` fails until it is put aside, and goes through once a person has decided so. Whoever works on it
    first reserves its `files`.
    """

    code: str
    name: str
    description: str
    role: str | None
    capabilities: tuple[str, ...]
    depends_on: tuple[str, ...]
    priority: float
    minutes: int
    requires_review: bool
    acceptance_criteria: tuple[str, ...]
    archive: bool
    questions: tuple[Exchange, ...]
    blocked: Exchange | None
    fails: Failure | None
    crash: str | None
    sent_back: str | None
    put_aside: str | None
    files: tuple[str, ...]
    handoff: Handover | None

    @property
    def attempts_before_failure(self) -> int:
        """How many attempts end before the one that fails."""
        return 1 if self.crash else 0


@frozen
class Plan:
    """Everything in one plan file. Every task comes after those that it depends on."""

    title: str
    team: tuple[Member, ...]
    tasks: tuple[PlannedTask, ...]

    def find(self, code: str) -> PlannedTask | None:
        """The task of that code; None for one that somebody added to the board beside the plan."""
        return next((task for task in self.tasks if task.code == code), None)

    def member_of(self, role: str) -> Member:
        """The agent that has this role; every role has one."""
        return next(member for member in self.team if member.role == role)

    def able(self, role: str | None, capabilities: tuple[str, ...]) -> tuple[Member, ...]:
        """Everybody who may be offered work for that role (or any) that needs those capabilities."""
        return tuple(each for each in self.team if role in (None, each.role) and set(capabilities) <= set(each.capabilities))

    def can_do(self, task: PlannedTask) -> tuple[Member, ...]:
        """Everybody who may be offered this task."""
        return self.able(task.role, task.capabilities)
