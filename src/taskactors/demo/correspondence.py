"""Correspondence: an agent reads its inbox, answers what others ask it, and hears the answers to what it asked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import trio
from attrs import Factory, define

from .board import Board, Json, Refused
from .happening import Happening, Kind, Tell
from .plan import Exchange, Member, Plan

PARK_S = 30
"""How long one call waits on the server for work or mail before it is asked again; a client here gives an answer 40 s."""

OFFER = re.compile(r"handoff_id (\d+)")

DECIDED = frozenset({"handoff_closed", "not_found"})
"""Refusals of an answer that only say that the offer is over."""

THINKING = 1 / 4
"""An answer takes a quarter of an hour of planned work."""


@define(eq=False)
class Correspondence:
    """The plan stands in for what a model would answer; everything else is as a real agent would do it."""

    me: Member
    plan: Plan
    board: Board
    tell: Tell
    pace_s: float
    _waiting: dict[int, trio.Event] = Factory(dict)
    _taken: set[str] = Factory(set)
    _news: bool = False
    _idle: trio.CancelScope | None = None

    async def keep(self) -> None:
        """Read and answer for as long as the agent lives. A message counts as read once what it asks for was done."""
        cursor: str | None = None
        while True:
            page = await self.board.call("read_inbox", cursor=cursor, wait_s=PARK_S)
            for message in page["items"]:
                await self._attend_to(message)
                self._news = True
                if self._idle is not None:
                    self._idle.cancel()
            cursor = page["next_cursor"]

    def nothing_new(self) -> None:
        """From here on, what comes in is news."""
        self._news = False

    @contextmanager
    def until_news(self) -> Iterator[None]:
        """What happens inside is given up when there is news, or has been since `nothing_new`: it may be work, or a review to give."""
        with trio.CancelScope() as self._idle:
            if self._news:
                self._idle.cancel()
            try:
                yield
            finally:
                self._idle = None

    def took_over(self, code: str) -> bool:
        """Whether this task was handed to us and is taken up for the first time; asked again, it is not."""
        taken = code in self._taken
        self._taken.discard(code)
        return taken

    async def ask(self, code: str, exchange: Exchange, message_type: str, key: str) -> int:
        """Put a question about a task to a role; returns the message's id. Asked again under the same key, it is the same message."""
        asked = await self.board.call(
            "create_task_message",
            task_code=code,
            content=exchange.question,
            message_type=message_type,
            target_agent_name=f"role:{exchange.to}",
            idempotency_key=key,
        )
        number: int = asked["id"]
        if not asked.get("replayed"):
            kind = Kind.ASKED if message_type == "question" else Kind.BLOCKED
            self.tell(Happening(kind=kind, who=self.me.name, task=code, text=exchange.question, other=exchange.to, messages=1))
        return number

    async def answer_to(self, message_id: int, code: str) -> str:
        """Wait until somebody has replied to a message of ours about that task; the reply's words."""
        heard = self._waiting.setdefault(message_id, trio.Event())
        while True:
            # Looked up on the task, because an earlier life of this agent may have read it already.
            found = await self.board.call("get_task_messages", task_code=code, reply_to_message_id=message_id)
            if found["items"]:
                return str(found["items"][0]["content"])
            await heard.wait()

    async def _attend_to(self, message: Json) -> None:
        if (reply_to := message.get("reply_to_message_id")) in self._waiting:
            self._waiting[reply_to].set()
        if (offered := self._offered(message)) is not None:
            await self._take_over(message, offered)
        if (exchange := self._asked(message)) is None:
            return
        await trio.sleep(self.pace_s * THINKING)
        question = message["message_type"] == "question"
        answered = await self.board.call(
            "create_task_message",
            task_code=message["task_code"],
            content=exchange.answer,
            message_type="solution",
            target_agent_name=message["author_agent_name"],
            reply_to_message_id=message["id"],
            idempotency_key=f"answer-{message['id']}",
        )
        if not answered.get("replayed"):
            self.tell(
                Happening(
                    kind=Kind.ANSWERED if question else Kind.HELPED,
                    who=self.me.name,
                    task=message["task_code"],
                    text=exchange.answer,
                    other=message["author_agent_name"],
                    messages=1,
                )
            )

    def _offered(self, message: Json) -> int | None:
        """The number of the offer that a message makes, when the plan has us take the task over."""
        task = self.plan.find(message.get("task_code", ""))
        if task is None or task.handoff is None or task.handoff.to != self.me.role or message["message_type"] != "handoff":
            return None
        found = OFFER.search(message["content"])
        return int(found[1]) if found else None

    async def _take_over(self, message: Json, offer: int) -> None:
        code, author = message["task_code"], message["author_agent_name"]
        try:
            answer = await self.board.call("answer_handoff", handoff_id=offer, accept=True, idempotency_key=f"take-{offer}")
        except Refused as no:
            if no.code not in DECIDED:
                raise
            return
        self._taken.add(code)
        self.tell(Happening(kind=Kind.ACCEPTED, who=self.me.name, task=code, other=author))
        left = answer["handoff"].get("next_steps", answer["handoff"]["summary"])
        self.tell(Happening(kind=Kind.READ, who=self.me.name, task=code, other=author, text=left))

    def _asked(self, message: Json) -> Exchange | None:
        """What the plan has us answer to a message, if it has anything."""
        task = self.plan.find(message.get("task_code", ""))
        if task is None or message["message_type"] not in ("question", "blocker"):
            return None
        exchanges = [*task.questions, *([task.blocked] if task.blocked else [])]
        return next((each for each in exchanges if each.to == self.me.role and each.question == message["content"]), None)
