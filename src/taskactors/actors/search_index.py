"""The search index: what of a project is in its table of words, and what is still to come. Derived from the store, never the truth."""

from collections.abc import Mapping, Sequence
from itertools import islice

from ..board.knowledge import OF_SUBJECT
from ..domain.events import Event, EventKind
from .feed import Feed
from .words import Words

Subject = tuple[str, int]
"""A place and a number there: something that can be found."""

BEHIND_LIMIT = 500
"""Changes that may wait for the next search; so many are put in without one, so that neither they nor the next search's work pile up."""


class SearchIndex:
    """Begun by the first search, made a slice at a time, and told by commits what changed meanwhile. Belongs to the project.

    Nothing is missed or put in for good too early: what changes before its turn is read in its turn, what changes in hand or later
    has another turn. Until it is begun it hears nothing, so a project that nobody searches pays nothing.
    """

    def __init__(self, feed: Feed) -> None:
        self.words = Words()
        self._forget()
        feed.listen(self._heard)

    def _forget(self) -> None:
        self.begun = False
        self.heard = 0
        """How many changes it has been told of; a search is to see all up to then."""
        self._to_come: dict[str, tuple[int, int]] = {}
        self._changed: dict[Subject, int] = {}
        self._in_hand: dict[Subject, int] = {}
        self._redacted = False

    def listen(self) -> None:
        """Hear what changes from now on."""
        self.begun = True

    def expect(self, last: Mapping[str, int]) -> None:
        """Everything up to these numbers was there before, and has to be put in. To be called with what was read after `listen`."""
        self._to_come = {place: (1, most) for place, most in last.items() if most}

    def take(self, limit: int) -> tuple[Subject, ...]:
        """What to put in next, up to so many; the same again until it is settled."""
        if not self._in_hand:
            changed_first = self.is_behind or not self._to_come
            self._in_hand = self._some_changed(limit) if changed_first else self._some_to_come(limit)
        return tuple(islice(self._in_hand, limit))

    def settle(self, put: Sequence[Subject]) -> None:
        """These of what was taken are in the table now, or not there at all."""
        for each in put:
            self._in_hand.pop(each, None)

    def has(self, heard: int) -> bool:
        """Whether everything is in that had been told when it had heard so many changes."""
        pending = (*self._in_hand.values(), *islice(self._changed.values(), 1))
        return self.begun and not self._to_come and all(each > heard for each in pending)

    @property
    def is_behind(self) -> bool:
        """Whether it should not wait for a search: too much has changed, or a secret is to go."""
        return self._redacted or len(self._changed) > BEHIND_LIMIT

    @property
    def may_wait(self) -> bool:
        """Whether what is not in yet may wait for the next search."""
        return not (self._to_come or self._in_hand or self.is_behind)

    @property
    def left(self) -> int:
        """How much has to be put in still."""
        return sum(most - first + 1 for first, most in self._to_come.values()) + len(self._changed) + len(self._in_hand)

    def start_afresh(self) -> None:
        """Begin anew with the next search, with another table."""
        self.words.close()
        self.words = Words()
        self._forget()

    def close(self) -> None:
        """It is not searched any more."""
        self.words.close()

    def _some_to_come(self, limit: int) -> dict[Subject, int]:
        place, (first, most) = next(iter(self._to_come.items()))
        end = min(most, first + limit - 1)
        if end < most:
            self._to_come[place] = (end + 1, most)
        else:
            del self._to_come[place]
        return {(place, number): 0 for number in range(first, end + 1)}

    def _some_changed(self, limit: int) -> dict[Subject, int]:
        some = dict(islice(self._changed.items(), limit))
        for each in some:
            del self._changed[each]
        self._redacted = self._redacted and bool(self._changed)
        return some

    def _heard(self, told: Sequence[object]) -> None:
        if not self.begun:
            return
        for each in told:
            if isinstance(each, Event):
                kind, _, number = each.subject.partition(":")
                if kind in OF_SUBJECT and number.isdigit():
                    self._redacted |= each.kind is EventKind.TEXT_REDACTED
                    self._hear_of(OF_SUBJECT[kind], int(number))

    def _hear_of(self, place: str, number: int) -> None:
        self.heard += 1
        first, most = self._to_come.get(place, (0, -1))
        if 0 < first <= number:
            self._to_come[place] = (first, max(most, number))
        else:
            # The earliest change decides for whom it is due: a later one of the same must not put it off.
            self._changed.setdefault((place, number), self.heard)
