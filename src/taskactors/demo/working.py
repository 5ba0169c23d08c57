"""Working: an agent finds work, claims it, and brings it to its end or to where the plan lets it go wrong."""

import trio
from attrs import define

from ..domain.failing import Failure
from .board import Board, Json, Refused
from .correspondence import PARK_S, Correspondence
from .happening import Happening, Kind, Tell
from .plan import Handover, Member, Plan, PlannedTask
from .reviewing import Reviewer, reviewer_of

USUAL_MINUTES = 30
"""For a task that is not in the plan."""

LINE_S = 30
"""How long one call stands in line for files before it is made again; the place in the line is kept."""

REWORK = 1 / 2
"""What a review found takes half as long again."""

LOST_CLAIM = frozenset({"stale_claim", "not_holder", "invalid_transition", "task_closed", "not_found", "session_closed", "not_allowed"})
"""Refusals that say that somebody else has the task now, or has decided about it: an agent then lets go of it."""

HELD_BACK = frozenset({"paused", "too_many_tasks"})
"""Refusals that say that this agent is to have no new work for now."""


@define(eq=False)
class Worker:
    """One agent at work, one task at a time."""

    me: Member
    plan: Plan
    board: Board
    letters: Correspondence
    tell: Tell
    pace_s: float
    _waits: bool = False

    async def work(self) -> None:
        """What it holds comes first, then what it should review, then new work, for which it waits."""
        reviewer = Reviewer(self.me, self.plan, self.board, self.tell, self.pace_s)
        while True:
            self.letters.nothing_new()
            if not (await self._go_on() or await reviewer.review_one()):
                await self._begin()

    async def _go_on(self) -> bool:
        """Take up what a review sent back, or what an earlier life of this agent left."""
        held = await self.board.tasks(owner=self.me.name, state="InProgress")
        if not held:
            return False
        task = held[-1]
        self._waits = False
        if not self.letters.took_over(task["code"]):
            self._say(Kind.RESUMED, task["code"])
        await self._bring_to_an_end(task, again=True)
        return True

    async def _begin(self) -> None:
        """Take the best task there is, or wait for one, parked on the server, until there is work or news."""
        task = await self._next(wait_s=0)
        if task is None:
            if not self._waits:
                self._waits = True
                self.tell(Happening(kind=Kind.WAITS, who=self.me.name))
            # Given up in the moment in which it was given one, it has one, or the server has taken it back.
            with self.letters.until_news():
                task = await self._next(wait_s=PARK_S)
        if task is None:
            return
        self._waits = False
        self._say(Kind.CLAIMED, task["code"], number=task["claim"]["fence"])
        await self._bring_to_an_end(task, again=False)

    async def _next(self, wait_s: int) -> Json | None:
        try:
            found = await self.board.call("next_task", wait_s=wait_s)
        except Refused as no:
            if no.code not in HELD_BACK:
                raise
            await trio.sleep(wait_s)
            return None
        return None if "nothing_ready" in found else found

    def _crashes_in(self, task: Json) -> bool:
        planned = self.plan.find(task["code"])
        return planned is not None and planned.crash == self.me.role and not task.get("attempts")

    async def _bring_to_an_end(self, task: Json, again: bool) -> None:
        code, planned = task["code"], self.plan.find(task["code"])
        try:
            session = await self.board.call("start_work_session", task_code=code)
            if self._crashes_in(task):
                await self._stop_halfway(task)
            if planned and (failure := self._fails_now(task, planned)):
                await self._give_back(task, planned, failure)
                return
            if planned:
                await self._reserve(task, planned)
            if planned and not again:
                await self._find_out(task, planned)
            if planned and planned.handoff and planned.handoff.to != self.me.role:
                await self._offer(task, planned, planned.handoff)
                return
            await self._spend(planned, REWORK if again else 1)
            await self.board.call("end_work_session", session_id=session["session_id"])
            await self._hand_in(task)
        except Refused as no:
            if no.code not in LOST_CLAIM:
                raise
            self._say(Kind.LOST, code, no.cause)

    async def _stop_halfway(self, task: Json) -> None:
        """Leave a trace of the work, and do nothing more: whoever watches this process kills it now."""
        note = "halfway there; the first part is in place"
        await self.board.call("report_progress", code=task["code"], fence=task["claim"]["fence"], note=note, percent=50)
        self._say(Kind.HALFWAY, task["code"], note)
        await trio.sleep_forever()

    def _fails_now(self, task: Json, planned: PlannedTask) -> str | None:
        """The class of failure with which this attempt ends, if it does."""
        if planned.put_aside is not None and not any(note["text"] == planned.put_aside for note in task.get("notes", ())):
            return str(Failure.INVALID_REQUIREMENTS)
        return str(planned.fails) if planned.fails and task.get("attempts", 0) == planned.attempts_before_failure else None

    async def _give_back(self, task: Json, planned: PlannedTask, failure: str) -> None:
        await self._spend(planned, REWORK)
        reason = f"{failure}, on try {task.get('attempts', 0) + 1}"
        await self.board.call("release_task", task_code=task["code"], fence=task["claim"]["fence"], failure=failure, reason=reason)
        self._say(Kind.FAILED, task["code"], failure)

    async def _reserve(self, task: Json, planned: PlannedTask) -> None:
        """Before it touches them; when another has them it stands in line, parked on the server."""
        if not planned.files:
            return
        files, told = ", ".join(planned.files), False
        while True:
            answer = await self.board.call(
                "reserve_files",
                patterns=list(planned.files),
                code=planned.code,
                fence=task["claim"]["fence"],
                wait_s=LINE_S if told else 0,
            )
            if answer["granted"]:
                break
            if not told:
                has = next((str(each["agent"]) for each in answer["conflicts"]), "another")
                self.tell(Happening(kind=Kind.IN_LINE, who=self.me.name, task=planned.code, text=files, other=has))
            told = True
        self._say(Kind.RESERVED, planned.code, files)

    async def _offer(self, task: Json, planned: PlannedTask, handoff: Handover) -> None:
        await self._spend(planned, REWORK)
        await self.board.call(
            "offer_handoff",
            code=planned.code,
            fence=task["claim"]["fence"],
            to=f"role:{handoff.to}",
            summary=handoff.summary,
            next_steps=handoff.next_steps,
        )
        offered = Happening(kind=Kind.OFFERED, who=self.me.name, task=planned.code, other=handoff.to, text=handoff.summary, messages=1)
        self.tell(offered)

    async def _find_out(self, task: Json, planned: PlannedTask) -> None:
        """Ask what the plan has this task ask, and be blocked for as long as the plan's help takes."""
        code, fence = planned.code, task["claim"]["fence"]
        for number, question in enumerate(planned.questions, 1):
            asked = await self.letters.ask(code, question, "question", f"{code}-question-{number}")
            await self.letters.answer_to(asked, code)
        if planned.blocked is None:
            return
        await self.board.call("set_task_state", code=code, state="Blocked", reason=planned.blocked.question, fence=fence)
        asked = await self.letters.ask(code, planned.blocked, "blocker", f"{code}-blocker")
        way_out = await self.letters.answer_to(asked, code)
        await self.board.call("set_task_state", code=code, state="InProgress", reason=way_out, fence=fence)
        self._say(Kind.WENT_ON, code)

    async def _spend(self, planned: PlannedTask | None, share: float) -> None:
        """The work itself, which a demo can only pretend to do."""
        await trio.sleep(self.pace_s * share * (planned.minutes if planned else USUAL_MINUTES) / 60)

    async def _hand_in(self, task: Json) -> None:
        code, fence = task["code"], task["claim"]["fence"]
        done = await self.board.call("complete_task", code=code, fence=fence, summary="done as planned", evidence=["tried out"])
        if done["state"] == "Review":
            reviewer = reviewer_of(self.me.role)
            await self.board.call(
                "send_message", to=f"role:{reviewer}", code=code, message_type="handoff", content=f"{code} is ready for your review"
            )
            self._say(Kind.HANDED_IN, code, messages=1)
            return
        self._say(Kind.DONE, code)
        planned = self.plan.find(code)
        if planned and planned.archive:
            await self.board.call("archive_task", code=code, confirm=True)
            self._say(Kind.ARCHIVED, code)

    def _say(self, kind: Kind, task: str, text: str = "", number: int = 0, messages: int = 0) -> None:
        self.tell(Happening(kind=kind, who=self.me.name, task=task, text=text, number=number, messages=messages))
