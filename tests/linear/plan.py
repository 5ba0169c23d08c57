"""Plans: a good run taken apart, so that something wrong can be put where it is sure to be wrong."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from attrs import evolve, frozen

from tests.linear.acts import Act, acts_of
from tests.linear.history import Call
from tests.linear.log import Event
from tests.linear.model import step
from tests.linear.scheduler import Run
from tests.linear.state import State, Task
from tests.linear.witness import actors_of

RIVAL = "rival"
"""A client of the plants' own, which nobody in the run has heard of."""


@frozen(eq=False)
class Plan:
    """A good run taken apart: its acts, whose they are, and the state after each."""

    run: Run
    acts: Sequence[Act]
    actors: Mapping[Act, Call]
    states: Sequence[State]
    chance: Random

    def moments(self) -> list[float]:
        """Just after each stamp, in any order."""
        stamps = [at for call in self.run.history for at in (call.invoked, call.answered) if at is not None]
        self.chance.shuffle(stamps)
        return [at + 0.2 for at in stamps]

    def window(self, moment: float) -> range:
        """The numbers of acts after which a call at that moment may have looked; its answer comes a little later."""
        before = [place for place, act in enumerate(self.acts) if act in self.actors and self.actors[act].until < moment]
        after = [place for place, act in enumerate(self.acts) if act in self.actors and self.actors[act].invoked > moment]
        return range(max(before, default=-1) + 1, min(after, default=len(self.acts)) + 1)

    def seen_at(self, moment: float, code: str) -> list[Task | None]:
        """The task in each of the states of the window."""
        return [self.states[place].tasks.get(code) for place in self.window(moment)]

    def codes(self) -> list[str]:
        codes = list(self.states[-1].tasks)
        self.chance.shuffle(codes)
        return codes

    def with_call(self, call: Call, log: Sequence[Event] | None = None) -> Run:
        return Run([*self.run.history, call], self.run.log if log is None else log)

    def with_reply(self, call: Call, log: Sequence[Event] | None = None, **other: Any) -> Run:
        """The run with other things said in one answer."""
        wrong = evolve(call, reply={**(call.reply or {}), **other})
        return Run([wrong if each is call else each for each in self.run.history], self.run.log if log is None else log)

    def answered_acts(self) -> list[tuple[int, Call]]:
        """Acts whose calls were answered, by their places, in any order."""
        found = [(place, self.actors[act]) for place, act in enumerate(self.acts) if act in self.actors and self.actors[act].succeeded]
        self.chance.shuffle(found)
        return found


def planned(run: Run, chance: Random) -> Plan:
    """Raises Rejected when the run is not a good one."""
    acts = acts_of(run.log)
    actors = actors_of(run.history, acts)
    states = [State()]
    for act in acts:
        call = actors.get(act)
        outcome = act.own_step(states[-1]) if call is None else step(states[-1], call.client, call.tool, call.given)
        states.append(outcome.state)
    return Plan(run, acts, actors, states, chance)


def renumbered(acts: Sequence[Act]) -> list[Event]:
    """The log of these acts, without a gap."""
    events = [event for act in acts for event in act.events]
    return [evolve(event, seq=number) for number, event in enumerate(events, 1)]


def probe(
    moment: float, tool: str, given: Mapping[str, Any], reply: Mapping[str, Any], client: str = RIVAL, key: str | None = None
) -> Call:
    """A call that is over almost as soon as it begins."""
    return Call(client, tool, given, moment, moment + 0.3, reply, key=key, line=-1)
