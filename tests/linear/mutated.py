"""Mutated runs: something changed at random, which may be wrong afterwards or not."""

from collections.abc import Callable
from random import Random

from attrs import evolve

from tests.linear.history import Call
from tests.linear.scheduler import Run

Mutation = Callable[[Run, Random], Run]


def another_number(run: Run, chance: Random) -> Run:
    """In one answer."""
    call = chance.choice(run.history)
    numbers = [name for name, value in (call.reply or {}).items() if isinstance(value, int) and not isinstance(value, bool)]
    if call.reply is None or not numbers:
        return run
    name = chance.choice(numbers)
    return _instead(run, call, evolve(call, reply={**call.reply, name: call.reply[name] + chance.choice([-1, 1])}))


def another_answer(run: Run, chance: Random) -> Run:
    """That of another call of the same tool."""
    call = chance.choice(run.history)
    others = [each.reply for each in run.history if each.tool == call.tool and each.reply is not None]
    return _instead(run, call, evolve(call, reply=chance.choice(others))) if call.reply is not None else run


def another_time(run: Run, chance: Random) -> Run:
    """A call is made earlier or later than it was."""
    call = chance.choice(run.history)
    by = chance.choice([-4.5, -2.5, 2.5, 4.5])
    return _instead(run, call, evolve(call, invoked=call.invoked + by, answered=None if call.answered is None else call.answered + by))


def no_answer(run: Run, chance: Random) -> Run:
    """Nobody heard it, which can never be wrong."""
    call = chance.choice(run.history)
    return _instead(run, call, evolve(call, reply=None, answered=None))


def no_call(run: Run, chance: Random) -> Run:
    """One call is forgotten."""
    call = chance.choice(run.history)
    return Run([each for each in run.history if each is not call], run.log)


def another_order(run: Run, chance: Random) -> Run:
    """Two neighbours in the log change places."""
    if len(run.log) < 2:
        return run
    place = chance.randrange(len(run.log) - 1)
    one, other = run.log[place : place + 2]
    swapped = [evolve(other, seq=one.seq), evolve(one, seq=other.seq)]
    return Run(run.history, [*run.log[:place], *swapped, *run.log[place + 2 :]])


MUTATIONS: tuple[Mutation, ...] = (another_number, another_answer, another_time, no_answer, no_call, another_order)


def _instead(run: Run, call: Call, other: Call) -> Run:
    return Run([other if each is call else each for each in run.history], run.log)
