"""Acts: the events of the log by what did them, each act whole or not at all."""

from collections.abc import Sequence

from attrs import frozen

from tests.linear.log import SERVER, Event
from tests.linear.model import Outcome, step
from tests.linear.reasons import Reason, Rejected
from tests.linear.state import Expected, State

JOINING = "agent_registered"


@frozen(eq=False)
class Act:
    """Events that belong together: those of one call, or one of the server's own."""

    events: Sequence[Event]

    @property
    def by(self) -> str:
        return self.events[0].by

    @property
    def command(self) -> str:
        return self.events[0].command

    @property
    def is_call(self) -> bool:
        return self.by != SERVER

    @property
    def is_joining(self) -> bool:
        """Whether nothing happened but that somebody was seen for the first time."""
        return all(event.kind == JOINING for event in self.events)

    def tells(self, expected: Sequence[Expected]) -> bool:
        """Whether these are the events that were expected, with all the facts."""
        return len(expected) == len(self.events) and self.begins(expected)

    def begins(self, expected: Sequence[Expected]) -> bool:
        """Whether it begins with the events that were expected."""
        return len(expected) <= len(self.events) and all(map(_tells, self.events, expected))

    def own_step(self, state: State) -> Outcome:
        """What the server does by itself comes to, or the joining of somebody who goes on waiting."""
        event, data = self.events[0], self.events[0].data
        match event.kind:
            case "agent_registered":
                return step(state, event.by, "join", {"name": event.subject.removeprefix("agent:")})
            case "claim_expired":
                return step(state, SERVER, "expire", {"code": self._code(state)})
            case "handoff_expired":
                return step(state, SERVER, "expire_handoff", {"code": self._code(state)})
            case "message_sent":
                return step(state, SERVER, "tell", {"author": data["from"], "to": data["to"]})
            case "files_released":
                return step(state, SERVER, "free_files", {"agent": data["agent"], "patterns": tuple(data["patterns"])})
            case _:
                raise Rejected(Reason.WRONG_EVENT, event)

    def _code(self, state: State) -> str:
        subject = self.events[0].subject
        return next((task.code for task in state.tasks.values() if f"task:{task.id}" == subject), subject)


def acts_of(log: Sequence[Event]) -> list[Act]:
    """The log, act by act."""
    acts: list[Act] = []
    for event in log:
        last = acts[-1] if acts else None
        act = Act([event])
        if last is not None and act.is_call and last.is_call and (act.by, act.command) == (last.by, last.command):
            acts[-1] = Act([*last.events, event])
        else:
            acts.append(act)
    return acts


def is_told(outcome: Outcome) -> bool:
    """Whether the log has to tell of it; that somebody was seen for the first time is told apart."""
    return any(kind != JOINING for kind, _, _ in outcome.events)


def _tells(event: Event, expected: Expected) -> bool:
    kind, subject, facts = expected
    same = event.kind == kind and subject in (None, event.subject)
    return same and all(event.data.get(name) == value for name, value in facts.items())
