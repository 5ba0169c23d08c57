"""The model's state: plain values that are never changed, and one turn, which makes the next state out of one.

Named tuples, because the search compares states by the hundred thousand.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import Factory, define

PERSON = "local"
RUNNING = {"InProgress", "Blocked"}
CLOSED = {"Done", "Archived", "Cancelled"}

Expected = tuple[str, str | None, Mapping[str, Any]]
"""An event that has to be in the log: its kind, its subject unless that is numbered out of sight, and facts that it must tell."""


class No(Exception):
    """The model refuses, with the code that the server has to refuse with."""


class Task(NamedTuple):
    id: int
    code: str
    by: str
    text: str
    review: bool
    state: str = "Created"
    rev: int = 1
    owner: str | None = None
    holder: str | None = None
    fence: int = 0
    percent: int | None = None
    attempts: int = 0
    implementer: str | None = None
    notes: tuple[str, ...] = ()


class Agent(NamedTuple):
    """`cursor` is the last message that was confirmed, `all_from` the last that was told to everybody before they joined."""

    cursor: int = 0
    all_from: int = 0


class Offer(NamedTuple):
    code: str
    by: str
    to: str
    state: str = "open"

    def void(self) -> "Offer":
        return self._replace(state="withdrawn") if self.state == "open" else self


class State(NamedTuple):
    """A project. The dictionaries are in the order of creation. `kept` are the answers that a repeat under their key hears again."""

    tasks: Mapping[str, Task] = {}
    agents: Mapping[str, Agent] = {}
    series: Mapping[str, int] = {}
    messages: tuple[tuple[str, str], ...] = ()
    offers: tuple[Offer, ...] = ()
    reserved: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kept: Mapping[tuple[str, str, str], tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    head: int = 0

    def key(self) -> object:
        """Equal for two states that nobody can tell apart."""
        plain = (tuple(self.tasks.values()), frozenset(self.agents.items()), frozenset(self.series.items()))
        kept = frozenset((key, tuple(answer.items())) for key, (_, answer) in self.kept.items())
        return *plain, self.messages, self.offers, self.reserved, kept, self.head


@define
class Turn:
    """One operation on its way from a state to the next: the one there is so far, and the events that tell of it."""

    state: State
    by: str
    events: list[Expected] = Factory(list)

    @property
    def overrides(self) -> bool:
        return self.by == PERSON

    def put(self, **parts: Any) -> None:
        self.state = self.state._replace(**parts)

    def happened(self, kind: str, subject: str | None, **facts: Any) -> None:
        self.events.append((kind, subject, facts))
        self.state = self.state._replace(head=self.state.head + 1)

    # tasks

    def find(self, code: str) -> Task:
        task = self.state.tasks.get(code)
        if task is None:
            raise No("not_found")
        return task

    def numbered(self, task_id: int) -> Task:
        return next(task for task in self.state.tasks.values() if task.id == task_id)

    def keep(self, task: Task) -> Task:
        self.put(tasks={**self.state.tasks, task.code: task})
        return task

    def change(self, kind: str, task: Task, facts: Mapping[str, Any], **to: Any) -> Task:
        """The task with something else about it, one more rev, and its event."""
        changed = self.keep(task._replace(rev=task.rev + 1, **to))
        self.happened(kind, f"task:{task.id}", **facts)
        return changed

    def move(self, kind: str, task: Task, state: str, facts: Mapping[str, Any], **to: Any) -> Task:
        """As `change`, from state to state; an offer that stood is void when it went another way."""
        moved = self.change(kind, task, {"from": task.state, "to": state, **facts}, state=state, **to)
        if task.state == "PendingHandoff":
            self.put(offers=tuple(each.void() if each.code == task.code else each for each in self.state.offers))
        return moved

    # agents and messages

    def introduce(self, name: str, said: int = 0) -> None:
        """Whoever is seen for the first time joins; what was told to everybody before is not for them, nor what they say now."""
        if name not in self.state.agents and name != PERSON:
            self.put(agents={**self.state.agents, name: Agent(all_from=len(self.state.messages) + said)})
            self.happened("agent_registered", f"agent:{name}")

    def tell(self, author: str, to: str) -> int:
        """Put a message into an inbox; returns its id."""
        self.put(messages=(*self.state.messages, (author, to)))
        number = len(self.state.messages)
        self.happened("message_sent", f"message:{number}", **{"from": author, "to": to})
        return number
