"""A day at work: two agents of a team, each with a token of its own, on one server and by one kind of client."""

from collections.abc import Callable

import trio
from attrs import frozen

from tests.clients.hands import Agent, Ears, Met

PROTOCOLS = {"legacy": "2025-11-25", "modern": "2026-07-28"}

STEPS = ("connect", "create", "claim", "message", "wait", "push", "finish", "errands")
"""In the order of the day. A client that cannot be told anything has no push; one that connects for every call runs no errands."""

WAITS_S = 40
"""How long each waits for the other at most: no client gives up on a call sooner."""

PUSHED_WITHIN_S = 20.0
"""A push takes milliseconds; this is for machines with much else to do."""

INBOX = "taskactors://inbox"


class NotPushed(Exception):
    """The client was never told what it was promised."""


@frozen
class Day:
    """Two agents, and who wants to know how far they came."""

    backend: Agent
    qa: Agent
    passed: Callable[[str], None]

    async def connect(self, met: Met, era: str, needed: frozenset[str]) -> None:
        """The client met this server, in the era it was to, and can see what it needs."""
        assert (met.server, met.protocol) == ("taskactors", PROTOCOLS[era])
        assert needed <= met.tools
        for agent in (self.backend, self.qa):
            await agent.ok("register_agent", agent_name=agent.name, agent_type=agent.name.removesuffix("-1"), capabilities=[])
        self.passed("connect")

    async def create(self) -> None:
        """What one creates the other finds, letter by letter."""
        made = await self.backend.ok("create_task", code="DAY-01", name="Schéma 数据库", description="Návrh ✓\n🔑")
        assert (made["state"], made["created_by"]) == ("Created", self.backend.name)
        found = await self.qa.ok("get_task_by_code", code="day-01")
        assert (found["name"], found["description"]) == ("Schéma 数据库", "Návrh ✓\n🔑")
        self.passed("create")

    async def claim(self) -> None:
        """One has it, the other is told who."""
        claimed = await self.backend.ok("claim_task", code="DAY-01")
        assert (claimed["state"], claimed["claim"]["agent"], claimed["claim"]["fence"]) == ("InProgress", self.backend.name, 1)
        no = await self.qa.refused("claim_task", code="DAY-01")
        assert no.startswith("not_claimable:")
        assert self.backend.name in no
        self.passed("claim")

    async def message(self) -> None:
        """A question reaches whom it is for, and the answer comes back."""
        await self.backend.ok("send_message", to=self.qa.name, content="Má být klíč číselný? 🔑")
        assert await self.qa.fresh_mail() == ["Má být klíč číselný? 🔑"]
        await self.qa.ok("send_message", to=self.backend.name, content="Ano.")
        assert await self.backend.fresh_mail() == ["Ano."]
        self.passed("message")

    async def wait(self) -> None:
        """A call that has to wait is answered when, and because, the other has done something."""
        await self.qa.ok("reserve_files", patterns=["src/schema.sql"], ttl_s=600)
        granted: list[bool] = []

        async def waits() -> None:
            answer = await self.backend.ok("reserve_files", patterns=["src/*"], code="DAY-01", fence=1, wait_s=WAITS_S)
            granted.append(answer["granted"])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits)
            # Who has the files is told that somebody waits for them, so nobody has to guess when the call is parked.
            [told] = await self.qa.fresh_mail(wait_s=WAITS_S)
            assert told.startswith(f"{self.backend.name} waits for files")
            assert granted == []
            await self.qa.ok("release_files", patterns=["src/schema.sql"])
        assert granted == [True]
        self.passed("wait")

    async def push(self, ears: Ears, within_s: float = PUSHED_WITHIN_S) -> None:
        """The server says by itself that there is mail. Raises NotPushed."""
        await ears.watch(INBOX)
        await self.qa.ok("send_message", to=self.backend.name, content="Prosím o stav.")
        with trio.move_on_after(within_s):
            assert await ears.changed() == INBOX
            assert await self.backend.fresh_mail() == ["Prosím o stav."]
            self.passed("push")
            return
        raise NotPushed

    async def finish(self) -> None:
        """What is done is done for everybody."""
        await self.backend.ok("complete_task", code="DAY-01", fence=1, summary="Hotovo ✓", confidence=0.9)
        done = await self.qa.ok("get_task_by_code", code="DAY-01")
        assert (done["state"], done["owner_agent_name"]) == ("Done", self.backend.name)
        self.passed("finish")
