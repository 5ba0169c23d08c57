"""Working: an agent finds work, claims it, and brings it to its end or to where the plan lets it go wrong."""

import trio
from attrs import define

from .board import Board, Json, Refused
from .correspondence import POLL_S, Correspondence
from .happening import Happening, Kind, Tell
from .plan import Member, Plan, PlannedTask
from .reviewing import Reviewer, reviewer_of

CRASH_LEASE_S = 3
"""The lease of a claim whose holder will be killed: nobody wants to watch the usual quarter of an hour go by."""

USUAL_MINUTES = 30
"""For a task that is not in the plan."""

REWORK = 1 / 2
"""What a review found takes half as long again."""

LOST_CLAIM = frozenset({"stale_claim", "not_holder", "invalid_transition", "task_closed", "not_found", "session_closed", "not_allowed"})
"""Refusals that say that somebody else has the task now, or has decided about it: an agent then lets go of it."""

TAKEN = frozenset({"not_claimable", "not_yet", "assigned_to_another", "lacks_capabilities", "too_many_tasks"})
"""Refusals of a claim that only say that this one is not to be had; another may be."""


@define(eq=False)
class Worker:
    """One agent at work, one task at a time."""

    me: Member
    plan: Plan
    board: Board
    letters: Correspondence
    tell: Tell
    pace_s: float

    async def work(self) -> None:
        """What it holds comes first, then what it should review, then new work; with nothing to do it looks again a little later."""
        reviewer = Reviewer(self.me, self.plan, self.board, self.tell, self.pace_s)
        while True:
            if not (await self._go_on() or await reviewer.review_one() or await self._begin()):
                await trio.sleep(POLL_S)

    async def _go_on(self) -> bool:
        """Take up what a review sent back, or what an earlier life of this agent left."""
        held = await self.board.tasks(owner=self.me.name, state="InProgress")
        if not held:
            return False
        task = held[-1]
        self._say(Kind.RESUMED, task["code"])
        await self._bring_to_an_end(task, again=True)
        return True

    async def _begin(self) -> bool:
        offered = (await self.board.call("discover_work"))["items"]
        for task in offered:
            if self._leaves_alone(task):
                continue
            crashing = self._crashes_in(task)
            try:
                claimed = await self.board.call("claim_task", code=task["code"], lease_s=CRASH_LEASE_S if crashing else None)
            except Refused as no:
                if no.code in TAKEN:
                    continue
                raise
            self._say(Kind.CLAIMED, task["code"], number=claimed["claim"]["fence"])
            await self._bring_to_an_end(claimed, again=False)
            return True
        return False

    def _leaves_alone(self, task: Json) -> bool:
        """A task in which somebody is to be killed is theirs until then, and not theirs afterwards."""
        planned = self.plan.find(task["code"])
        if planned is None or planned.crash is None:
            return False
        before = task.get("attempts", 0) <= planned.attempts_before_crash
        return before is not (self.me.role == planned.crash)

    def _crashes_in(self, task: Json) -> bool:
        planned = self.plan.find(task["code"])
        return planned is not None and planned.crash is not None and task.get("attempts", 0) == planned.attempts_before_crash

    async def _bring_to_an_end(self, task: Json, again: bool) -> None:
        code, planned = task["code"], self.plan.find(task["code"])
        try:
            session = await self.board.call("start_work_session", task_code=code)
            if self._crashes_in(task):
                await self._stop_halfway(task)
            if planned and planned.fails and not task.get("attempts"):
                await self._give_back(task, planned, session["session_id"])
                return
            if planned and not again:
                await self._find_out(task, planned)
            await self._spend(planned, REWORK if again else 1)
            await self.board.call("end_work_session", session_id=session["session_id"])
            await self._hand_over(task)
        except Refused as no:
            if no.code not in LOST_CLAIM:
                raise
            self._say(Kind.LOST, code, no.cause)

    async def _stop_halfway(self, task: Json) -> None:
        """Leave a trace of the work, and do nothing more: whoever watches this process kills it now."""
        note = "halfway there; the first part is in place"
        await self.board.call("update_task", code=task["code"], add_note=note)
        self._say(Kind.HALFWAY, task["code"], note)
        await trio.sleep_forever()

    async def _give_back(self, task: Json, planned: PlannedTask, session_id: int) -> None:
        await self._spend(planned, REWORK)
        await self.board.call("end_work_session", session_id=session_id)
        reason = f"{planned.fails}, on the first try"
        await self.board.call(
            "release_task", task_code=task["code"], fence=task["claim"]["fence"], failure=str(planned.fails), reason=reason
        )
        self._say(Kind.FAILED, task["code"], str(planned.fails))

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

    async def _hand_over(self, task: Json) -> None:
        code, fence = task["code"], task["claim"]["fence"]
        if task.get("requires_review"):
            await self.board.call("set_task_state", code=code, state="Review", fence=fence)
            reviewer = reviewer_of(self.me.role)
            await self.board.call(
                "send_message", to=f"role:{reviewer}", code=code, message_type="handoff", content=f"{code} is ready for your review"
            )
            self._say(Kind.HANDED_IN, code, messages=1)
            return
        await self.board.call("set_task_state", code=code, state="Done", fence=fence)
        self._say(Kind.DONE, code)
        planned = self.plan.find(code)
        if planned and planned.archive:
            await self.board.call("archive_task", code=code)
            self._say(Kind.ARCHIVED, code)

    def _say(self, kind: Kind, task: str, text: str = "", number: int = 0, messages: int = 0) -> None:
        self.tell(Happening(kind=kind, who=self.me.name, task=task, text=text, number=number, messages=messages))
