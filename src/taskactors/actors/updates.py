"""Updates: which of the things that can be looked at have changed, for whoever wants to look again.

A listener hears names and no content: it is a hint to look, and what can be seen is decided when somebody does.
"""

from collections.abc import Sequence

import trio
from attrs import Factory, define

from ..domain.events import Event, EventKind
from ..domain.task import Task
from .feed import Feed
from .listeners import Listeners
from .notices import Notices

AT_ONCE_LIMIT = 16
"""So many hear with the very commit; a team has no more that listen. A crowd hears a moment later, of several commits together."""

IN_A_ROW_LIMIT = 4
"""So many of a crowd are told before others have their turn: each then sends a message, and a call must not wait for a thousand."""

TOLD_PER_S = 2_000
"""How many are told in a second, at most: an eighth of what the loop can do. A thousand hear twice a second, a hundred twenty times."""

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
    _gathered: set[str] = Factory(set)
    """What has changed and is still to be told to many."""

    _more: trio.Event = Factory(trio.Event)

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
        if names and len(self.listeners) <= AT_ONCE_LIMIT and not self._gathered:
            self.listeners.hear(frozenset(names))
        elif names:
            self._gathered |= names
            self._more.set()

    async def tell_the_crowd(self) -> None:
        """Tell many who listen, a few at a time and not for every commit, until cancelled; what is still to be told is told then."""
        try:
            while True:
                if not self._gathered:
                    self._more = trio.Event()
                    await self._more.wait()
                began, number = trio.current_time(), len(self.listeners)
                await self._tell(self._taken())
                await trio.sleep_until(began + number / TOLD_PER_S)
        finally:
            self.listeners.hear(self._taken())

    async def _tell(self, names: frozenset[str]) -> None:
        left = list(self.listeners)
        try:
            while left:
                for listener in left[-IN_A_ROW_LIMIT:]:
                    listener(names)
                del left[-IN_A_ROW_LIMIT:]
                await trio.lowlevel.checkpoint()
        finally:
            for listener in left:
                listener(names)

    def _taken(self) -> frozenset[str]:
        names = frozenset(self._gathered)
        self._gathered.clear()
        return names

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
