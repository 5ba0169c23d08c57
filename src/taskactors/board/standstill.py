"""Standstill: work that is held and does not move, and work that nobody can do because what it waits for was given up."""

from collections.abc import Iterator
from itertools import islice

from attrs import frozen

from ..domain.caller import LOCAL_PERSON
from ..domain.events import EventKind
from ..domain.evolving import evolve
from ..domain.message import ROLE_PREFIX, Importance
from ..domain.moments import text_of
from ..domain.task import RUNNING, Instant, State, Task
from ..storage.keys import last_number
from . import layout
from .change import Change
from .settings import BoardSettings
from .telling import tell
from .view import View

EXAMINED_LIMIT = 1_000
"""Held tasks that one look goes through: ten for each agent of the largest team."""

ANNOUNCED_AT_ONCE = 50

NAMED = 10
"""Waiting tasks that one message names; the graph has the rest."""

PLANNERS = f"{ROLE_PREFIX}architect"


@frozen
class Look:
    """What a look found: whether there is something to announce, and when there may be next if nothing changes."""

    news: bool
    next_at: Instant | None


def stalled(view: View) -> Iterator[Task]:
    """Held tasks without a change for `stall_after_s`: their holders live, or the claims would have ended, but say nothing."""
    return (task for task in held(view) if is_stalled(view, task))


def is_stalled(view: View, task: Task) -> bool:
    """Whether a held task has not changed for so long."""
    return _stalls_at(task, view.settings) <= view.now


def look(view: View) -> Look:
    """What the duty has to do now, and when to look again."""
    ends = [_stalls_at(task, view.settings) for task in held(view) if not _is_announced(task)]
    ahead = [at for at in ends if at > view.now]
    return Look(news=len(ahead) < len(ends), next_at=min(ahead, default=None))


def announce(change: Change) -> int:
    """Say of every stalled task that it is, once for each stall: in the log, and to its holder."""
    fresh = list(islice((task for task in stalled(change) if not _is_announced(task)), ANNOUNCED_AT_ONCE))
    for task in fresh:
        assert task.holder is not None
        change.keep(evolve(task, stall_announced=task.rev))
        change.note(EventKind.TASK_STALLED, f"stall:{task.id}", task=task.code, agent=task.holder, unchanged_since=text_of(task.updated_at))
        said = f"{task.code} has not changed since {text_of(task.updated_at)}: report_progress, request_help, or release_task"
        tell(change, task.holder, "warning", said, task)
    return len(fresh)


def tell_of_dead_end(change: Change, before: Task | None, after: Task) -> None:
    """What failed too often is a person's to decide about; what waits for a task that was given up is the planners'."""
    if before is None or before.state is after.state or after.state not in (State.QUARANTINED, State.CANCELLED):
        return
    waiting = [task.code for task in _waiting_for(change, after)]
    what = "put aside" if after.state is State.QUARANTINED else "called off"
    if waiting:
        said = f"{after.code} was {what}, and nobody can do what waits for it: {', '.join(waiting)}"
        tell(change, PLANNERS, "blocker", said, after, importance=Importance.HIGH)
    if after.state is State.QUARANTINED and after.attempts > before.attempts:
        said = f"{after.code} was put aside after {after.attempts} failed attempts; set_task_state to Created, with a reason, lets it go on"
        tell(change, LOCAL_PERSON, "blocker", said, after, importance=Importance.HIGH)


def held(view: View) -> Iterator[Task]:
    """What somebody works on."""
    for state in sorted(RUNNING):
        for entry, _ in view.snapshot.range(*layout.tasks_in_state(state), limit=EXAMINED_LIMIT):
            task = view.task(last_number(entry))
            if task.claim is not None:
                yield task


def _stalls_at(task: Task, settings: BoardSettings) -> Instant:
    return task.updated_at + settings.stall_after_s * 1000


def _is_announced(task: Task) -> bool:
    return task.stall_announced == task.rev


def _waiting_for(change: Change, task: Task) -> Iterator[Task]:
    dependants = change.snapshot.range(*layout.dependants(task.code), limit=NAMED)
    for entry, _ in dependants:
        found = change.find_task(last_number(entry))
        if found is not None and found.state is State.WAITING_FOR_DEPENDENCY:
            yield found
