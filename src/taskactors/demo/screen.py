"""What a person sees of the demo while it runs: a live table on a terminal, lines elsewhere."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from textwrap import wrap
from typing import Protocol

from attrs import Factory, define
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .board import Json
from .happening import Happening, Kind
from .plan import Plan

HAPPENINGS_SHOWN = 8
"""Enough to follow what is going on; the table needs the rest of the screen."""

HAPPENINGS_LINES = 4
"""They have these at least, however long the table is."""

HEADING_LINES = 6
"""What the table needs beside a line for each task, and the line that the cursor is left on."""

REFRESHES_PER_S = 8

LOOKS: Mapping[str, str] = {
    "Created": "",
    "WaitingForDependency": "dim",
    "InProgress": "yellow",
    "Blocked": "red",
    "Review": "magenta",
    "Done": "green",
    "Archived": "dim green",
    "Quarantined": "bold red",
}
LOUD = frozenset({Kind.PUT_ASIDE, Kind.KILLED, Kind.EXPIRED, Kind.FAILED, Kind.SENT_BACK, Kind.BLOCKED, Kind.LOST, Kind.ENDED})
"""What went wrong is what a person watches for."""


class Screen(Protocol):
    """Whoever shows the demo."""

    def started(self, url: str) -> None:
        """The server is there."""

    def tell(self, it: Happening) -> None:
        """Something happened."""

    def show(self, tasks: Mapping[str, Json]) -> None:
        """This is the board now."""


def told(it: Happening, width: int) -> list[str]:
    """A happening in lines of that width; what goes on from the line before is indented."""
    return wrap(f"{it.who} {it.in_words()}", width, subsequent_indent="  ", break_on_hyphens=False)


@define(eq=False)
class Lines:
    """Every happening as a line, for logs and pipes."""

    console: Console

    def started(self, url: str) -> None:
        self.console.print(f"server at {url}", markup=False, highlight=False)

    def tell(self, it: Happening) -> None:
        for line in told(it, self.console.width):
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, tasks: Mapping[str, Json]) -> None:
        """The happenings say it all."""


@define(eq=False)
class Silence:
    """Nothing: whoever asked for JSON wants the summary alone."""

    def started(self, url: str) -> None:
        """Not shown."""

    def tell(self, it: Happening) -> None:
        """Not shown."""

    def show(self, tasks: Mapping[str, Json]) -> None:
        """Not shown."""


@define(eq=False)
class LiveTable:
    """The board as a table, and the latest happenings under it."""

    plan: Plan
    live: Live
    _url: str = ""
    _tasks: Mapping[str, Json] = Factory(dict)
    _done_by: dict[str, str] = Factory(dict)
    _latest: deque[Happening] = Factory(lambda: deque(maxlen=HAPPENINGS_SHOWN))

    def started(self, url: str) -> None:
        self._url = url
        self._draw()

    def tell(self, it: Happening) -> None:
        self._latest.append(it)
        if it.kind in (Kind.DONE, Kind.APPROVED):
            # The work was the author's, whoever says that it is finished.
            self._done_by[it.task] = it.other or it.who
        self._draw()

    def show(self, tasks: Mapping[str, Json]) -> None:
        self._tasks = tasks
        self._draw()

    def _draw(self) -> None:
        width, height = self.live.console.size
        lines = [Text(line, "bold" if it.kind in LOUD else "") for it in self._latest for line in told(it, width)]
        room = max(HAPPENINGS_LINES, min(HAPPENINGS_SHOWN, height - HEADING_LINES - len(self.plan.tasks)))
        self.live.update(Group(self._board(), *lines[-room:]))

    def _board(self) -> Table:
        table = Table(title=Text(f"{self.plan.title} · {self._url}"), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("task", no_wrap=True)
        table.add_column("what", no_wrap=True, overflow="ellipsis")
        table.add_column("state", no_wrap=True, min_width=max(map(len, LOOKS)))
        table.add_column("who", no_wrap=True, min_width=max(len(member.name) for member in self.plan.team))
        table.add_column("failed", justify="right")
        for planned in self.plan.tasks:
            task = self._tasks.get(planned.code, {})
            state = str(task.get("state", ""))
            who = task.get("claim", {}).get("agent") or self._done_by.get(planned.code, "")
            row = (planned.code, planned.name, Text(state, LOOKS.get(state, "")), who, str(task.get("attempts") or ""))
            table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
        return table


@contextmanager
def screen_for(plan: Plan, console: Console, as_json: bool) -> Iterator[Screen]:
    """The screen that suits where the output goes."""
    if as_json:
        yield Silence()
    elif console.is_terminal:
        with Live(console=console, refresh_per_second=REFRESHES_PER_S) as live:
            yield LiveTable(plan, live)
    else:
        yield Lines(console)
