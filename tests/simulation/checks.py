"""The checks at the end of a run: what is stored, what was answered and what was read must tell the same story."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from taskactors.board import audit, layout
from taskactors.board.stored import TASK
from taskactors.board.view import View
from taskactors.domain.caller import SERVER, Caller, Kind
from taskactors.domain.events import Event
from taskactors.domain.task import RUNNING, Task
from taskactors.storage.engine import Snapshot
from tests.simulation import acknowledged, claims, readers
from tests.simulation.overlooked import SETTINGS
from tests.simulation.replay import Replay

if TYPE_CHECKING:
    from tests.simulation.world import World

EVENTS_LIMIT = 100_000
TASKS_LIMIT = 10_000

ENDS_WITHIN_MS = 5_000
"""So long after its time a lease may still be there: the timers come within a commit or two."""


def look_over(world: "World") -> None:
    """Everything that must be true of a run that has come to its end."""
    history = world.history
    stored = world.disk.now

    def look(snapshot: Snapshot) -> tuple[list[Event], list[Task]]:
        view = View(snapshot, 0, Caller(name=SERVER, kind=Kind.SERVER), SETTINGS)
        return view.events_after(0, EVENTS_LIMIT), [TASK.decode(stored) for _, stored in view.walk(layout.ALL_TASKS)]

    events, tasks = stored.read(look)
    replay = Replay().follow(events)
    stories = {task.code: replay.tasks[task.id] for task in tasks if task.id in replay.tasks}
    roles = {worker.client.name: worker.role for worker in world.workers}
    for found in (
        stored.read(audit.findings),
        _log(events),
        replay.findings,
        _tasks(tasks, replay),
        _leases(tasks, world.ended_at_ms),
        claims.early_ends(history.ops, events),
        claims.unwanted(history.ops, events, world.machine),
        claims.ungraced(events, world.machine),
        claims.conflicts(events, {task.id: task.code for task in tasks}),
        acknowledged.findings(history.ops, events, stories),
        readers.inbox_findings(history.ops, events, roles),
        readers.log_findings(history.ops, events),
    ):
        for finding in found:
            history.found(finding)


def _log(events: Sequence[Event]) -> Iterator[str]:
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield f"the log has gaps: {[event.seq for event in events]}"
    yield from (f"event {two.seq} is older than the one before it" for one, two in pairwise(events) if two.at < one.at)


def _tasks(tasks: Sequence[Task], replay: Replay) -> Iterator[str]:
    """Every change of a task is an event, and the last of them left it as it is."""
    for task in tasks:
        story = replay.tasks.get(task.id)
        if story is None:
            yield f"the log knows nothing of {task.code}"
            continue
        if story.events != task.rev:
            yield f"{task.code} was changed {task.rev} times, and the log has {story.events} of them"
        if (story.state, story.holder) != (task.state, task.holder):
            yield f"{task.code} is {task.state} with {task.holder}, and the log says {story.state} with {story.holder}"


def _leases(tasks: Sequence[Task], now: int) -> Iterator[str]:
    for task in tasks:
        if task.state in RUNNING and task.claim is not None and task.claim.expires_at is not None:
            late = now - task.claim.expires_at
            if late > ENDS_WITHIN_MS:
                yield f"the lease of {task.code} should have ended {late} ms ago"
