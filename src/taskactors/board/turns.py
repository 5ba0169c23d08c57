"""Turns: a read that may take long stops every millisecond or so, for others to have theirs.

It is written as a generator and goes on over a later moment: what it has read may have changed meanwhile, as between two pages.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Turns = Generator[None, None, T]

RECORDS_A_TURN = 100
"""Records that a read looks at in one turn: some eight microseconds each."""


def whole(reading: Turns[T]) -> T:
    """The answer without a stop, for a unit of work, which is one moment."""
    while True:
        try:
            next(reading)
        except StopIteration as end:
            answer: T = end.value
            return answer
