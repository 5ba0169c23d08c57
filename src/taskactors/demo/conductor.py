"""The conductor: puts the plan on the board, lets the agents at it, watches, and says how it ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trio
from attrs import Factory, define, frozen

from .agent import Job
from .board import Board, Json, Lost, connected, first_of
from .crew import Crew, crew
from .happening import Happening, Kind
from .plan import Member, Plan
from .screen import Screen
from .server import NoServer, Server, running_server
from .tally import Tally
from .unfinished import is_finished, may_go_on, reasons

WATCH_S = 0.2
"""How often the board is read; nothing that shall be seen is over sooner."""

STALLED_S = 5.0
"""When nobody has worked and nothing has changed for this long, and a review or an answer would have been given, nothing will."""

CRASH_LEASE_S = 3
"""The lease of a task whose holder will be killed: nobody wants to watch the usual quarter of an hour go by."""

BACK_AFTER_S = 10.0
"""Whoever was killed comes back when somebody else has taken over, or after this long: they may be who the others wait for."""

US = "demo"


class Failed(Exception):
    """The demo could not be carried through."""


@frozen(kw_only=True)
class Wishes:
    """How the demo is to run: the data folder (None: one that is gone afterwards), the pace, and how long it may take."""

    data: Path | None
    pace_s: float
    within_s: float


@frozen(kw_only=True)
class Outcome:
    """How it ended: the tasks by code, why those that are not done are not, and how long it took."""

    tasks: Mapping[str, Json]
    unfinished: tuple[tuple[str, str], ...]
    why: str
    seconds: float
    data: str


def _told(group: BaseExceptionGroup[BaseException], complaints: Sequence[str]) -> BaseException:
    """What a person is to hear: that they interrupted it, or why it failed. Anything else is a bug, and stays whole."""
    if interrupted := group.subgroup(KeyboardInterrupt):
        return first_of(interrupted)
    expected, bugs = group.split((Failed, NoServer, Lost))
    if expected is None or bugs is not None:
        return group
    match first_of(expected):
        case Lost() as lost:
            return Failed("\n".join([f"the server was lost: {lost}", *complaints]))
        case reason:
            return Failed(str(reason))


@define(eq=False)
class Conductor:
    """One run of the demo."""

    plan: Plan
    wishes: Wishes
    screen: Screen
    tally: Tally
    _crew: Crew | None = None
    _tasks: dict[str, Json] = Factory(dict)
    _victims: dict[str, Member] = Factory(dict)
    _expired_at: dict[str, float] = Factory(dict)
    _happenings: int = 0
    _over: str | None = None

    async def run(self) -> Outcome:
        """From an empty board to the end. Raises Failed."""
        complaints: Sequence[str] = ()
        try:
            async with running_server(self.wishes.data) as server:
                complaints = server.complaints
                return await self._with(server)
        except BaseExceptionGroup as group:
            raise _told(group, complaints) from None

    async def _with(self, server: Server) -> Outcome:
        self.screen.started(server.ws)
        async with connected(server.ws) as board:
            await self._put_on(board)
            began = trio.current_time()
            async with crew(lambda member: self._job(member, server), self._hear) as self._crew:
                for member in self.plan.team:
                    await self._crew.start(member)
                why = await self._watch(board)
            took_s = trio.current_time() - began
        return Outcome(tasks=self._tasks, unfinished=tuple(reasons(self.plan, self._tasks)), why=why, seconds=took_s, data=server.data)

    def _job(self, member: Member, server: Server) -> Job:
        return Job(member=member, plan=self.plan, url=server.ws, pace_s=self.wishes.pace_s)

    async def _put_on(self, board: Board) -> None:
        """Create every task. On a board with tasks of others the agents would work on those too."""
        if there := sum((await board.call("health_check"))["tasks"].values()):
            raise Failed(f"there are {there} tasks in {self.wishes.data} already; name a folder that does not exist yet")
        for task in self.plan.tasks:
            await board.call(
                "create_task",
                code=task.code,
                name=task.name,
                description=task.description,
                role=task.role,
                required_capabilities=list(task.capabilities),
                depends_on=list(task.depends_on),
                priority_score=task.priority,
                estimated_effort=task.minutes,
                requires_review=task.requires_review,
                acceptance_criteria=list(task.acceptance_criteria),
                # Until its claim ends it is theirs alone, then everybody's.
                owner_agent_name=self.plan.member_of(task.crash).name if task.crash else None,
                lease_s=CRASH_LEASE_S if task.crash else None,
            )
        self._hear(Happening(kind=Kind.CREATED, who="you", number=len(self.plan.tasks), text=self.plan.title))

    def _hear(self, it: Happening) -> None:
        if it.kind is Kind.CLAIMED and it.task in self._victims:
            # Heard sooner than seen on the board.
            self._lost(it.task)
        self._happenings += 1
        self.tally.count(it)
        self.screen.tell(it)
        if it.kind is Kind.HALFWAY and self._crew is not None:
            self._victims[it.task] = next(member for member in self.plan.team if member.name == it.who)
            self._crew.kill(it.who, it.task)
        elif it.kind is Kind.ENDED:
            self._over = f"{it.who} has gone: {it.text}"

    async def _watch(self, board: Board) -> str:
        """Look at the board until the work is done or will not be; why it ended, empty when all is done."""
        last: Any = None
        changed_at = trio.current_time()
        with trio.move_on_after(self.wishes.within_s):
            while True:
                self._tasks = {task["code"]: task for task in await board.tasks()}
                self.screen.show(self._tasks)
                await self._bring_back()
                await self._decide(board)
                if is_finished(self.plan, self._tasks):
                    return ""
                if self._over:
                    return self._over
                now = self._happenings, [(task["code"], task["rev"]) for task in self._tasks.values()]
                if now != last or self._victims or may_go_on(self._tasks):
                    last, changed_at = now, trio.current_time()
                elif trio.current_time() - changed_at > STALLED_S + self.wishes.pace_s:
                    return "nobody can go on"
                await trio.sleep(WATCH_S)
        return f"it is not done after {self.wishes.within_s:g} s"

    async def _bring_back(self) -> None:
        """Whoever was killed comes back after the lease on their task has run out; sooner, they would be a sign of life."""
        for code, member in list(self._victims.items()):
            task = self._tasks[code]
            if task.get("claim", {}).get("agent") == member.name:
                continue
            self._lost(code)
            if task["state"] == "Created" and trio.current_time() - self._expired_at[code] < BACK_AFTER_S:
                continue
            del self._victims[code]
            assert self._crew is not None
            await self._crew.start(member)

    def _lost(self, code: str) -> None:
        if code not in self._expired_at:
            self._expired_at[code] = trio.current_time()
            self._hear(Happening(kind=Kind.EXPIRED, who=self._victims[code].name, task=code))

    async def _decide(self, board: Board) -> None:
        """What failed too often goes on when a person says so; the decision is on the task for whoever takes it next."""
        for planned in self.plan.tasks:
            task = self._tasks.get(planned.code)
            if planned.put_aside is None or task is None or task["state"] != "Quarantined":
                continue
            self._hear(Happening(kind=Kind.PUT_ASIDE, who="you", task=planned.code, number=task["attempts"]))
            await board.call("update_task", code=planned.code, add_note=planned.put_aside)
            await board.call("set_task_state", code=planned.code, state="Created", reason=planned.put_aside)
            self._hear(Happening(kind=Kind.DECIDED, who="you", task=planned.code, text=planned.put_aside))
            self._tasks = {each["code"]: each for each in await board.tasks()}
