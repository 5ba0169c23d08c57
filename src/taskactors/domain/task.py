"""The task: the unit of work, with everything a team may know about it."""

from enum import StrEnum

from attrs import field, frozen

Instant = int
"""Milliseconds since the epoch, UTC."""

Seconds = int


class State(StrEnum):
    """Where a task stands; the values are the names on the wire."""

    # As the text that it is: by its name, as other enumerations, it takes ten times as long, and sets are asked about it on every call.
    __hash__ = str.__hash__

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    BLOCKED = "Blocked"
    REVIEW = "Review"
    DONE = "Done"
    ARCHIVED = "Archived"
    PENDING_DECOMPOSITION = "PendingDecomposition"
    PENDING_HANDOFF = "PendingHandoff"
    WAITING_FOR_DEPENDENCY = "WaitingForDependency"
    QUARANTINED = "Quarantined"
    CANCELLED = "Cancelled"


class DependencyKind(StrEnum):
    """`blocks` holds a task back until the other is Done, `waits-for-all` and `waits-for-any` until all parts of the other
    or one of them are; `related` only points; `parent-child` makes the task a part of the other.
    """

    __hash__ = str.__hash__

    BLOCKS = "blocks"
    RELATED = "related"
    PARENT_CHILD = "parent-child"
    WAITS_FOR_ALL = "waits-for-all"
    WAITS_FOR_ANY = "waits-for-any"


DEPENDENCIES_LIMIT = 256
"""Tasks that one depends on: each is looked at whenever its state is counted anew, and nobody follows a plan with more."""

FAN_INS = frozenset({DependencyKind.WAITS_FOR_ALL, DependencyKind.WAITS_FOR_ANY})


@frozen
class Dependency:
    code: str
    kind: DependencyKind = DependencyKind.BLOCKS


@frozen
class Claim:
    """An agent's lease on a task. The fence numbers it and only ever grows on one task.

    `expires_at` is None while the lease is suspended (in Review and PendingHandoff): it then neither runs nor counts.
    `warned` are the ends that its holder was warned of.
    """

    fence: int
    agent: str
    claimed_at: Instant
    lease_s: Seconds
    expires_at: Instant | None
    deadline: Instant
    warned: tuple[Instant, ...] = ()


@frozen
class Note:
    at: Instant
    by: str
    text: str


@frozen
class Result:
    """What a finished task left behind, in the words of whoever finished it."""

    summary: str
    evidence: tuple[str, ...] = ()
    confidence: float | None = None
    files: tuple[str, ...] = ()


@frozen
class WorkflowPosition:
    """Where a task is in its workflow: at step `number` of `of`. `added` is what the step needs beyond the task itself."""

    name: str
    step: str
    id: int
    rev: int
    number: int
    of: int
    added: str | None = None


# Without slots, so that a changed one is made by copying a dictionary: see `evolve`.
@frozen(kw_only=True, slots=False)
class Task:
    """One task as it is stored. `rev` counts its changes, `fence` numbers its claims, `unmet` counts blockers not yet Done.

    `by_hand` marks a waiting or pending state that somebody set and only somebody will end; `implementer` is whoever
    worked on it last, who may not approve it; `findings` are what reviews found, `percent` is how far its holder says it is;
    one that is `decomposed` is Done when its parts are; `cancelled_blockers` counts the unmet blockers that were cancelled;
    `stall_announced` is the rev at which it was said to stand still.
    """

    id: int
    code: str
    name: str
    description: str
    state: State
    inserted_at: Instant
    updated_at: Instant
    created_by: str
    rev: int = 1
    owner_agent_name: str | None = None
    role: str | None = None
    required_capabilities: tuple[str, ...] = ()
    priority_score: float = 5.0
    labels: tuple[str, ...] = ()
    parent_code: str | None = None
    depends_on: tuple[Dependency, ...] = ()
    acceptance_criteria: tuple[str, ...] = ()
    estimated_effort: int | None = None
    due_at: Instant | None = None
    not_before: Instant | None = None
    confidence_threshold: float = 0.8
    requires_review: bool = False
    lease_s: Seconds | None = None
    workflow: WorkflowPosition | None = None
    attempts: int = 0
    fence: int = 0
    claim: Claim | None = None
    blocked_reason: str | None = None
    notes: tuple[Note, ...] = ()
    artifacts: tuple[str, ...] = ()
    findings: tuple[Note, ...] = ()
    percent: int | None = None
    result: Result | None = None
    started_at: Instant | None = None
    done_at: Instant | None = None
    implementer: str | None = None
    unmet: int = 0
    cancelled_blockers: int = 0
    by_hand: bool = field(default=False)
    decomposed: bool = False
    stall_announced: int = 0

    @property
    def blockers(self) -> tuple[str, ...]:
        """Codes of the tasks that hold this one back until they are Done."""
        return tuple([each.code for each in self.depends_on if each.kind is DependencyKind.BLOCKS])

    @property
    def fan_ins(self) -> tuple[Dependency, ...]:
        """What holds this one back until parts of another are Done."""
        return tuple([each for each in self.depends_on if each.kind in FAN_INS])

    @property
    def holder(self) -> str | None:
        """Who holds the claim now, suspended or running."""
        return self.claim.agent if self.claim else None


RUNNING = frozenset({State.IN_PROGRESS, State.BLOCKED})
"""States in which a lease runs and counts toward its holder's limit."""

SUSPENDED = frozenset({State.REVIEW, State.PENDING_HANDOFF})
"""States that keep the claim but stop its clock."""

FINISHED = frozenset({State.DONE, State.ARCHIVED})
"""States that meet a blocker."""

CLOSED = frozenset({State.DONE, State.ARCHIVED, State.CANCELLED})
"""States in which nobody works on it any more."""
