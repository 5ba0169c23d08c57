"""The lifecycle page: the state table of the domain, drawn and written out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from taskactors.domain.claiming import DEFAULT_LEASE_S, LEASE_LIMITS_S, QUIET_MS, RESTART_GRACE_MS
from taskactors.domain.failing import ATTEMPTS_LIMIT, BACK_OFF, LONGEST_BACK_OFF_S, BackOff, Failure
from taskactors.domain.lifecycle import DEADLINE_MS, HELD, TABLE, Step, Who
from taskactors.domain.task import CLOSED, RUNNING, SUSPENDED, State

MEANING: Mapping[State, str] = {
    State.CREATED: "Ready. `discover_work` offers it to agents that fit, and one of them may claim it.",
    State.IN_PROGRESS: "One agent holds it and works on it.",
    State.BLOCKED: "Its holder is stuck, and the task says why (`blocked_reason`).",
    State.REVIEW: "The work is there; somebody looks at it.",
    State.DONE: "Finished. Whatever waits for it may start.",
    State.ARCHIVED: "Put away for good.",
    State.PENDING_DECOMPOSITION: "Too big; somebody is to cut it into parts.",
    State.PENDING_HANDOFF: "Its holder has offered it to somebody else.",
    State.WAITING_FOR_DEPENDENCY: "Waits for tasks that it depends on. The last of them to be Done frees it by itself.",
    State.QUARANTINED: f"Put aside: {ATTEMPTS_LIMIT} attempts failed, or somebody said so. A person or coordinator decides.",
    State.CANCELLED: "Called off. Whatever waits for it waits on, marked `blocker_cancelled`.",
}
"""A newcomer's sentence for each state; a state without one fails the page."""

USUAL_WAY = (
    (State.CREATED, State.IN_PROGRESS),
    (State.CREATED, State.WAITING_FOR_DEPENDENCY),
    (State.WAITING_FOR_DEPENDENCY, State.CREATED),
    (State.IN_PROGRESS, State.BLOCKED),
    (State.BLOCKED, State.IN_PROGRESS),
    (State.IN_PROGRESS, State.CREATED),
    (State.IN_PROGRESS, State.REVIEW),
    (State.REVIEW, State.IN_PROGRESS),
    (State.IN_PROGRESS, State.DONE),
    (State.REVIEW, State.DONE),
    (State.DONE, State.ARCHIVED),
)
"""The steps of an ordinary day, for the first drawing; with all of them at once nobody finds these."""

LEFT_OUT = {State.CANCELLED: "called off", State.QUARANTINED: "put aside"}

FAILURES: Mapping[Failure, str] = {
    Failure.TRANSIENT: "something that passes: a time-out, a service that was down",
    Failure.CAPABILITY_MISMATCH: "the agent cannot do this; another may",
    Failure.CONTEXT_OVERFLOW: "too large for one agent's context; consider cutting it into parts",
    Failure.LOGIC_ERROR: "the approach was wrong",
    Failure.ENVIRONMENTAL: "the machine or its tools are at fault",
    Failure.INVALID_REQUIREMENTS: "the task cannot be done as it is written",
    Failure.LEASE_EXPIRED: "the holder fell silent; the server counts it by itself",
}


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([*_opening(), *_drawings(), *_states(), *_steps(), *_claims(), *_failures()])


def _opening() -> Iterator[str]:
    yield "# The life of a task"
    yield ""
    yield "A task is in one of these states, and moves only along these steps; any other is refused with `invalid_transition`, which lists"
    yield "the states that it may go to. `set_task_state` asks for a step by name; other tools take a step as part of what they do."
    yield "Every step is one event in the project's log, with who took it, both states and the reason if there was one."
    yield ""


def _drawings() -> Iterator[str]:
    missing = [step for step in USUAL_WAY if step[1] not in TABLE[step[0]]]
    assert not missing, f"drawn, but not in the table: {missing}"
    yield "## On an ordinary day"
    yield ""
    yield from _drawing(USUAL_WAY)
    yield "## Every step there is"
    yield ""
    for left_out, why in LEFT_OUT.items():
        leading = [state for state in State if left_out in TABLE[state]]
        assert set(leading) == set(State) - CLOSED - {left_out}, f"the drawing leaves out {left_out}, but not all states lead there"
        yield f"- **{left_out}**: {why}. Every state but {_listed([state for state in State if state not in leading])} leads there."
    yield ""
    yield "These steps would hide the others, so the drawing leaves them out; the table further down has them."
    yield ""
    yield from _drawing((start, to) for start, steps in TABLE.items() for to in steps if to not in LEFT_OUT)


def _listed(states: Sequence[State]) -> str:
    return " and ".join([", ".join(states[:-1]), states[-1]])


def _drawing(steps: Iterable[tuple[State, State]]) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.CREATED}: create_task"
    for start, to in steps:
        yield f"    {start} --> {to}: {_drawable(TABLE[start][to].label)}"
    yield f"    {State.ARCHIVED} --> [*]"
    yield "```"
    yield ""


def _drawable(label: str) -> str:
    # A semicolon ends a statement of the drawing language.
    return label.replace(";", ",")


def _states() -> Iterator[str]:
    yield "## The states"
    yield ""
    yield "| state | what it means | the claim |"
    yield "|---|---|---|"
    for state in State:
        yield f"| **{state}** | {MEANING[state]} | {_claim_in(state)} |"
    yield ""


def _claim_in(state: State) -> str:
    if state in RUNNING:
        return "its lease runs"
    if state in SUSPENDED:
        return "kept, its lease suspended"
    return "none; " + ("over" if state in CLOSED else "nobody holds it")


def _steps() -> Iterator[str]:
    yield "## The steps"
    yield ""
    yield "*Who* is who may take the step by asking for it; what the board does by itself needs nobody's leave: a lease that runs out, the"
    yield "last blocker that is met. Others are refused with `not_holder`, `not_allowed`, `own_review` or `review_required`."
    yield ""
    yield "| from | to | which means | who | needs a reason |"
    yield "|---|---|---|---|---|"
    for state in State:
        for to, step in TABLE[state].items():
            yield f"| {state} | {to} | {step.label} | {_who(state, to, step)} | {'yes' if step.needs_reason else ''} |"
    for final in (state for state in State if not TABLE[state]):
        yield f"| {final} | | final | | |"
    yield ""
    yield f"{_listed(sorted(HELD))} last, when somebody sets them by hand, until somebody ends them by hand."
    yield "A task that comes back to Created while something that it depends on is not Done waits for that instead."
    yield ""


def _who(state: State, to: State, step: Step) -> str:
    if (state, to) == (State.CREATED, State.IN_PROGRESS):
        return "an agent that fits (a claim)"
    if (state, to) == (State.IN_PROGRESS, State.DONE):
        return f"{step.who}; not when a review is required"
    return {Who.BOARD: "the board alone"}.get(step.who, str(step.who))


def _claims() -> Iterator[str]:
    usual, shortest, longest = (_duration(seconds) for seconds in (DEFAULT_LEASE_S, *LEASE_LIMITS_S))
    quiet, deadline, grace = (_duration(ms // 1000) for ms in (QUIET_MS, DEADLINE_MS, RESTART_GRACE_MS))
    yield "## While somebody holds it"
    yield ""
    yield f"- A claim has a lease: {usual} unless `lease_s` says otherwise ({shortest} to {longest}). Any call by the holder starts it"
    yield f"  again; an open connection counts as a sign of life for {quiet} after the last call."
    yield "- A lease that runs out ends the claim at once: the task goes back to Created and counts a failed attempt. One that ran out"
    yield "  while Blocked keeps its reason and counts none."
    yield f"- However alive its holder, a claim ends {deadline} after it was made or last sent back."
    yield "- In Review and PendingHandoff the lease stands still; sent back, it starts again in full, with the same fence."
    yield f"- After a restart of the server every lease has at least {grace} left, or its whole length if that is shorter."
    yield "- A claim that ended before the work did leaves the task without an owner, for anybody who fits."
    yield ""


def _failures() -> Iterator[str]:
    yield "## When an attempt fails"
    yield ""
    yield "`release_task` takes a class of failure. It counts in `attempts`, and keeps the task back for a while:"
    yield ""
    yield "| failure | what it says | kept back for |"
    yield "|---|---|---|"
    for failure in Failure:
        yield f"| `{failure}` | {FAILURES[failure]} | {_kept_back(BACK_OFF[failure])} |"
    yield ""
    yield f"The {_ordinal(ATTEMPTS_LIMIT)} failed attempt puts the task into Quarantined instead, until a person or coordinator kicks it,"
    yield "with a reason; it then starts with no attempts counted."
    yield ""


def _kept_back(back_off: BackOff) -> str:
    if not back_off.first_s:
        return "no time"
    if back_off.factor == 1:
        return _duration(back_off.first_s)
    return f"{_duration(back_off.first_s)}, then {back_off.factor} times as long each time, up to {_duration(LONGEST_BACK_OFF_S)}"


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _duration(seconds: int) -> str:
    for unit, length in (("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}" + ("" if count == 1 else "s")
    raise AssertionError(seconds)
