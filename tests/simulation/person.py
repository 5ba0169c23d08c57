"""The person: plans the work, holds people back and lets them go on, and looks at how things stand."""

from collections.abc import Awaitable, Callable

from attrs import define

from tests.simulation.chance import Chance
from tests.simulation.client import Client
from tests.simulation.history import Answered
from tests.simulation.worker import Board, Opening, think

LOOKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("get_project_overview", {}),
    ("list_tasks", {}),
    ("health_check", {}),
    ("search", {"query": "something done"}),
    ("list_agents", {}),
)

LATE_S = (2.0, 9.0)


@define(eq=False)
class Person:
    """Whoever connects without declaring an agent."""

    client: Client
    board: Board
    chance: Chance
    paused: str | None = None

    async def plan(self) -> None:
        """Some tasks, of which some wait for others."""
        tasks = [
            {
                "ref": f"r{number}",
                "code": "PLAN",
                "name": "a part",
                "description": "to be done",
                "depends_on": [f"r{self.chance.count(0, number - 1)}"] if number and self.chance.happens(0.2) else [],
                "required_capabilities": ["python"] if self.chance.happens(0.45) else [],
                "requires_review": self.chance.happens(0.25),
                "priority_score": self.chance.one_of((2, 5, 8)),
            }
            for number in range(self.chance.count(2, 5))
        ]
        outcome = await self.client.insist("plan_tasks", tasks=tasks)
        if isinstance(outcome, Answered):
            self.board.codes += [item["code"] for item in outcome.value["items"]]

    async def live(self, steps: int) -> None:
        """Plan, when it is time for that, and then so many steps."""
        match self.board.opening:
            case Opening.IN_WAIT:
                await self.chance.pause(*LATE_S)
            case Opening.TOGETHER:
                await self.chance.until_all_meet()
        await self.plan()
        does: dict[Callable[[], Awaitable[None]], float] = {self.hold_back: 2, self.plan: 3, self.look: 2, self.decompose: 1, self.kick: 1}
        for _ in range(steps):
            await think(self.chance)
            await (self.go_on if self.paused is not None else self.chance.weighted(does))()

    async def hold_back(self) -> None:
        self.paused = self.chance.one_of((*self.board.agents, "role:backend", "project"))
        await self.client.insist("set_pause", target=self.paused, paused=True, reason="look first")

    async def go_on(self) -> None:
        """Whoever was held back may work again."""
        if self.paused is not None:
            outcome = await self.client.insist("set_pause", target=self.paused, paused=False)
            if isinstance(outcome, Answered):
                self.paused = None

    async def look(self) -> None:
        tool, arguments = self.chance.one_of(LOOKS)
        await self.client.call(tool, **arguments)

    async def decompose(self) -> None:
        if self.board.codes:
            part = {"ref": "p", "code": "PART", "name": "a part of a part", "description": "to be done"}
            outcome = await self.client.insist("plan_tasks", tasks=[part], parent=self.chance.one_of(self.board.codes))
            if isinstance(outcome, Answered):
                self.board.codes.append(outcome.value["items"][0]["code"])

    async def kick(self) -> None:
        """Whatever was put aside is tried again."""
        if self.board.codes:
            code = self.chance.one_of(self.board.codes)
            await self.client.insist("set_task_state", code=code, state=self.chance.one_of(("Created", "Cancelled")), reason="tried again")
