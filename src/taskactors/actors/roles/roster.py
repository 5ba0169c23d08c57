"""The roster: the six roles as data. Adding a role is adding a row; one with work of its own has its own desk."""

from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import frozen

from ...board.settings import BoardSettings
from ...runtime import Address
from ..auditing import Auditing
from ..backups import Backups
from ..clock import Clock
from ..feed import Feed
from ..history import History
from ..indexing import Indexing
from ..presence import Presence
from ..statistics import Statistics
from ..store_health import StoreHealth
from ..threads import OffLoop
from ..tools import Tool
from ..updates import Updates
from ..waiting import Waiting
from ..workspace.facts import Surroundings
from .architect import ArchitectDesk
from .database import DatabaseDesk
from .desk import Desk
from .docs import DocsDesk
from .integrator import IntegratorDesk
from .qa import QaDesk


class Setting(Protocol):
    @property
    def settings(self) -> BoardSettings: ...
    @property
    def tools(self) -> Mapping[str, Tool]: ...
    @property
    def surroundings(self) -> Callable[[], Surroundings]: ...
    @property
    def off_loop(self) -> OffLoop: ...
    @property
    def access(self) -> Address | None: ...


class Surrounded(Protocol):
    """What a desk may be given of its project."""

    store: Address
    clock: Clock
    feed: Feed
    waiting: Waiting
    presence: Presence
    statistics: Statistics
    indexing: Indexing
    health: StoreHealth
    backups: Backups
    history: History
    auditing: Auditing
    updates: Updates

    @property
    def setting(self) -> Setting: ...


@frozen
class Role:
    """One role: its name, which is also its place, and how its desk is made."""

    name: str
    desk: Callable[[Surrounded], Desk]


def _shared(of: Surrounded) -> tuple[Mapping[str, Tool], Address, BoardSettings, Clock, Waiting]:
    return of.setting.tools, of.store, of.setting.settings, of.clock, of.waiting


def _plain(of: Surrounded) -> Desk:
    return Desk(*_shared(of))


def _architect(of: Surrounded) -> Desk:
    return ArchitectDesk(*_shared(of), feed=of.feed)


def _database(of: Surrounded) -> Desk:
    return DatabaseDesk(
        *_shared(of),
        health=of.health,
        started_at=of.clock.now(),
        backups=of.backups,
        history=of.history,
        auditing=of.auditing,
        access=of.setting.access,
    )


def _integrator(of: Surrounded) -> Desk:
    return IntegratorDesk(
        *_shared(of),
        surroundings=of.setting.surroundings,
        off_loop=of.setting.off_loop,
        presence=of.presence,
        updates=of.updates,
    )


def _qa(of: Surrounded) -> Desk:
    return QaDesk(*_shared(of), statistics=of.statistics, auditing=of.auditing)


def _docs(of: Surrounded) -> Desk:
    return DocsDesk(*_shared(of), surroundings=of.setting.surroundings, off_loop=of.setting.off_loop, indexing=of.indexing)


ROSTER: tuple[Role, ...] = (
    Role("architect", _architect),
    Role("backend", _plain),
    Role("database", _database),
    Role("mcp-integrator", _integrator),
    Role("qa", _qa),
    Role("docs", _docs),
)
