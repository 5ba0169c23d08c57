"""The watch: what an attack may never do to the server, looked for from outside: end it, make it log, grow it, change what it keeps."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from attrs import Factory, define

from tests.fuzz.control_line import ControlLine, control_at
from tests.fuzz.neighbours import PROJECT
from tests.fuzz.place import GHOST, OPEN, STILL
from tests.support.server_process import ServerProcess

GROWTH_KIB = 20 << 10
"""What the server's own memory may grow by over a whole run, after the first attacks have shown it everything once: the data that the
attacks were allowed to make is in it.
"""

WARMED_UP_AFTER = 400
"""Attacks, of all kinds, until everything that is loaded or made on first use is."""

QUIET = re.compile(r"timestamp=\S+ level=(debug|info) ")
TURNED_AWAY = re.compile(
    r'timestamp=\S+ level=warning event="(a client was|clients were) turned away( again)?" reason=(?!"connection ended)'
)
"""What is said of those who are turned away; that a connection broke would be an error, whoever is told to have had it."""

TURNED_AWAY_A_MINUTE = 60
"""Lines of that kind: thousands are turned away in a minute, from many networks, and nobody may fill a disk with that."""

LOOKED_EVERY = 10
"""Attacks between two looks at what nothing may change."""

ENDS_WITHIN_S = 0.5
"""A process that dies is gone by then."""

OPEN_AFTERWARDS = 12
"""Files that the server may have open more than at the beginning once everybody has left: projects that were opened since."""

CLOSED_WITHIN_LOOKS = 5_000
"""As often is it looked, each time asking the server something, until the files of those who left are closed."""


@define(eq=False)
class Watch:
    """Looks at one server from outside."""

    server: ServerProcess
    control: ControlLine
    memory_kib: list[tuple[int, int]] = Factory(list)
    """How many attacks there were, and how much memory the server had then."""

    _attacks: int = 0
    _still: dict[str, int] = Factory(dict)
    _tokens: list[str] = Factory(list)
    _logged: int = 0
    _turned_away: int = 0
    _began: float = Factory(time.monotonic)
    _files: int = 0

    def begin(self) -> None:
        """Note how everything is."""
        self._still = {project: self._events(project) for project in (STILL, PROJECT)}
        self._tokens = self._token_ids()
        self._logged = self._log().stat().st_size
        self._files = self._open_files()

    @property
    def is_ended(self) -> bool:
        """Whether there is no server any more."""
        return self.server.process.poll() is not None

    def ended(self) -> str | None:
        """How the server ended, if it did; asked when something went wrong, as whoever notices may be quicker than the system."""
        with suppress(subprocess.TimeoutExpired):
            self.server.process.wait(ENDS_WITHIN_S)
        return f"the server ended with {self.server.process.returncode}: {self._log().read_text()[-2_000:]}" if self.is_ended else None

    def after_each(self) -> str | None:
        """What is wrong now, if anything is."""
        self._attacks += 1
        if self._attacks % WARMED_UP_AFTER == 0:
            self.memory_kib.append((self._attacks, self._memory_kib()))
        logged = self._wrongly_logged()
        return logged or (self.changed() if self._attacks % LOOKED_EVERY == 0 else None)

    def changed(self) -> str | None:
        """What has changed that nothing may change."""
        for project, events in self._still.items():
            if (now := self._events(project)) != events:
                self._still[project] = now
                return f"project {project}, in which nothing may happen, went from {events} events to {now} in {LOOKED_EVERY} attacks"
        if (self.server.data / "projects" / GHOST).exists():
            return f"somebody without a token made project {GHOST}"
        return None if self._token_ids() == self._tokens else "there are other tokens than before"

    def at_the_end(self) -> list[str]:
        """What is wrong when everybody has left, before and after the server is stopped."""
        found = [self.changed(), self._left_open(), self._grown(), self._wrongly_logged()]
        code = self.server.stop()
        found.append(f"the server stopped with {code}" if code else self._wrongly_logged())
        return [each for each in found if each]

    def made(self) -> int:
        """How many events there are of what the attacks were allowed to do."""
        return self._events(OPEN)

    @property
    def grown_kib(self) -> int:
        """What its memory grew by since it was warmed up."""
        return self._memory_kib() - self.memory_kib[0][1] if self.memory_kib else 0

    def _grown(self) -> str | None:
        grown = self.grown_kib
        self.memory_kib.append((self._attacks, self._memory_kib()))
        return f"its memory grew by {grown} KiB: {self.memory_kib}" if grown > GROWTH_KIB else None

    def _left_open(self) -> str | None:
        for _ in range(CLOSED_WITHIN_LOOKS):
            files = self._open_files()
            if files <= self._files + OPEN_AFTERWARDS:
                return None
            self._events(PROJECT)
        return f"{files} files are open when everybody has left, and {self._files} were before"

    def _wrongly_logged(self) -> str | None:
        log = self._log()
        if log.stat().st_size == self._logged:
            return None
        with log.open("rb") as file:
            file.seek(self._logged)
            lines = file.read().decode(errors="replace").splitlines()
        self._logged = log.stat().st_size
        loud = [line for line in lines if not QUIET.match(line) and not TURNED_AWAY.match(line)]
        self._turned_away += sum(TURNED_AWAY.match(line) is not None for line in lines)
        minutes = 1 + (time.monotonic() - self._began) / 60
        if self._turned_away > TURNED_AWAY_A_MINUTE * minutes:
            return f"{self._turned_away} lines of the log say in {minutes:.0f} minutes that somebody was turned away"
        return f"the log says {loud[0][:1_000]}" if loud else None

    def _open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def _memory_kib(self) -> int:
        """Its own memory: what it has mapped of files the system can take back."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(status.split("RssAnon:")[1].split()[0])

    def _events(self, project: str) -> int:
        return int(self.control.call("health_check", _={"project": project})["events"])

    def _token_ids(self) -> list[str]:
        return [each["id"] for each in self.control.call("admin.list_tokens")["items"]]

    def _log(self) -> Path:
        return self.server.errors


@contextmanager
def watching(server: ServerProcess) -> Iterator[Watch]:
    """A watch that begins here."""
    with closing(control_at(str(server.facts["control"]))) as control:
        watch = Watch(server, control)
        watch.begin()
        yield watch
