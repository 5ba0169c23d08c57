"""Watching: what a commit tells those who wait, what each of them waits for, and the answer that says that there is nothing yet."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import frozen

from ..domain.agent import Agent
from ..domain.caller import Kind
from ..domain.events import Event, EventKind
from ..domain.matching import Lane, covers
from ..domain.task import Instant, Task
from .requests.request import Request


@frozen
class Ready:
    """Told when a task became ready in a lane."""

    lane: Lane


@frozen
class ClaimMoved:
    """Told when a claim began, ended or got another deadline: who held the task before, and who does now.

    While the claim is suspended there is no deadline.
    """

    task_id: int
    code: str
    before: str | None
    after: str | None
    deadline: Instant | None


@frozen
class InboxShown:
    """Told when an agent was shown its messages up to that number."""

    agent: str
    upto: int


WORK = "work"
LOG = "log"


def inbox_topic(to: str) -> str:
    """The topic of messages to that address."""
    return f"to:{to}"


def files_topic(agent: str) -> str:
    """The topic of files that are given to that agent."""
    return f"files:{agent}"


def topics_of(told: object) -> tuple[str, ...]:
    """The topics that something told belongs to: whoever waits for one of them has to look."""
    match told:
        case Ready():
            return (WORK,)
        case Event(kind=EventKind.MESSAGE_SENT, data={"to": to}):
            return (LOG, inbox_topic(to))
        case Event(kind=EventKind.FILES_RESERVED, data={"agent": agent}):
            return (LOG, files_topic(agent))
        case Event(kind=EventKind.PAUSE_SET):
            return (LOG, WORK)
        case Event():
            return (LOG,)
    return ()


def is_about(event: Event, task: Task) -> bool:
    """Whether something happened to a task, or to a message or session that belongs to it."""
    return event.subject == f"task:{task.id}" or event.data.get("task") == task.code


class Watch(Protocol):
    """What somebody waits for. `is_for_one` says that what is told is for one of all who see it, as a task is."""

    @property
    def topics(self) -> tuple[str, ...]: ...
    def is_for_one(self, told: object) -> bool: ...
    def sees(self, told: object) -> bool: ...


@frozen
class WorkWatch:
    """Waits for a task that fits this agent."""

    agent: Agent
    capabilities: frozenset[str]

    @property
    def topics(self) -> tuple[str, ...]:
        return (WORK,)

    def is_for_one(self, told: object) -> bool:
        return isinstance(told, Ready)

    def sees(self, told: object) -> bool:
        if isinstance(told, Event):
            # A brake was set or let go: whoever waits has to hear.
            return told.kind is EventKind.PAUSE_SET
        return isinstance(told, Ready) and (self.agent.kind is Kind.HUMAN or covers(told.lane, self.agent, self.capabilities))


@frozen
class InboxWatch:
    """Waits for a message to one of these addresses."""

    addresses: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(map(inbox_topic, self.addresses))

    def is_for_one(self, told: object) -> bool:
        return False

    def sees(self, told: object) -> bool:
        return isinstance(told, Event)


@frozen
class FilesWatch:
    """Waits for files to be given to this agent."""

    agent: str

    @property
    def topics(self) -> tuple[str, ...]:
        return (files_topic(self.agent),)

    def is_for_one(self, told: object) -> bool:
        return False

    def sees(self, told: object) -> bool:
        return isinstance(told, Event)


@frozen
class LogWatch:
    """Waits for an event, of these kinds if any are named, about this task if one is."""

    kinds: frozenset[str]
    task: Task | None

    @property
    def topics(self) -> tuple[str, ...]:
        return (LOG,)

    def is_for_one(self, told: object) -> bool:
        return False

    def sees(self, told: object) -> bool:
        if not isinstance(told, Event) or (self.kinds and told.kind not in self.kinds):
            return False
        return self.task is None or is_about(told, self.task)


class Taken(dict[str, Any]):
    """An answer that took something for its caller. `undoing` is the request, of the tool `undone_by`, that gives it back
    when the caller has left before they could hear it. `left` says in which lanes others may find work after that.
    """

    def __init__(self, answer: Mapping[str, Any], undone_by: str, undoing: Request, left: tuple[Ready, ...] = ()) -> None:
        super().__init__(answer)
        self.undone_by = undone_by
        self.undoing = undoing
        self.left = left


class Nothing(dict[str, Any]):
    """An answer that says only that there is nothing yet: never stored for a repeat, and given to a waiter when its time is over.

    `left` says in which lanes there is work that this caller could not take and another might; `again` is how a waiter
    asks the next time, when that is not as the first time. `upto` makes the same answer for a later moment: when everything
    up to that event was told, and the watch saw none of it.
    """

    def __init__(
        self,
        answer: Mapping[str, Any],
        watch: Watch,
        left: tuple[Ready, ...] = (),
        again: Request | None = None,
        upto: "Callable[[int], Nothing] | None" = None,
    ) -> None:
        super().__init__(answer)
        self.watch = watch
        self.left = left
        self.again = again
        self._upto = upto

    def until(self, seq: int) -> "Nothing":
        """The same answer at that event; itself where the moment makes no difference."""
        return self if self._upto is None else self._upto(seq)
