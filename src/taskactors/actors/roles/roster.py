"""The roster: the six roles as data. Adding a role is adding a row; one with work of its own has its own desk."""

from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import frozen

from ...board.settings import BoardSettings
from ...runtime import Address
from ..clock import Clock
from ..store import StoreHealth
from ..tools import Tool
from ..workspace.facts import Surroundings
from .database import DatabaseDesk
from .desk import Desk
from .docs import DocsDesk
from .integrator import IntegratorDesk


class Setting(Protocol):
    @property
    def settings(self) -> BoardSettings: ...
    @property
    def tools(self) -> Mapping[str, Tool]: ...
    @property
    def surroundings(self) -> Callable[[], Surroundings]: ...


class Surrounded(Protocol):
    """What a desk may be given of its project."""

    store: Address
    clock: Clock
    health: StoreHealth

    @property
    def setting(self) -> Setting: ...


@frozen
class Role:
    """One role: its name, which is also its place, and how its desk is made."""

    name: str
    desk: Callable[[Surrounded], Desk]


def _plain(of: Surrounded) -> Desk:
    return Desk(of.setting.tools, of.store, of.setting.settings, of.clock)


def _database(of: Surrounded) -> Desk:
    return DatabaseDesk(of.setting.tools, of.store, of.setting.settings, of.clock, health=of.health, started_at=of.clock.now())


def _integrator(of: Surrounded) -> Desk:
    return IntegratorDesk(of.setting.tools, of.store, of.setting.settings, of.clock, surroundings=of.setting.surroundings)


def _docs(of: Surrounded) -> Desk:
    return DocsDesk(of.setting.tools, of.store, of.setting.settings, of.clock, surroundings=of.setting.surroundings)


ROSTER: tuple[Role, ...] = (
    Role("architect", _plain),
    Role("backend", _plain),
    Role("database", _database),
    Role("mcp-integrator", _integrator),
    Role("qa", _plain),
    Role("docs", _docs),
)
