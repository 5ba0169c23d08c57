"""Runs that are linearizable by construction: clients and a model under a random scheduler, with the log that a server would write."""

from collections.abc import Sequence
from itertools import count
from random import Random

from attrs import Factory, define, evolve, frozen

from tests.linear import seen
from tests.linear.history import Call
from tests.linear.log import SERVER, Event
from tests.linear.mind import Mind, Talk
from tests.linear.model import Outcome, step
from tests.linear.state import Expected, State

LEASE_MS = 1_000
DIES, EXPIRES, REPEATS = 0.01, 0.02, 0.08


@frozen(eq=False)
class Run:
    """What was called and answered, and the log."""

    history: Sequence[Call]
    log: Sequence[Event]


@define(eq=False)
class Client:
    """A mind, and the call that it waits for: not yet done, or done and not yet answered."""

    mind: Mind
    call: Call | None = None
    outcome: Outcome | None = None
    ends: int | None = None
    dead: bool = False


@define(eq=False)
class Scheduler:
    """Steps of everybody in an order drawn at random. A client may die in the middle of a call; a lease may run out."""

    chance: Random
    state: State = Factory(State)
    log: list[Event] = Factory(list)
    done: list[Call] = Factory(list)
    now: int = 0
    _stamps: "count[int]" = Factory(count)
    _keys: "count[int]" = Factory(lambda: count(1))

    def run(self, clients: int, calls: int) -> Run:
        """So many calls by so many clients."""
        names = [f"agent-{number}" for number in range(1, clients + 1)]
        talk = Talk()
        team = [Client(Mind(name, names, self.chance, talk)) for name in names]
        begun = 0
        while True:
            able = [each for each in team if not each.dead and (each.call is not None or begun < calls)]
            if not able:
                return Run(self.done, self.log)
            self.now += self.chance.randint(0, 5)
            self._expire_something()
            one = self.chance.choice(able)
            begun += one.call is None
            self._go_on(one)

    def _go_on(self, client: Client) -> None:
        if client.call is None:
            client.call = self._begun(client.mind)
        elif client.outcome is None and self.chance.random() < DIES:
            self._die(client)
        elif client.outcome is None:
            client.outcome = self._act(client.call)
            client.ends = self.now + LEASE_MS if client.outcome.reply.get("holder") else None
        elif self.chance.random() < DIES:
            self._die(client)
        else:
            reply = client.outcome.reply
            self.done.append(evolve(client.call, answered=next(self._stamps), reply=reply, ends=client.ends))
            client.mind.learn(client.call.tool, client.call.given, reply)
            client.call = client.outcome = None

    def _die(self, client: Client) -> None:
        assert client.call is not None
        self.done.append(client.call)
        client.dead = True

    def _begun(self, mind: Mind) -> Call:
        mine = [call for call in self.done if call.client == mind.name and call.key is not None]
        if mine and self.chance.random() < REPEATS:
            again = self.chance.choice(mine)
            return Call(mind.name, again.tool, again.given, next(self._stamps), key=again.key)
        tool, given = mind.next_call()
        key = None if tool in seen.READS else f"key-{next(self._keys)}"
        return Call(mind.name, tool, seen.given(tool, given), next(self._stamps), key=key)

    def _act(self, call: Call) -> Outcome:
        outcome = step(self.state, call.client, call.tool, call.given, call.key)
        self._take_over(outcome, call.client, call.key or "read")
        return outcome

    def _expire_something(self) -> None:
        held = [task.code for task in self.state.tasks.values() if task.state == "InProgress"]
        if held and self.chance.random() < EXPIRES:
            self.now += LEASE_MS
            self._take_over(step(self.state, SERVER, "expire", {"code": self.chance.choice(held)}), SERVER, "time")

    def _take_over(self, outcome: Outcome, by: str, command: str) -> None:
        self.state = outcome.state
        for expected in outcome.events:
            self.log.append(self._event(expected, by, command))

    def _event(self, expected: Expected, by: str, command: str) -> Event:
        kind, subject, facts = expected
        return Event(len(self.log) + 1, self.now, kind, by, subject or "reservation:0", command, facts)


def scheduled(seed: int, clients: int, calls: int) -> Run:
    """The run of that seed."""
    return Scheduler(Random(seed)).run(clients, calls)
