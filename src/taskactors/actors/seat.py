"""The seat: where one project is over all its lives. It is opening, open, resting until it is wanted, or failed and tried again."""

from collections.abc import Callable, Iterable

import trio
from attrs import Factory, define

from ..domain.errors import Refusal
from ..loglines import Log
from ..runtime import ActorCrashed, ActorGone, AskTimedOut, MailboxFull, StartFailed, TooManyRestarts
from .calls import Connection
from .clock import MS, Clock
from .due_note import Noted
from .listeners import Listeners
from .project import Project, ProjectSetting
from .refusals import ProjectUnavailable, Stopping
from .wellbeing import Condition, Whereabouts

OPEN_WITHIN_S = 30.0
"""How long a call waits for its project to open: as long as for its answer, and less than clients wait."""

BACK_OFF_S = (1.0, 60.0)
"""A project that failed is tried again after a second, then after twice as long each time, up to a minute."""

SETTLED_AFTER_S = 60.0
"""A project that has run this long before it failed starts its back-off anew."""

QUIET_S = 600.0
"""A project that nobody has called for so long may rest: longer than an agent thinks between two calls."""

LOOK_EVERY_S = 60.0
"""How soon it is noticed that whatever else kept a quiet project up is over."""

AHEAD_S = 3600.0
"""What is due within the hour is waited for: a project is not stopped only to be started again."""

EARLY_S = 2.0
"""So long before something is due the project is started for it, to be open by then."""

SLOW_STOP_S = 15.0
"""A stop that takes longer hangs on something that whoever runs the server should know of."""

log = Log(__name__)


@define(eq=False)
class Seat:
    """One project's place. Callers hold on to the seat, and it sees to it that there is a project when one is wanted."""

    name: str
    setting_of: Callable[[str], ProjectSetting]
    listeners: Listeners
    connections: Callable[[], Iterable[Connection]]
    clock: Clock
    rests: bool
    project: Project | None = None
    failure: str | None = None
    """Why there is none now; None while it is tried again."""
    last_failure: str | None = None
    """Why there was none when it was last tried, until it is open."""
    looked: trio.Event = Factory(trio.Event)
    """Whether it is known by now how it is with this project: open, resting, or failed."""
    _life: Project | None = None
    _noted: Noted | None = None
    _resting: bool = False
    _ended: bool = False
    _calls: int = 0
    _uses: int = 0
    _used_at: float = 0.0
    _failures: int = 0
    _retry_at: float = 0.0
    _settled: trio.Event = Factory(trio.Event)
    _wanted: trio.Event = Factory(trio.Event)
    _over: trio.Event = Factory(trio.Event)

    # for callers

    def want(self) -> None:
        """Somebody wants the project open; one that rests is started."""
        self._wanted.set()

    async def opened(self) -> Project:
        """The project, started first when it rests or is just being stopped. Raises ProjectUnavailable, Stopping."""
        with trio.move_on_after(OPEN_WITHIN_S):
            while self.project is None and self.failure is None and not self._ended:
                self.want()
                await self._settled.wait()
        if self.project is None:
            raise self.unavailable()
        return self.project

    def unavailable(self) -> Refusal:
        """Why there is no project to call."""
        if self._ended:
            return Stopping()
        if self.failure is None:
            why = "it is being stopped, and that takes long" if self._resting else "it is being started"
            return ProjectUnavailable(project=self.name, why=why, retry_after_ms=MS)
        left_s = max(0.0, self._retry_at - trio.current_time())
        return ProjectUnavailable(project=self.name, why=self.failure, retry_after_ms=int(left_s * MS) + 1)

    def condition(self) -> Condition:
        """How this project is now."""
        if self.project is not None:
            return self.project.condition()
        if self.last_failure is not None:
            return Condition(whereabouts=Whereabouts.FAILED, why=(f"it could not be opened: {self.last_failure}",))
        return Condition(whereabouts=Whereabouts.RESTING if self._resting else Whereabouts.STARTING)

    def call_began(self) -> None:
        """A call is under way; while it is, the project stays."""
        self._calls += 1
        self._uses += 1

    def call_ended(self) -> None:
        """It was answered, or its caller left."""
        self._calls -= 1
        self._used_at = trio.current_time()

    # lives

    async def keep(self) -> None:
        """Life after life, until `stop`: with a pause after each that failed, and a rest when there is nothing to do."""
        if not self._wanted.is_set():
            self._noted = await self._read_note()
            self._resting = self._noted is not None
        while not self._ended:
            if self._resting:
                await self._rest()
                continue
            began = trio.current_time()
            await self._live()
            if self.failure is not None and not self._ended:
                await self._back_off(began)

    async def stop(self) -> None:
        """End this life as it should be ended, and begin no other."""
        self._ended = True
        self._over.set()
        self._wanted.set()
        self._settled.set()
        if self._life is not None:
            await self._life.supervisor.stop()

    async def _live(self) -> None:
        self.failure = self._noted = None
        if self._settled.is_set():
            # Else somebody waits for it already.
            self._settled = trio.Event()
        setting, project = self.setting_of(self.name), None
        try:
            await self._clear_note(setting)
            project = self._life = Project(setting, self.clock)
            project.updates.listeners = self.listeners
            async with trio.open_nursery() as nursery:
                await nursery.start(self._run, project, nursery.cancel_scope)
                self._meet(project)
                self._used_at, self.project, self.last_failure = trio.current_time(), project, None
                self._tell()
                if self.rests:
                    nursery.start_soon(self._rest_when_idle, project)
        except* Exception as failed:  # a project's end, whatever it is, must not reach its neighbours
            self.failure = self.last_failure = self._cause(failed)
        finally:
            self.project = self._life = None
            if project is not None:
                project.abandon()
        if self._resting:
            # It was to end, and it has. How is logged; if it was a bad end, the next life begins at once.
            self.failure = self.last_failure = None
        if project is not None:
            self._noted = await self._write_note(setting, project)

    async def _run(
        self, project: Project, watched: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        await project.supervisor.run(task_status)
        watched.cancel()

    def _meet(self, project: Project) -> None:
        """Whoever is connected was so before this life began."""
        for connection in self.connections():
            if connection.agent is not None:
                project.presence.opened(connection.agent, project.clock.now())

    def _tell(self) -> None:
        self._settled.set()
        self.looked.set()

    async def _back_off(self, began: float) -> None:
        self._failures = 1 if trio.current_time() - began > SETTLED_AFTER_S else self._failures + 1
        pause_s = min(BACK_OFF_S[0] * 2 ** (self._failures - 1), BACK_OFF_S[1])
        self._retry_at = trio.current_time() + pause_s
        self._tell()
        with trio.move_on_after(pause_s):
            await self._over.wait()

    def _cause(self, failed: BaseExceptionGroup[Exception]) -> str:
        cause: BaseException = failed
        while isinstance(cause, BaseExceptionGroup) or (isinstance(cause, StartFailed | TooManyRestarts) and cause.__cause__):
            cause = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause.__cause__ or cause
        said = str(cause) or type(cause).__name__
        if said == self.last_failure:
            # It is tried every minute for as long as it takes; the first time said where.
            log.error("a project still cannot be opened", project=self.name, cause=said)
        else:
            log.error("a project had to be closed", project=self.name, cause=said, exc_info=cause)
        return said

    # resting

    async def _rest(self) -> None:
        """Until somebody wants the project, or something is due in it; not at all when it is not known what is."""
        self.looked.set()
        if self._noted is not None:
            due = self._noted.due
            with trio.move_on_after(float("inf") if due is None else max(0.0, self.clock.seconds_until(due) - EARLY_S)):
                await self._wanted.wait()
        self._resting = False

    async def _rest_when_idle(self, project: Project) -> None:
        await trio.sleep(QUIET_S)
        while not await self._may_rest(project):
            quiet_at = self._used_at + QUIET_S
            await trio.sleep_until(max(quiet_at, trio.current_time() + LOOK_EVERY_S))
        # From here on whoever calls waits for the next life.
        self._resting, self.project = True, None
        self._settled, self._wanted = trio.Event(), trio.Event()
        log.info("a project that nobody uses is stopped until it is wanted", project=self.name)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._complain_when_slow)
            await project.supervisor.stop()
            nursery.cancel_scope.cancel()

    async def _may_rest(self, project: Project) -> bool:
        uses, commits = self._uses, project.feed.commits
        if not self._is_quiet(project):
            return False
        try:
            ahead = await project.look_ahead()
        except (MailboxFull, AskTimedOut, ActorCrashed, ActorGone, Refusal) as trouble:
            log.warning("it cannot be said just now whether a project may rest", project=self.name, trouble=str(trouble))
            return False
        soon = ahead.next_due is not None and self.clock.seconds_until(ahead.next_due) <= AHEAD_S
        # Whatever came while the store was asked counts, too.
        changed = (uses, commits) != (self._uses, project.feed.commits)
        return not (ahead.is_held or soon or changed) and self._is_quiet(project)

    def _is_quiet(self, project: Project) -> bool:
        quiet = trio.current_time() - self._used_at >= QUIET_S
        return quiet and not self._calls and not any(True for _ in self.connections()) and not project.is_busy

    async def _complain_when_slow(self) -> None:
        await trio.sleep(SLOW_STOP_S)
        log.error("a project takes long to stop, and its callers wait", project=self.name, after_s=SLOW_STOP_S)

    # the note

    async def _read_note(self) -> Noted | None:
        setting = self.setting_of(self.name)
        return await setting.off_loop(setting.due_note.read) if setting.due_note is not None else None

    async def _clear_note(self, setting: ProjectSetting) -> None:
        if setting.due_note is not None:
            await setting.off_loop(setting.due_note.clear)

    async def _write_note(self, setting: ProjectSetting, project: Project) -> Noted | None:
        """What is to come in a project that has ended; None when that is not known, as after a crash."""
        if (ahead := project.ahead_at_end) is None:
            return None
        noted = Noted(ahead.next_due)
        if setting.due_note is not None:
            try:
                await setting.off_loop(setting.due_note.write, noted)
            except OSError as error:
                log.warning("it could not be noted when a project is due; the next start of the server opens it", error=str(error))
        return noted
