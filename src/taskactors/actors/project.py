"""One project alive: its supervision tree, and the way a call goes through it."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import Factory, evolve, frozen

from ..board.change import as_server
from ..board.passing import Outlook, give_grace, outlook
from ..board.requests.admin import DropHistory
from ..board.settings import BoardSettings
from ..runtime import Address, Child, Letter, Observer, Place, RestartBudget, Supervisor
from ..storage.engine import Engine, Transaction
from .auditing import Auditing
from .backups import Backups, BackupSettings
from .calls import Call, size_of
from .clock import MS, Clock
from .delivery import Delivery
from .due_note import DueNote
from .feed import Feed
from .history import History
from .in_hand import InHand
from .indexing import Indexing
from .notices import Notices
from .orders import Read, Write
from .presence import Presence
from .refusals import Stopping, UnknownOutcome
from .roles.roster import ROSTER
from .router import Router
from .search_index import SearchIndex
from .standing import Standing
from .statistics import Statistics
from .store import Store
from .store_health import StoreHealth
from .threads import OffLoop, own_threads
from .timers import Timers
from .tools import Tool
from .updates import Updates
from .waiting import Waiting
from .wellbeing import Condition, Whereabouts, troubles
from .workspace.facts import Surroundings

RESTARTS = RestartBudget(restarts=5, within_s=60)
"""A desk that crashes more often than this has a fault that restarting will not mend; the project then closes and says why."""

BOX = 1024
"""Letters that may wait in a desk's box: a second of work at full speed; beyond it callers are told to come back."""

KEPT_FREE = BOX // 10
"""Room kept for finishing work, so that overload sheds new work and never the end of old."""

BOX_BYTES = 32 << 20
"""The same letters by what they hold: thousands of usual calls, and few of the largest, of which a thousand would take a gigabyte."""

STOP_WITHIN_S = 1.0
STORE_STOP_WITHIN_S = 2.0
START_WITHIN_S = 10.0
STORE_START_WITHIN_S = 120.0
"""After an unclean stop the store checks its whole file before it serves; a large one takes its time."""

GRACE_WITHIN_S = 60.0
LOOK_AHEAD_WITHIN_S = 30.0


@frozen(kw_only=True)
class ProjectSetting:
    """What one project is made of."""

    name: str
    open_engine: Callable[[], Engine]
    settings: BoardSettings
    tools: Mapping[str, Tool]
    surroundings: Callable[[], Surroundings]
    observe: Observer
    off_loop: OffLoop = Factory(own_threads)
    due_note: DueNote | None = None
    backups: BackupSettings | None = None
    keep_history: DropHistory | None = None
    access: Address | None = None
    """Who keeps the server's tokens; None when it has none."""


class Project:
    """The tree of one project. Made new for every start; its supervisor runs once. All its lives have one clock."""

    def __init__(self, setting: ProjectSetting, clock: Clock) -> None:
        self.setting = setting
        self.clock = clock
        self.presence = Presence()
        self.feed = Feed()
        self.health = StoreHealth()
        self._in_hand = InHand()
        store = Child(
            "store",
            self._run_store,
            capacity=BOX,
            reserved=KEPT_FREE,
            capacity_bytes=BOX_BYTES,
            stop_within_s=STORE_STOP_WITHIN_S,
            start_within_s=STORE_START_WITHIN_S,
        )
        self.store = store.address
        self.statistics = Statistics(self.feed)
        self.indexing = Indexing(
            index=SearchIndex(self.feed),
            store=self.store,
            feed=self.feed,
            clock=clock,
            settings=setting.settings,
            off_loop=setting.off_loop,
        )
        self.delivery = Delivery()
        self.standing = Standing(self.store, self.feed, self.clock, setting.settings)
        self.waiting = Waiting(self.store, self.feed, self.delivery)
        self.notices = Notices(self.store, self.feed, self.clock, setting.settings, self.delivery)
        self.backups = Backups(setting.backups, self.store, self.clock, setting.off_loop)
        self.auditing = Auditing(self.store, self.feed, setting.settings)
        self.history = History(setting.keep_history, self.store, self.clock, setting.settings)
        self.updates = Updates(self.feed, self.notices)
        timers = Timers(self.store, self.clock, self.feed, self.presence, setting.settings)
        roles = self._roles()
        router = Router(setting.tools, {child.name: child.address for child in roles.children}, self.presence, self.clock)
        routing = Child(
            "router",
            router.run,
            capacity=BOX,
            reserved=KEPT_FREE,
            capacity_bytes=BOX_BYTES,
            stop_within_s=STOP_WITHIN_S,
            start_within_s=START_WITHIN_S,
        )
        self.router = routing.address
        # In this order a child starts after all that it sends to, and stops before any of them.
        self.supervisor = Supervisor(
            setting.name,
            [
                store,
                Child("grace", self._give_grace, capacity=1, stop_within_s=STOP_WITHIN_S, start_within_s=GRACE_WITHIN_S),
                Child("notices", self.notices.run, capacity=1, stop_within_s=STOP_WITHIN_S, start_within_s=GRACE_WITHIN_S),
                Child("indexing", self.indexing.run, capacity=1, stop_within_s=STOP_WITHIN_S, start_within_s=START_WITHIN_S),
                Child("waiting", self.waiting.run, capacity=1, stop_within_s=STOP_WITHIN_S, start_within_s=START_WITHIN_S),
                Child("timers", timers.run, capacity=1, stop_within_s=STOP_WITHIN_S, start_within_s=START_WITHIN_S),
                roles.as_child(),
                routing,
            ],
            RESTARTS,
            setting.observe,
        )

    async def call(self, call: Call, within_s: float) -> Mapping[str, Any]:
        """Send one call through the tree. Raises Refusal, UnknownTool, and the runtime's own faults."""
        answer: Mapping[str, Any] = await self.router.ask(call, within_s, self._is_urgent(call), size_of(call.arguments))
        return answer

    def post(self, letter: Letter[Call]) -> None:
        """Send one call through the tree, to be answered on its letter. Raises MailboxFull and ActorGone."""
        letter.size = size_of(letter.message.arguments)
        self.router.post(letter, self._is_urgent(letter.message))

    def _is_urgent(self, call: Call) -> bool:
        tool = self.setting.tools.get(call.tool)
        return tool is not None and tool.urgent

    def depths(self) -> Mapping[str, int]:
        """How many letters wait in each actor's box."""
        places = [inner for child in self.supervisor.children for inner in (child, *child.inner)]
        return {child.name: child.mailbox.depth for child in places if child.capacity > 1}

    def condition(self) -> Condition:
        """How it is, as long as it is open."""
        batch = self._in_hand.batch
        committing_s = 0.0 if batch is None else (self.clock.now() - batch.now) / MS
        why = troubles(self.health, self.auditing, self.backups, committing_s)
        return Condition(whereabouts=Whereabouts.OPEN, why=why, last_commit_at=self.health.last_commit_at)

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits here for something, or a duty is in the middle of its work."""
        return bool(self.waiting.parked) or self.backups.under_way

    async def look_ahead(self) -> Outlook:
        """What is to come here if nobody calls. Raises Refusal and the runtime's faults."""
        return self._with_duties(await self.store.ask(Read(outlook), LOOK_AHEAD_WITHIN_S))

    @property
    def ahead_at_end(self) -> Outlook | None:
        """The same after the end of the tree; None when the store did not come to a good end."""
        ahead = self._in_hand.outlook
        return self._with_duties(ahead) if ahead is not None else None

    def _with_duties(self, ahead: Outlook) -> Outlook:
        due = [at for at in (ahead.next_due, self.backups.due_after(ahead.last_event_at)) if at is not None]
        return evolve(ahead, next_due=min(due, default=None))

    def abandon(self) -> None:
        """After the end of the tree: whoever the store still owed an answer hears that there will be none."""
        self.indexing.index.close()
        for letter in self._in_hand.waiting:
            letter.refuse(Stopping())
        # Its commit may have gone through before all of this ended.
        for letter in self._in_hand.batch.letters if self._in_hand.batch else ():
            letter.refuse(UnknownOutcome(command=letter.message.command))

    def _roles(self) -> Supervisor:
        desks = [
            Child(
                role.name,
                role.desk(self).run,
                capacity=BOX,
                reserved=KEPT_FREE,
                capacity_bytes=BOX_BYTES,
                stop_within_s=STOP_WITHIN_S,
                start_within_s=START_WITHIN_S,
            )
            for role in ROSTER
        ]
        return Supervisor("roles", desks, RESTARTS, self.setting.observe)

    async def _run_store(self, place: Place) -> None:
        setting = self.setting
        await Store(setting.open_engine, self.clock, self.feed, self._in_hand, self.health, setting.off_loop).run(place)

    async def _give_grace(self, place: Place) -> None:
        """Once per start of the project, before time runs: leases that ran out while nobody served get a last chance."""

        def unit(transaction: Transaction) -> int:
            return give_grace(as_server(transaction, "start", self.setting.settings))

        await self.store.ask(Write(unit, "start"), GRACE_WITHIN_S)
        place.ready()
        await place.until_stopped()
