"""The witness check: the log says in which order everything happened, and every answer must be true of that order.

The work grows with the length of the run and no faster, so every run can be checked, however long.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop
from itertools import combinations

from attrs import Factory, define, evolve

from tests.linear import naming
from tests.linear.acts import Act, acts_of, is_told
from tests.linear.history import Call, repeated
from tests.linear.log import Event
from tests.linear.model import Outcome, step
from tests.linear.reasons import Reason, Rejected
from tests.linear.state import State

NOT_TAKEN = {"overloaded", "store_full", "stopping", "internal"}
"""Refusals that may come at any time, and promise that nothing was changed."""

LEARNT = -2
"""The first of the lines, counted down, of calls that only a repeat told of."""

LOST_AT_ONCE = 3
"""Calls of one client without an answer that may have moved its place in its inbox; nobody loses more before they read again."""


def check(history: Sequence[Call], log: Sequence[Event]) -> State:
    """Raises Rejected, with the reason, unless the log explains every answer and the calls every event. Returns the last state."""
    naming.require_gapless(log)
    acts = acts_of(log)
    actors = actors_of(history, acts)
    walk = Walk(acts, actors, repeated(history))
    walk.begin(call for call in learnt(history, set(actors.values())) if call.refused not in NOT_TAKEN)
    walk.run()
    naming.require_no_early_end(history, log)
    return walk.state


def learnt(history: Sequence[Call], acting: set[Call]) -> list[Call]:
    """The history with what repeats have told of calls that nobody heard of: done before, and answered so."""
    told = {(call.client, call.tool, call.key) for call in [*acting, *(each for each in history if each.succeeded)]}
    replays: dict[tuple[str, str, str | None], Call] = {}
    for call in sorted(history, key=lambda each: each.until):
        if call.reply is not None and "replayed" in call.reply:
            replays.setdefault((call.client, call.tool, call.key), call)
    found: list[Call] = []
    for call in sorted(history, key=lambda each: each.invoked):
        command = call.client, call.tool, call.key
        if call.reply is None and command in replays and command not in told:
            told.add(command)
            reply = {name: value for name, value in (replays[command].reply or {}).items() if name != "replayed"}
            # Its client went on without it, so it is in nobody's line.
            call = evolve(call, reply=reply, answered=replays[command].answered, line=LEARNT - len(found))
        found.append(call)
    return found


def actors_of(history: Sequence[Call], acts: Sequence[Act]) -> dict[Act, Call]:
    """For each act the call that made it. A repeat is the same command, and acts once, by whichever of its calls was told so."""
    by_key: dict[tuple[str, str], list[Call]] = {}
    for call in sorted(history, key=lambda each: each.invoked):
        if call.key is not None:
            by_key.setdefault((call.client, call.key), []).append(call)
    actors: dict[Act, Call] = {}
    done: dict[tuple[str, str], Act] = {}
    for act in acts:
        if not act.is_call:
            continue
        key = act.by, act.command
        if key not in by_key:
            raise Rejected(Reason.NO_CALL, act.events[0])
        if act.is_joining and _goes_on(by_key[key]):
            continue
        if key in done:
            raise Rejected(Reason.ACTED_TWICE, act.events[0], done[key].events[0])
        done[key], actors[act] = act, _actor(by_key[key], act)
    return actors


def _goes_on(calls: Sequence[Call]) -> bool:
    """Whether the command may be tried again after it found nothing: by the server while the caller waits, or by the caller."""
    return len(calls) > 1 or bool(calls[0].given.get("wait_s"))


def _actor(calls: Sequence[Call], act: Act) -> Call:
    told = [call for call in calls if call.succeeded or (act.is_joining and call.reply is not None and call.refused is None)]
    if len(told) > 1:
        raise Rejected(Reason.REPLAYED_OTHERWISE, *told)
    unknown = [call for call in calls if call.reply is None]
    if not told and not unknown:
        raise Rejected(Reason.REFUSED_BUT_DONE, calls[0], act.events[0])
    return (told or unknown)[0]


@define(eq=False)
class Walk:
    """One pass over the log. Whoever acted is placed at their events; any other call as early as its answer is true.

    As early as possible is never wrong, because those change nothing that others see. `trail` are the states there were.
    """

    acts: Sequence[Act]
    actors: dict[Act, Call]
    again: set[tuple[str, str, str]]
    state: State = Factory(State)
    trail: list[State] = Factory(list)
    since: dict[Call, int] = Factory(dict)
    """From which state in the trail on a call could have been placed."""

    _acting: set[Call] = Factory(set)
    _lines: dict[tuple[str, int], list[Call]] = Factory(dict)
    _lost: dict[str, list[Call]] = Factory(dict)
    _ends: list[tuple[float, int, Call]] = Factory(list)
    _placed: set[Call] = Factory(set)

    def begin(self, calls: Iterable[Call]) -> None:
        """Take in the calls. What nobody heard of and the log does not tell of may never have happened."""
        self._acting = set(self.actors.values())
        for call in sorted(calls, key=lambda each: -each.invoked):
            if call.reply is not None:
                self._lines.setdefault((call.client, call.line), []).append(call)
            if call.reply is not None or call in self._acting:
                self._ends.append((call.until, len(self._ends), call))
            elif call.tool == "read_inbox" or self._is_again(call):
                self._lost.setdefault(call.client, []).insert(0, call)
        heapify(self._ends)

    def run(self) -> None:
        """Raises Rejected."""
        self._place_what_is_true()
        for act in self.acts:
            self._apply(act)
            self._place_what_is_true()
        if (left := self._first_to_end()) is not None:
            raise self._lost_success() or naming.stuck(self, left)

    def outcome(self, state: State, call: Call) -> Outcome:
        """What a call comes to in a state."""
        return step(state, call.client, call.tool, call.given, call.key if self._is_again(call) else None)

    def _is_again(self, call: Call) -> bool:
        return call.key is not None and (call.client, call.tool, call.key) in self.again

    # acts

    def _apply(self, act: Act) -> None:
        call = self.actors.get(act)
        if call is None:
            self._apply_own(act)
            return
        self._require_next(call, act)
        outcome = self.outcome(self.state, call)
        if not act.tells(outcome.events):
            raise self._lost_success() or naming.untold(self.state, call, act, outcome)
        if call.reply is not None and call.reply != outcome.reply:
            raise self._lost_success() or naming.untrue(self, call, outcome)
        self.state = outcome.state
        self._place(call)

    def _lost_success(self) -> Rejected | None:
        """What was answered and would be true if only the log had it; all that builds on it looks wrong, too."""
        for line in self._lines.values():
            call = line[-1] if line else None
            if call is not None and call not in self._acting and call in self.since and call.succeeded:
                outcome = self.outcome(self.state, call)
                if is_told(outcome) and outcome.reply == call.reply:
                    return Rejected(Reason.NO_EVENT, call)
        return None

    def _apply_own(self, act: Act) -> None:
        outcome = act.own_step(self.state)
        if not act.tells(outcome.events):
            raise self._lost_success() or Rejected(Reason.WRONG_EVENT, act.events[0], outcome.events or outcome.reply)
        self.state = outcome.state

    def _require_next(self, call: Call, act: Act) -> None:
        """Nothing that was over before this call began may come after it."""
        first = self._first_to_end()
        if first is None or first is call or first.until > call.invoked:
            return
        for until, _, other in sorted(self._ends, key=lambda each: each[0]):
            if other in self._acting and other not in self._placed and until < call.invoked:
                raise Rejected(Reason.ORDER, other, call, act.events[0])
        raise self._lost_success() or naming.stuck(self, first)

    # whatever else was answered

    def _place_what_is_true(self) -> None:
        self.trail.append(self.state)
        more = True
        while more:
            more = False
            for line in self._lines.values():
                # What one is placed for may be what another waits for.
                more = self._place_next_of(line) or more

    def _place_next_of(self, line: list[Call]) -> bool:
        placed = False
        while line and line[-1] not in self._acting and self._may_come(line[-1]) and self._is_true(line[-1]):
            self._place(line[-1])
            placed = True
        return placed

    def _may_come(self, call: Call) -> bool:
        first = self._first_to_end()
        if first is not None and first.until < call.invoked:
            return False
        self.since.setdefault(call, len(self.trail) - 1)
        return True

    def _is_true(self, call: Call) -> bool:
        """Whether the answer is true now; if so, what it changes for its own client is done."""
        lost = [each for each in self._lost.get(call.client, ()) if each.invoked < call.until]
        for many in range(min(len(lost), LOST_AT_ONCE) + 1):
            for happened in combinations(lost, many):
                state = self.state
                for each in happened:
                    state = self._silently(state, each)
                outcome = self.outcome(state, call)
                if outcome.reply == call.reply and not outcome.events:
                    self.state = outcome.state
                    self._lost[call.client] = [each for each in self._lost.get(call.client, ()) if each not in happened]
                    return True
        return False

    def _silently(self, state: State, call: Call) -> State:
        outcome = self.outcome(state, call)
        return state if outcome.events else outcome.state

    def _place(self, call: Call) -> None:
        self._placed.add(call)
        if call.reply is not None:
            self._lines[call.client, call.line].remove(call)

    def _first_to_end(self) -> Call | None:
        while self._ends and self._ends[0][2] in self._placed:
            heappop(self._ends)
        return self._ends[0][2] if self._ends else None
