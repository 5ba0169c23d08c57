"""Every way the board says no: a stable code for programs, facts for people, a hint for whoever must act next."""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import asdict, field, frozen

from .moments import text_of
from .task import Instant, State

CIRCLE_SHOWN = 20
"""Tasks of a circle that a refusal names."""

MOMENTS = frozenset({"until", "not_before", "ended_at"})
"""Facts that are moments; outside they are text, as everywhere."""


class Refusal(Exception):
    """A request that was understood and refused; it changed nothing."""

    code: ClassVar[str] = "refused"
    hint: ClassVar[str] = ""

    def cause(self) -> str:
        """One sentence that says why, with the facts in it."""
        raise NotImplementedError

    def remedy(self) -> str:
        """One sentence for whoever must act next."""
        return self.hint

    def facts(self) -> Mapping[str, Any]:
        """The facts behind the cause, for programs."""
        given = asdict(self, recurse=False)  # type: ignore[arg-type]
        return {name: text_of(value) if name in MOMENTS else value for name, value in given.items() if value is not None}

    def __str__(self) -> str:
        return self.cause()


@frozen(str=False)
class NotFound(Refusal):
    """Nothing goes by that name."""

    code = "not_found"
    kind: str
    named: str
    nearest: tuple[str, ...] = ()

    def cause(self) -> str:
        return f"there is no {self.kind} {self.named!r}"

    def remedy(self) -> str:
        if self.nearest:
            return f"did you mean {', '.join(self.nearest)}?"
        return "check the name; list_tasks shows the tasks there are" if self.kind == "task" else "use one that an answer gave you"


@frozen(str=False)
class NoName(Refusal):
    """Nobody could ever have that name."""

    code = "invalid_name"
    hint = "use the name of an agent; get_workspace_manifest shows the team"
    name: str
    problem: str

    def cause(self) -> str:
        return f"{self.name!r} names no agent: {self.problem}"


@frozen(str=False)
class InvalidArguments(Refusal):
    """The arguments break the tool's schema; every violation is named, each with its path."""

    code = "invalid_arguments"
    hint = "correct every argument named here and call again"
    tool: str
    problems: tuple[str, ...]

    def cause(self) -> str:
        return f"{self.tool} refused its arguments: " + "; ".join(self.problems)


@frozen(str=False)
class DuplicateCode(Refusal):
    code = "duplicate_code"
    hint = "choose another code, or give a prefix such as SEC and the next number is taken"
    task: str

    def cause(self) -> str:
        return f"task {self.task} exists already"


@frozen(str=False)
class AlreadyRegistered(Refusal):
    code = "already_registered"
    hint = "choose another name; only the agent itself may register again, to change its own entry"
    agent: str
    role: str

    def cause(self) -> str:
        return f"agent {self.agent} is registered already, with role {self.role}"


@frozen(str=False)
class InvalidTransition(Refusal):
    code = "invalid_transition"
    task: str
    state: State
    to: State
    allowed: tuple[State, ...]

    def cause(self) -> str:
        return f"{self.task} is {self.state} and cannot go to {self.to}"

    def remedy(self) -> str:
        if not self.allowed:
            return f"{self.state} is final; create a new task instead"
        return f"from {self.state} it may go to {', '.join(self.allowed)}"


@frozen(str=False)
class TaskClosed(Refusal):
    """The task is over, so it stays as it is."""

    code = "task_closed"
    task: str
    state: State

    def cause(self) -> str:
        return f"{self.task} is {self.state} and stays as it is"

    def remedy(self) -> str:
        if self.state is State.ARCHIVED:
            return "create a new task instead"
        return "reopen it first: set_task_state to Created, with a reason"


@frozen(str=False)
class NotClaimable(Refusal):
    code = "not_claimable"
    hint = "call discover_work and claim one that it offers"
    task: str
    state: State
    holder: str | None = None
    until: Instant | None = None

    def cause(self) -> str:
        return f"{self.task} is {self.state}" + (f" and held by {self.holder}" if self.holder else "") + ", so it cannot be claimed"


@frozen(str=False)
class AssignedToAnother(Refusal):
    code = "assigned_to_another"
    hint = "call discover_work for work that is open to you, or have a person assign this task to you"
    task: str
    owner: str

    def cause(self) -> str:
        return f"{self.task} is assigned to {self.owner}"


@frozen(str=False)
class NotYet(Refusal):
    code = "not_yet"
    hint = "call discover_work for what is ready now"
    task: str
    not_before: Instant

    def cause(self) -> str:
        return f"{self.task} is not to be started yet"


@frozen(str=False)
class LacksCapabilities(Refusal):
    code = "lacks_capabilities"
    hint = "claim a task that discover_work offers you, or register_agent again with the capabilities you really have"
    task: str
    agent: str
    lacking: tuple[str, ...]

    def cause(self) -> str:
        return f"{self.task} needs {', '.join(self.lacking)}, which {self.agent} has not registered"


@frozen(str=False)
class TooManyTasks(Refusal):
    code = "too_many_tasks"
    hint = "finish or release one of them first"
    agent: str
    limit: int
    held: tuple[str, ...]

    def cause(self) -> str:
        return f"{self.agent} may hold {self.limit} tasks at once and holds {', '.join(self.held)}"


@frozen(str=False)
class NotHolder(Refusal):
    code = "not_holder"
    hint = "ask the holder with send_message, or a person to step in"
    task: str
    caller: str
    holder: str | None = None

    def cause(self) -> str:
        held = f"held by {self.holder}" if self.holder else "held by nobody"
        return f"{self.task} is {held}, so {self.caller} may not do that"


@frozen(str=False)
class StaleClaim(Refusal):
    code = "stale_claim"
    hint = "stop working on it: your claim ended; call discover_work for other work"
    task: str
    fence: int
    current_fence: int
    state: State
    holder: str | None = None

    def cause(self) -> str:
        now = f"held by {self.holder} with fence {self.current_fence}" if self.holder else f"{self.state} and held by nobody"
        return f"fence {self.fence} on {self.task} is out of date: the task is now {now}"


@frozen(str=False)
class NotAllowed(Refusal):
    """The caller is not one of those who may do this."""

    code = "not_allowed"
    what: str
    who_may: str

    def cause(self) -> str:
        return f"{self.what} is not yours to do"

    def remedy(self) -> str:
        return f"it is for {self.who_may}"


@frozen(str=False)
class ReviewRequired(Refusal):
    code = "review_required"
    hint = "set it to Review; someone other than the implementer then sets it to Done"
    task: str

    def cause(self) -> str:
        return f"{self.task} must be reviewed before it is Done"


@frozen(str=False)
class StepsRemain(Refusal):
    """A task goes through all the steps of its workflow before it is Done."""

    code = "steps_remain"
    hint = "finish the step with advance_task_workflow"
    task: str
    workflow: str
    step: str
    left: int

    def cause(self) -> str:
        return f"{self.task} is at step {self.step} of its workflow {self.workflow}, and {self.left} more come after it"


@frozen(str=False)
class NoWorkflow(Refusal):
    code = "no_workflow"
    hint = "hand it in with complete_task"
    task: str

    def cause(self) -> str:
        return f"{self.task} follows no workflow"


@frozen(str=False)
class OwnReview(Refusal):
    code = "own_review"
    hint = "ask another agent to review it, for example send_message to role:qa"
    task: str
    implementer: str

    def cause(self) -> str:
        return f"{self.task} was implemented by {self.implementer}, who may not approve it"


@frozen(str=False)
class ReasonRequired(Refusal):
    code = "reason_required"
    hint = "call again with a reason"
    task: str
    state: State
    to: State

    def cause(self) -> str:
        return f"{self.task} goes from {self.state} to {self.to} only with a reason"


@frozen(str=False)
class DependenciesUnmet(Refusal):
    code = "dependencies_unmet"
    hint = "finish those first; it becomes ready by itself when the last is Done"
    task: str
    unmet: tuple[str, ...]

    def cause(self) -> str:
        return f"{self.task} still waits for {', '.join(self.unmet)}"


@frozen(str=False)
class Conflict(Refusal):
    """Somebody changed it first."""

    code = "conflict"
    hint = "look at the current value, decide again, and call with its rev"
    subject: str
    expected_rev: int
    rev: int
    current: Mapping[str, Any] = field(factory=dict)

    def cause(self) -> str:
        return f"{self.subject} is at rev {self.rev}, not {self.expected_rev}"


@frozen(str=False)
class KeyReused(Refusal):
    code = "idempotency_key_reused"
    hint = "use a new idempotency_key for a different request"
    key: str
    tool: str

    def cause(self) -> str:
        return f"idempotency_key {self.key!r} was already used for another {self.tool} call with other arguments"


@frozen(str=False)
class LimitReached(Refusal):
    code = "limit_reached"
    what: str
    limit: int
    instead: str

    def cause(self) -> str:
        return f"{self.what} is limited to {self.limit}"

    def remedy(self) -> str:
        return self.instead


@frozen(str=False)
class SessionClosed(Refusal):
    code = "session_closed"
    hint = "start a new one with start_work_session"
    session_id: int
    ended_at: Instant

    def cause(self) -> str:
        return f"work session {self.session_id} has ended already"


@frozen(str=False)
class HandoffClosed(Refusal):
    """The offer was decided already, or is not made yet."""

    code = "handoff_closed"
    handoff_id: int
    task: str
    state: str
    by: str | None = None

    def cause(self) -> str:
        return f"handoff {self.handoff_id} of {self.task} is {self.state}" + (f", by {self.by}" if self.by else "")

    def remedy(self) -> str:
        return f"look at {self.task}: it may be held by another by now"


@frozen(str=False)
class NotAddressed(Refusal):
    """The offer was made to somebody else."""

    code = "not_addressed"
    handoff_id: int
    task: str
    to: str
    agent: str

    def cause(self) -> str:
        return f"handoff {self.handoff_id} of {self.task} was offered to {self.to}, not to {self.agent}"

    def remedy(self) -> str:
        return f"leave it to {self.to}; next_task finds you other work"


@frozen(str=False)
class Paused(Refusal):
    """Whoever steers the team wants no new work taken for now."""

    code = "paused"
    hint = "finish or release what you hold, read your inbox, and ask again later; get_changes with wait_s tells you when it ends"
    target: str
    by: str
    reason: str | None = None

    def cause(self) -> str:
        return f"{self.by} has paused {self.target}" + (f": {self.reason}" if self.reason else "")


@frozen(str=False)
class DependencyCycle(Refusal):
    """Tasks would wait for each other in a circle, and none of them could ever start."""

    code = "dependency_cycle"
    hint = "leave out one of these dependencies"
    cycle: tuple[str, ...]

    def cause(self) -> str:
        shown = self._shown()
        left = len(self.cycle) - len(shown)
        line = [*shown, *self.cycle[:1]]
        if left:
            line.insert(CIRCLE_SHOWN // 2, f"… {left} more …")
        return f"that would be a circle of tasks that wait for each other: {' → '.join(line)}"

    def facts(self) -> Mapping[str, Any]:
        return {"cycle": self._shown(), **({"length": len(self.cycle)} if len(self.cycle) > CIRCLE_SHOWN else {})}

    def _shown(self) -> tuple[str, ...]:
        """Both ends of a long circle: what is between them tells nobody which dependency to leave out, and an agent pays for each word."""
        half = CIRCLE_SHOWN // 2
        return self.cycle if len(self.cycle) <= CIRCLE_SHOWN else (*self.cycle[:half], *self.cycle[-half:])


@frozen(str=False)
class WouldDeadlock(Refusal):
    """Waiting for these files would never end."""

    code = "would_deadlock"
    hint = "release what you have reserved and reserve everything that you need in one call"
    agents: tuple[str, ...]

    def cause(self) -> str:
        return f"these would wait for each other's files for ever: {' → '.join((*self.agents, *self.agents[:1]))}"


@frozen(str=False)
class FilesReserved(Refusal):
    """Somebody else has reserved these files."""

    code = "files_reserved"
    hint = "take other work, or call reserve_files with wait_s"
    patterns: tuple[str, ...]
    by: tuple[str, ...]

    def cause(self) -> str:
        return f"{', '.join(self.patterns)}: reserved by {', '.join(self.by)}"


@frozen(str=False)
class CursorExpired(Refusal):
    """The events after that cursor are not all there any more. `dropped` counts all that ever went, by kind."""

    code = "cursor_expired"
    first_seq: int
    missed: int
    dropped: Mapping[str, int]
    next_cursor: str

    def cause(self) -> str:
        return f"{self.missed} events after that cursor are past the history that is kept; it begins at event {self.first_seq}"

    def remedy(self) -> str:
        return f"go on from {self.next_cursor}; list_tasks and get_project_overview show how things stand"
