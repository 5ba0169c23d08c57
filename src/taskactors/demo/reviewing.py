"""Reviewing: somebody other than the implementer looks at what was handed in, and approves it or sends it back."""

import trio
from attrs import define

from .board import Board, Json, Refused
from .happening import Happening, Kind, Tell
from .plan import Member, Plan
from .team import REVIEWER, REVIEWER_OF_REVIEWER

LOOKING = 1 / 4
"""A review takes a quarter of an hour of planned work."""

OVERTAKEN = frozenset({"invalid_transition", "not_allowed", "task_closed"})
"""Refusals that say that somebody else has decided in the meantime."""


def reviewer_of(role: str) -> str:
    """The role that reviews what this one did."""
    return REVIEWER_OF_REVIEWER if role == REVIEWER else REVIEWER


@define(eq=False)
class Reviewer:
    """One agent as a reviewer, which two of the six are."""

    me: Member
    plan: Plan
    board: Board
    tell: Tell
    pace_s: float

    async def review_one(self) -> bool:
        """Review what has waited longest and is for us; False when there is nothing."""
        if self.me.role not in (REVIEWER, REVIEWER_OF_REVIEWER):
            return False
        waiting = [task for task in await self.board.tasks(state="Review") if self._is_for_us(task)]
        if not waiting:
            return False
        await trio.sleep(self.pace_s * LOOKING)
        try:
            await self._decide(waiting[-1])
        except Refused as no:
            if no.code not in OVERTAKEN:
                raise
        return True

    def _is_for_us(self, task: Json) -> bool:
        by = next((member for member in self.plan.team if member.name == task["claim"]["agent"]), None)
        return reviewer_of(by.role if by else "") == self.me.role

    async def _decide(self, task: Json) -> None:
        code, planned = task["code"], self.plan.find(task["code"])
        author = task["claim"]["agent"]
        if planned and planned.sent_back and not await self._was_sent_back(code):
            await self.board.call("review_task", code=code, verdict="send_back", findings=[planned.sent_back])
            # The server has written to whoever did the work.
            self._say(Kind.SENT_BACK, code, author, planned.sent_back, messages=1)
            return
        await self.board.call("review_task", code=code, verdict="approve")
        self._say(Kind.APPROVED, code, author)
        if planned and planned.archive:
            await self.board.call("archive_task", code=code, confirm=True)
            self._say(Kind.ARCHIVED, code, author)

    async def _was_sent_back(self, code: str) -> bool:
        """Whether a review has found something before; kept on the task, so that a restart of the reviewer changes nothing."""
        found = await self.board.call("get_task_messages", task_code=code, message_type="review")
        return bool(found["items"])

    def _say(self, kind: Kind, task: str, other: str, text: str = "", messages: int = 0) -> None:
        self.tell(Happening(kind=kind, who=self.me.name, task=task, other=other, text=text, messages=messages))
