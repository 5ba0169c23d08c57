"""The replay: every task as the log tells it, event by event, with whatever in that story cannot be."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import Factory, define

from taskactors.domain.caller import LOCAL_PERSON
from taskactors.domain.events import Event, EventKind
from taskactors.domain.task import RUNNING, SUSPENDED, State

WITH_CLAIM = {str(state) for state in RUNNING | SUSPENDED}
WITHOUT_LEASE = {str(state) for state in SUSPENDED}

OF_HOLDER = frozenset({EventKind.TASK_PROGRESSED, EventKind.TASK_COMPLETED, EventKind.TASK_RELEASED, EventKind.HANDOFF_OFFERED})
"""Writes that only a claim allows; each event names its fence."""


@define
class Story:
    """One task so far. `in_force` has, for every event about it, its number and the fence of the claim that holds from then on, or 0."""

    state: str = str(State.CREATED)
    fence: int = 0
    holder: str | None = None
    events: int = 0
    in_force: list[tuple[int, int]] = Factory(list)

    def fences_between(self, before: int, after: int) -> set[int]:
        """The fences of all claims that held at any time while the log grew from the one length to the other."""
        at_first = next((fence for seq, fence in reversed(self.in_force) if seq <= before), 0)
        return {at_first, *(fence for seq, fence in self.in_force if before < seq <= after)}


@define
class Replay:
    """All tasks, by their ids."""

    tasks: dict[int, Story] = Factory(dict)
    findings: list[str] = Factory(list)

    def follow(self, events: Iterable[Event]) -> "Replay":
        """Go through the log, from its beginning."""
        for event in events:
            kind, _, number = event.subject.partition(":")
            if kind == "task":
                story = self.tasks.setdefault(int(number), Story())
                self.findings += (f"event {event.seq} ({event.kind} of {event.subject}): {wrong}" for wrong in _next(story, event))
                story.events += 1
                story.in_force.append((event.seq, story.fence if story.holder else 0))
        return self


def _next(story: Story, event: Event) -> Iterator[str]:
    data: Mapping[str, Any] = event.data
    if "from" in data and event.kind is not EventKind.TASK_ASSIGNED and data["from"] != story.state:
        yield f"the task was {story.state}, not {data['from']}"
    match event.kind:
        case EventKind.TASK_CLAIMED:
            if story.holder is not None:
                yield f"{data['agent']} claims what {story.holder} holds"
            yield from _take(story, data)
        case EventKind.HANDOFF_ACCEPTED:
            if data["before"] != story.holder:
                yield f"{data['before']} hands over what {story.holder} holds"
            yield from _take(story, data)
        case EventKind.CLAIM_EXPIRED:
            if story.state in WITHOUT_LEASE:
                yield f"a lease ended that does not run while the task is {story.state}"
            if data["fence"] != story.fence:
                yield f"claim {data['fence']} ends, but {story.fence} is in force"
        case kind if kind in OF_HOLDER and "fence" in data:
            if data["fence"] != story.fence or story.holder is None:
                yield f"was written under claim {data['fence']}, but {story.fence} of {story.holder} is in force"
            if story.holder not in (event.acting_for or event.by, None) and event.by != LOCAL_PERSON:
                yield f"{event.by} wrote what only {story.holder} may"
    if "to" in data and event.kind is not EventKind.TASK_ASSIGNED:
        story.state = str(data["to"])
        if story.state not in WITH_CLAIM:
            story.holder = None


def _take(story: Story, data: Mapping[str, Any]) -> Iterator[str]:
    if data["fence"] <= story.fence:
        yield f"the fence goes from {story.fence} to {data['fence']}"
    story.fence, story.holder = data["fence"], data["agent"]
