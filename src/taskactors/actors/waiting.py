"""Waiting: parked calls that are answered when something comes for them, first come first served, without anybody polling."""

import heapq
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any

import trio
from attrs import Factory, define, evolve, field

from ..board.requests.request import Request
from ..board.watching import Nothing, Taken, Watch, topics_of
from ..domain.events import Event
from ..runtime import ActorGone, Address, Letter, MailboxFull, Place
from .calls import Command
from .delivery import Delivery, Way
from .feed import Feed
from .orders import Read, Write

PLACE_KEPT_S = 60.0
"""Whoever asks again for the same thing within this time keeps their place in the line."""

PLACES_LIMIT = 4_096
"""More places than connections: beyond it those that were left first are forgotten."""

ENDS_SPARE = 1_000
"""Ends of waits that are over already which may lie among the others before they are cleared away."""

Answer = Mapping[str, Any]
Order = Read | Write
MakeOrder = Callable[[Request | None], Order]
"""The order of a try: for the call as it came, or for what is asked instead from the second try on."""

Undo = Callable[[Answer], Write | None]


@define(eq=False)
class Waiter:
    """One parked call. `number` is its place in the line, smaller first."""

    letter: Letter[Command]
    make_order: MakeOrder
    undo: Undo
    until: float
    number: int
    answer: Nothing | None = None
    trying: bool = False
    owes: dict[object, None] = Factory(dict)
    """What came for one of several while it tried: should it not take it, somebody else has to hear."""

    again: bool = False
    woken_at: float | None = None
    """When a commit last told of something for it, which it has not answered yet."""

    timed: bool = False
    writes: bool = False

    @property
    def watch(self) -> Watch:
        assert self.answer is not None
        return self.answer.watch


@define(eq=False)
class Waiting:
    """The parked calls of one project. They belong to the project, so they survive the crash of the desk that parked them.

    Every try is a new atomic unit of work: whoever loses keeps their place.
    """

    store: Address
    feed: Feed
    delivery: Delivery
    _lines: dict[str, list[Waiter]] = Factory(dict)
    _ends: list[tuple[float, int, Waiter]] = Factory(list)
    _places: dict[tuple[str, Request], tuple[int, float]] = Factory(dict)
    _numbers: "count[int]" = Factory(count)
    _parkings: "count[int]" = Factory(count)
    _earlier_end: trio.Event = Factory(trio.Event)
    _over: bool = False
    _told_last: tuple[int, Sequence[object]] = (0, ())
    """The number of the last commit that told anything, and what it told."""

    parked: set[Waiter] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.feed.listen(self._heard)

    async def run(self, place: Place) -> None:
        """Answer those whose time is over; one sleeper for all. When the place ends, whoever is still parked hears ActorGone."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_in_time)
            place.ready()
            await place.until_stopped()
            nursery.cancel_scope.cancel()
        if place.mailbox.closed:
            self._turn_away(place.name)

    def serve(self, letter: Letter[Command], make_order: MakeOrder, undo: Undo, wait_s: float) -> None:
        """Try once at once; park the call for up to `wait_s` when there is nothing."""
        now = trio.current_time()
        waiter = Waiter(letter.keep(), make_order, undo, now + (0 if self._over else wait_s), self._number_for(letter.message, now))
        letter.when_left(partial(self._left, waiter))
        self._try(waiter)

    def wind_down(self) -> None:
        """Nobody waits any more: who is parked is answered now, who comes later is not parked."""
        self._over = True
        for waiter in list(self.parked):
            if not waiter.trying:
                self._give_up(waiter)

    def _turn_away(self, name: str) -> None:
        self._over = True
        for waiter in list(self.parked):
            self._leave(waiter)
            waiter.letter.refuse(ActorGone(name))

    # a try

    def _try(self, waiter: Waiter) -> None:
        waiter.trying, waiter.again = True, False
        try:
            order = waiter.make_order(waiter.answer.again if waiter.answer is not None else None)
            waiter.writes = isinstance(order, Write)
            if isinstance(order, Write) and waiter.woken_at is not None:
                order = evolve(order, woken=True)
            self.store.post(Letter(order, partial(self._tried, waiter), waiter.letter.urgent, waiter.letter.size))
        except (MailboxFull, ActorGone) as error:
            self._leave(waiter)
            waiter.letter.refuse(error)

    def _tried(self, waiter: Waiter, value: object, error: BaseException | None) -> None:
        waiter.trying = False
        if error is not None:
            self._leave(waiter)
            waiter.letter.refuse(error)
            self._pass_on(waiter)
        elif isinstance(value, Taken):
            self._leave(waiter)
            self._hand_over(waiter, value)
            self._arrived(waiter)
            # It may be another thing than the one it was woken for.
            self._offer(value.left)
        elif not isinstance(value, Nothing):
            self._leave(waiter)
            waiter.letter.answer(value)
            self._arrived(waiter)
            self._pass_on(waiter)
        elif not waiter.letter.wanted:
            self._keep_place(waiter)
            self._leave(waiter)
            self._pass_on(waiter)
        else:
            # What it waits for may have changed since it was parked.
            self._leave(waiter)
            waiter.answer = value
            if not waiter.again:
                waiter.woken_at = None
            waiter.owes.clear()
            waiter.again = waiter.again or self._came_meanwhile(waiter)
            self._park(waiter)
            self._offer(value.left, after=waiter.number)

    def _came_meanwhile(self, waiter: Waiter) -> bool:
        """Whether the commit that the try was part of told of something for it: that may have come after its turn in that commit."""
        commit, told = self._told_last
        return waiter.writes and commit == self.feed.commits and any(waiter.watch.sees(each) for each in told)

    def _arrived(self, waiter: Waiter) -> None:
        if waiter.woken_at is not None:
            self.delivery.took(Way.WAITER, trio.current_time() - waiter.woken_at)

    def _hand_over(self, waiter: Waiter, answer: Any) -> None:
        if waiter.letter.wanted:
            waiter.letter.answer(answer)
        elif (undoing := waiter.undo(answer)) is not None:
            # Taken for somebody who has left: it goes back at once, instead of when its lease runs out.
            self.store.tell(undoing, urgent=True)

    def _park(self, waiter: Waiter) -> None:
        if self._over or waiter.until <= trio.current_time():
            self._give_up(waiter)
            return
        self.parked.add(waiter)
        for topic in waiter.watch.topics:
            insort(self._lines.setdefault(topic, []), waiter, key=lambda each: each.number)
        if not waiter.timed:
            waiter.timed = True
            # Not by its number in the line, which it may share with one that it has taken the place of.
            heapq.heappush(self._ends, (waiter.until, next(self._parkings), waiter))
            self._earlier_end.set()
        if waiter.again:
            self._try(waiter)

    def _give_up(self, waiter: Waiter) -> None:
        self._keep_place(waiter)
        self._leave(waiter)
        assert waiter.answer is not None
        waiter.letter.answer(waiter.answer.until(self.feed.seq))

    def _left(self, waiter: Waiter) -> None:
        """Its caller is gone, and nothing of it shall stay. One that is trying hears what comes of that first."""
        if waiter.trying:
            return
        self._keep_place(waiter)
        self._leave(waiter)
        self._pass_on(waiter)
        if len(self._ends) > ENDS_SPARE + 2 * len(self.parked):
            self._ends = [end for end in self._ends if end[2] in self.parked]
            heapq.heapify(self._ends)

    def _leave(self, waiter: Waiter) -> None:
        if waiter in self.parked:
            self.parked.remove(waiter)
            for topic in waiter.watch.topics:
                self._lines[topic].remove(waiter)
                if not self._lines[topic]:
                    del self._lines[topic]

    # being woken

    def _heard(self, told: Sequence[object]) -> None:
        self._told_last = self.feed.commits, told
        # Mostly nobody waits, and then there is no need to ask what each thing told is about.
        for each in told if self._lines else ():
            for topic in topics_of(each):
                self._wake(self._lines.get(topic, ()), each)

    def _wake(self, line: Sequence[Waiter], told: object, after: int = -1) -> None:
        busy: list[Waiter] = []
        for waiter in list(line):
            if waiter.number <= after or not waiter.watch.sees(told):
                continue
            if waiter.woken_at is None:
                waiter.woken_at = trio.current_time()
            if waiter.trying:
                # What it tries for is something else, so this is also for whoever comes after it.
                waiter.again = True
                busy.append(waiter)
            elif not waiter.letter.wanted:
                self._leave(waiter)
            elif waiter.watch.is_for_one(told):
                waiter.owes[told] = None
                self._try(waiter)
                return
            else:
                if isinstance(told, Event) and waiter.answer is not None:
                    waiter.answer = waiter.answer.until(told.seq - 1)
                self._try(waiter)
        for waiter in busy:
            if waiter.watch.is_for_one(told):
                waiter.owes[told] = None

    def _offer(self, left: Sequence[object], after: int = -1) -> None:
        """What is still there after a try, to whoever is next. One who is just trying will say what is left after that."""
        for each in left:
            line = [waiter for topic in topics_of(each) for waiter in self._lines.get(topic, ()) if waiter.watch.is_for_one(each)]
            trying = next((waiter for waiter in line if waiter.trying and waiter.watch.sees(each)), None)
            if trying is not None:
                trying.owes[each] = None
            else:
                self._wake(line, each, after)

    def _pass_on(self, waiter: Waiter) -> None:
        """What it took nothing of is offered to the next in line."""
        owed, waiter.owes = list(waiter.owes), {}
        self._offer(owed, after=waiter.number)

    # places and ends

    def _number_for(self, command: Command, now: float) -> int:
        number, until = self._places.pop((command.caller.name, command.request), (-1, 0.0))
        return number if until > now else next(self._numbers)

    def _keep_place(self, waiter: Waiter) -> None:
        command = waiter.letter.message
        key = command.caller.name, command.request
        self._places.pop(key, None)
        self._places[key] = waiter.number, trio.current_time() + PLACE_KEPT_S
        if len(self._places) > PLACES_LIMIT:
            del self._places[next(iter(self._places))]

    async def _end_in_time(self) -> None:
        while True:
            self._earlier_end = trio.Event()
            while self._ends and self._ends[0][0] <= trio.current_time():
                waiter = heapq.heappop(self._ends)[2]
                # One that is trying hears what comes of it.
                if waiter in self.parked and not waiter.trying:
                    self._give_up(waiter)
            with trio.move_on_at(self._ends[0][0] if self._ends else float("inf")):
                await self._earlier_end.wait()
