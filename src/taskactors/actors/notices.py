"""Notices: what every answer tells its agent beside what it asked for, kept in memory from what commits tell.

They are hints, not delivery: they may lag a commit, are never stored, and whoever missed one loses nothing.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import trio
from attrs import Factory, define, evolve, frozen

from ..board.inbox import unread_of
from ..board.settings import BoardSettings
from ..board.view import View
from ..board.watching import ClaimMoved, InboxShown
from ..domain.agent import Agent
from ..domain.caller import LOCAL_PERSON, SERVER, Caller, Kind
from ..domain.events import Event, EventKind
from ..domain.lifecycle import DEADLINE_MS
from ..domain.message import EVERYBODY, Importance, role_addressed
from ..domain.moments import text_of
from ..domain.pausing import targets_of
from ..domain.redacting import INSTEAD
from ..domain.task import Instant
from ..runtime import Address, Place
from ..storage.engine import Snapshot
from .clock import Clock
from .delivery import Delivery, Way
from .feed import Feed
from .orders import Read

UNREAD_COUNTED = 100
"""Nobody needs to know how many more there are."""

SHOWN = 5
"""Of each kind: a notice says that there is something, the tools say what."""

SOON_MS = DEADLINE_MS // 5
"""The last fifth of the time that a claim may last without reported progress."""

UNTOUCHED_MS = 30 * 60 * 1000
"""A claim without a word about it for half an hour may have been forgotten."""

HELD_LIMIT = 100

AGENTS_AT_ONCE = 20
"""Agents looked up in one read at the start, so that no read holds the loop for long."""

ASK_WITHIN_S = 30.0

URGENT = frozenset({Importance.HIGH, Importance.URGENT})


@define
class _Held:
    """A claim. While it is suspended it has no deadline."""

    code: str
    deadline: Instant | None
    touched_at: Instant


@frozen
class _Unread:
    """A message. When it was sent is known of those that were sent while the project has been open."""

    urgent: bool
    sent_at: float | None


@define
class _Known:
    """What is pending for one agent. `unread` has its messages by their numbers."""

    agent: Agent
    unread: dict[int, _Unread] = Factory(dict)
    held: dict[int, _Held] = Factory(dict)
    changed: dict[str, None] = Factory(dict)


@define(eq=False)
class Notices:
    """The notices of one project. They belong to it, so they survive the crash of any desk."""

    store: Address
    feed: Feed
    clock: Clock
    settings: BoardSettings
    delivery: Delivery
    _known: dict[str, _Known] = Factory(dict)
    _paused: dict[str, str | None] = Factory(dict)
    _holders: dict[int, str] = Factory(dict)

    def __attrs_post_init__(self) -> None:
        self.feed.listen(self._heard)

    async def run(self, place: Place) -> None:
        """Look up what is pending, before anybody calls; from then on commits tell."""
        after: str | None = ""
        while after is not None:
            after = await self.store.ask(Read(partial(self._look_up, after)), ASK_WITHIN_S)
        place.ready()
        await place.until_stopped()

    def of(self, name: str) -> Mapping[str, Any]:
        """What this agent should hear with its next answer; what changed under it is said once."""
        known = self._known.get(name)
        if known is None:
            return {}
        found: dict[str, Any] = {}
        if known.unread:
            found["unread"] = len(known.unread) if len(known.unread) < UNREAD_COUNTED else f"{UNREAD_COUNTED}+"
            found["urgent"] = list(islice((number for number, message in known.unread.items() if message.urgent), SHOWN))
        if known.changed:
            found["changed"] = list(islice(known.changed, SHOWN))
            known.changed.clear()
        if known.held:
            found |= self._of_claims(known)
        found["paused"] = self._pause_of(known.agent)
        return {name: value for name, value in found.items() if value}

    def _of_claims(self, known: _Known) -> dict[str, Any]:
        now = self.clock.now()
        running = [(each.code, each.deadline, each.touched_at) for each in known.held.values() if each.deadline is not None]
        return {
            "deadline_soon": [{"code": code, "at": text_of(deadline)} for code, deadline, _ in running if deadline - now <= SOON_MS],
            "untouched": [code for code, _, touched_at in running if now - touched_at >= UNTOUCHED_MS][:SHOWN],
        }

    def _pause_of(self, agent: Agent) -> str | None:
        if not self._paused:
            return None
        reasons = (self._paused[target] or "no reason given" for target in targets_of(agent) if target in self._paused)
        return next(reasons, None)

    # looking up

    def _look_up(self, after: str, snapshot: Snapshot) -> str | None:
        view = View(snapshot, self.clock.now(), Caller(name=SERVER, kind=Kind.SERVER), self.settings)
        if not after:
            self._paused = {pause.target: pause.reason for pause in view.pauses()}
        agents = list(islice(view.agents(after), AGENTS_AT_ONCE))
        for agent in agents:
            known = self._meet(agent)
            known.unread = {each.id: _Unread(each.importance in URGENT, None) for each in unread_of(view, agent, UNREAD_COUNTED)}
            for task in view.tasks_held_by(agent.name, HELD_LIMIT):
                assert task.claim is not None
                self._hold(known, task.id, task.code, task.claim.deadline, max(task.updated_at, task.claim.claimed_at))
        return agents[-1].name if len(agents) == AGENTS_AT_ONCE else None

    # hearing

    def _heard(self, told: Sequence[object]) -> None:
        lost: dict[int, tuple[_Known, str]] = {}
        for each in told:
            match each:
                case Event():
                    self._happened(each, lost)
                case ClaimMoved():
                    self._claim_moved(each, lost)
                case Agent():
                    self._meet(each)
                case InboxShown(agent, upto):
                    self._inbox_shown(agent, upto)

    def _happened(self, event: Event, lost: dict[int, tuple[_Known, str]]) -> None:
        match event.kind:
            case EventKind.MESSAGE_SENT:
                self._message_sent(event)
            case EventKind.PAUSE_SET:
                self._pause_set(event)
            case EventKind.TEXT_REDACTED if event.subject.startswith("pause:"):
                self._paused[event.subject.removeprefix("pause:")] = INSTEAD
            case _ if event.subject.startswith("task:"):
                self._task_changed(event, lost)

    def _meet(self, agent: Agent) -> _Known:
        known = self._known.get(agent.name)
        if known is None:
            known = self._known[agent.name] = _Known(agent)
        known.agent = agent
        return known

    def _claim_moved(self, moved: ClaimMoved, lost: dict[int, tuple[_Known, str]]) -> None:
        if moved.before is not None and moved.before != moved.after and (before := self._known.get(moved.before)) is not None:
            before.held.pop(moved.task_id, None)
            self._holders.pop(moved.task_id, None)
            lost[moved.task_id] = before, moved.code
        if moved.after is not None and (after := self._known.get(moved.after)) is not None:
            self._hold(after, moved.task_id, moved.code, moved.deadline, self.clock.now())

    def _hold(self, known: _Known, task_id: int, code: str, deadline: Instant | None, touched_at: Instant) -> None:
        known.held[task_id] = _Held(code, deadline, touched_at)
        self._holders[task_id] = known.agent.name

    def addressed(self, event: Event) -> list[str]:
        """The agents in whose inboxes a message that was sent has come."""
        return [known.agent.name for known in self._addressed(event)]

    def _message_sent(self, event: Event) -> None:
        number = int(event.subject.partition(":")[2])
        message = _Unread(event.data.get("importance") in URGENT, trio.current_time())
        for known in self._addressed(event):
            if len(known.unread) < UNREAD_COUNTED:
                known.unread[number] = message

    def _inbox_shown(self, agent: str, upto: int) -> None:
        known = self._known.get(agent)
        if known is None:
            return
        now = trio.current_time()
        for number in [number for number in known.unread if number <= upto]:
            message = known.unread.pop(number)
            # What was sent before this start may have been shown before it, too.
            if message.sent_at is not None:
                self.delivery.took(Way.INBOX, now - message.sent_at)

    def _addressed(self, event: Event) -> list[_Known]:
        to, author = str(event.data.get("to")), event.data.get("from")
        return [known for known in self._known_as(to) if known.agent.name != author or known.agent.name == to]

    def _known_as(self, to: str) -> list[_Known]:
        if to == EVERYBODY:
            return list(self._known.values())
        if (role := role_addressed(to)) is not None:
            return [known for known in self._known.values() if known.agent.role == role]
        if to == LOCAL_PERSON and to not in self._known:
            self._meet(Agent(name=LOCAL_PERSON, role="", kind=Kind.HUMAN, registered_at=0, updated_at=0))
        return [self._known[to]] if to in self._known else []

    def _pause_set(self, event: Event) -> None:
        target = event.subject.removeprefix("pause:")
        self._paused.pop(target, None)
        if event.data.get("paused"):
            self._paused[target] = event.data.get("reason")

    def _task_changed(self, event: Event, lost: dict[int, tuple[_Known, str]]) -> None:
        task_id = int(event.subject.partition(":")[2])
        actor = event.acting_for or event.by
        if (taken := lost.pop(task_id, None)) is not None and taken[0].agent.name != actor:
            taken[0].changed[taken[1]] = None
        holder = self._holders.get(task_id)
        if holder is None:
            return
        held = self._known[holder].held[task_id]
        if actor == holder:
            self._known[holder].held[task_id] = evolve(held, touched_at=event.at)
        else:
            self._known[holder].changed[held.code] = None
