"""Updates: which of the things that can be looked at have changed, for whoever wants to look again.

A listener hears names and no content: it is a hint to look, and what can be seen is decided when somebody does.
"""

from collections.abc import Sequence

from attrs import Factory, define

from ..domain.events import Event, EventKind
from ..domain.task import Task
from .feed import Feed
from .listeners import Listeners
from .notices import Notices

EVENTS, OVERVIEW, TASKS, AGENTS = "events", "overview", "tasks", "agents"


def task_name(code: str) -> str:
    """The name of one task among what can be looked at."""
    return f"{TASKS}/{code.upper()}"


def inbox_name(agent: str) -> str:
    """The name of one agent's inbox."""
    return f"inbox/{agent}"


@define(eq=False)
class Updates:
    """What changes in one project, as names."""

    feed: Feed
    notices: Notices
    listeners: Listeners = Factory(Listeners)

    def __attrs_post_init__(self) -> None:
        self.feed.listen(self._heard)

    def _heard(self, told: Sequence[object]) -> None:
        if not self.listeners:
            return
        names: set[str] = set()
        for each in told:
            match each:
                case Task():
                    names.add(task_name(each.code))
                case Event():
                    names |= {EVENTS, *self._of_event(each)}
        if names:
            self.listeners.hear(frozenset(names))

    def _of_event(self, event: Event) -> set[str]:
        kind, _, _ = event.subject.partition(":")
        match kind:
            case "task":
                return {TASKS, OVERVIEW}
            case "agent":
                return {AGENTS, OVERVIEW}
            case "pause":
                return {OVERVIEW}
            case "message" if event.kind is EventKind.MESSAGE_SENT:
                return {inbox_name(agent) for agent in self.notices.addressed(event)}
            case _:
                return set()
