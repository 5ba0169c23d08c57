"""The worker: a simulated agent that does whatever an agent may do, and remembers what it has been told, also when it is out of date."""

from collections.abc import Callable, Coroutine, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from attrs import Factory, define

from tests.simulation.chance import Chance
from tests.simulation.client import Client
from tests.simulation.history import Answered, Outcome, Refused

Step: TypeAlias = Callable[[], Coroutine[Any, Any, object]]

THINKS_S = {0.3: 6, 4.0: 4, 15.0: 1}
"""How long it thinks at most between two steps, by how often that is so."""

MEETING_SHARE = 0.4
"""Steps that are taken in the same moment in which others take theirs."""

AWAY_S = (20.0, 100.0)
"""Long enough for its leases to run out while it still believes that it holds them."""

KEYED_SHARE = 0.5
LONGEST_WAIT_S = 40
WAITS_S = (0, 7, 15, LONGEST_WAIT_S)
LEASES_S = (None, None, 5, 20, 60)
FILES = ("src/a.py", "src/b.py", "src/*", "docs/**")


async def think(chance: Chance) -> None:
    """Let some time pass before the next step."""
    if chance.happens(MEETING_SHARE):
        await chance.until_all_meet()
    else:
        await chance.pause(0.0, chance.weighted(THINKS_S))


class Opening(StrEnum):
    """How a run begins, once everybody has joined."""

    AS_IT_COMES = "everybody does what they like"
    IN_WAIT = "everybody waits for work, and there is none yet"
    TOGETHER = "everybody asks for work in the moment in which it comes"


@define(eq=False)
class Board:
    """What the agents of one run have in common: how it begins, how much they like to do what, and what they tell each other."""

    agents: tuple[str, ...]
    opening: Opening
    likes: Mapping[str, float]
    codes: list[str] = Factory(list)
    offers: list[int] = Factory(list)


@define(eq=False)
class Worker:
    """`holds` has the fence of every claim that it believes to be its own, `had` those of claims that have ended."""

    client: Client
    board: Board
    chance: Chance
    can: tuple[str, ...]
    limit: int | None
    role: str = "backend"
    holds: dict[str, int] = Factory(dict)
    had: list[tuple[str, int]] = Factory(list)
    inbox: str | None = None
    log: str | None = None

    def _choices(self) -> dict[Step, float]:
        """What it may do now, and how much it likes to."""
        always: dict[Step, float] = {
            self.take: 3,
            self.look: 0.5,
            self.tell: 2,
            self.read: 2,
            self.reserve: 2,
            self.give_files_back: 0.7,
            self.create: 1,
            self.follow: 1,
            self.go_away: 1,
        }
        holding: dict[Step, float] = {self.go_on: 12} if self.holds else {}
        having_held: dict[Step, float] = {self.use_an_old_fence: 8 if self._held_again() else 3} if self.had else {}
        knowing: dict[Step, float] = {self.claim: 2, self.review: 2} if self.board.codes else {}
        offered: dict[Step, float] = {self.answer_an_offer: 3} if self.board.offers else {}
        choices = {**always, **holding, **having_held, **knowing, **offered}
        return {step: weight * self.board.likes.get(step.__name__, 1) for step, weight in choices.items()}

    async def live(self, steps: int) -> None:
        """Join the team, and take so many steps."""
        await self.client.insist(
            "register_agent",
            agent_name=self.client.name,
            agent_type="worker",
            role=self.role,
            capabilities=list(self.can),
            max_concurrent_tasks=self.limit,
        )
        if self.board.opening is not Opening.AS_IT_COMES:
            if self.board.opening is Opening.TOGETHER:
                await self.chance.until_all_meet()
            self._learn(await self._do("next_task", wait_s=LONGEST_WAIT_S))
        for _ in range(steps):
            await think(self.chance)
            await self.chance.weighted(self._choices())()

    async def _do(self, tool: str, /, **arguments: Any) -> Outcome:
        """A change, under a key or not."""
        given = {name: value for name, value in arguments.items() if value is not None}
        send = self.client.insist if self.chance.happens(KEYED_SHARE) else self.client.call
        return await send(tool, **given)

    # work

    async def take(self) -> None:
        self._learn(await self._do("next_task", wait_s=self.chance.one_of(WAITS_S), lease_s=self.chance.one_of(LEASES_S)))

    async def claim(self) -> None:
        """Something it knows of; often what it once held."""
        known = [code for code, _ in self.had] if self.had and self.chance.happens(0.5) else self.board.codes
        self._learn(await self._do("claim_task", code=self.chance.one_of(known), lease_s=self.chance.one_of(LEASES_S)))

    async def look(self) -> None:
        """For what there is, taking nothing."""
        await self.client.call("discover_work", wait_s=self.chance.one_of(WAITS_S))

    async def go_on(self) -> None:
        """The next thing about something it holds."""
        code = self.chance.one_of(list(self.holds))
        await self._write(code, self.holds[code])

    async def use_an_old_fence(self) -> None:
        """As one does who slept through the end of a claim; best of all one who holds that task again."""
        await self._write(*self.chance.one_of(self._held_again() or self.had))

    def _held_again(self) -> list[tuple[str, int]]:
        return [(code, fence) for code, fence in self.had if self.holds.get(code, fence) != fence]

    async def _write(self, code: str, fence: int) -> None:
        tool = self.chance.weighted({"report_progress": 2, "renew_claim": 2, "complete_task": 3, "release_task": 1, "offer_handoff": 1.5})
        arguments: dict[str, Any] = {"code": code, "fence": fence}
        match tool:
            case "complete_task":
                arguments |= {"summary": "it is done", "confidence": self.chance.one_of((0.9, 0.9, 0.3))}
            case "release_task":
                arguments["failure"] = self.chance.one_of((None, None, "transient", "logic_error"))
            case "offer_handoff":
                to = self.chance.one_of((*self.board.agents, "role:backend"))
                arguments |= {"to": to, "summary": "half done", "expires_s": self.chance.one_of((5, 60))}
            case "renew_claim":
                arguments["lease_s"] = self.chance.one_of((None, 10))
        outcome = await self._do(tool, **arguments)
        if isinstance(outcome, Answered) and tool == "offer_handoff":
            self.board.offers.append(outcome.value["handoff_id"])
        over = isinstance(outcome, Answered) and tool in ("complete_task", "release_task")
        if over or (isinstance(outcome, Refused) and outcome.code in ("stale_claim", "not_holder", "task_closed")):
            self._let_go(code, fence)

    async def review(self) -> None:
        listed = await self.client.call("list_tasks", state="Review")
        if isinstance(listed, Answered) and listed.value["items"]:
            code = self.chance.one_of(listed.value["items"])["code"]
            verdict = self.chance.one_of(("approve", "approve", "send_back"))
            await self._do("review_task", code=code, verdict=verdict, findings=["so it is"])

    async def answer_an_offer(self) -> None:
        """Mostly the last that was made, which is the one that may still stand."""
        offer = self.board.offers[-1] if self.chance.happens(0.7) else self.chance.one_of(self.board.offers)
        self._learn(await self._do("answer_handoff", handoff_id=offer, accept=self.chance.happens(0.7)))

    async def create(self) -> None:
        code = self.chance.one_of(("NEW", "NEW", f"ONE-{len(self.board.codes)}"))
        needs = self.chance.one_of(((), (), ("python",)))
        self._heard_of(
            await self._do(
                "create_task",
                code=code,
                name="more",
                description="to be done",
                required_capabilities=list(needs),
                depends_on=[self.chance.one_of(self.board.codes)] if self.board.codes and self.chance.happens(0.3) else [],
                requires_review=self.chance.happens(0.3),
            )
        )

    def _learn(self, outcome: Outcome) -> None:
        """A claim that an answer gave."""
        if isinstance(outcome, Answered) and (claim := outcome.value.get("claim")) and claim["agent"] == self.client.name:
            code = outcome.value["code"]
            if self.holds.get(code, claim["fence"]) != claim["fence"]:
                self.had.append((code, self.holds[code]))
            self.holds[code] = claim["fence"]

    def _let_go(self, code: str, fence: int) -> None:
        if self.holds.get(code) == fence:
            del self.holds[code]
            self.had.append((code, fence))

    def _heard_of(self, outcome: Outcome) -> None:
        if isinstance(outcome, Answered):
            self.board.codes.append(outcome.value["code"])

    # messages, files, the log

    async def tell(self) -> None:
        to = self.chance.one_of((*self.board.agents, "all", "role:backend", "role:qa"))
        code = self.chance.one_of(self.board.codes) if self.board.codes and self.chance.happens(0.3) else None
        await self._do("send_message", to=to, content=f"{self.client.name} says something", code=code)

    async def read(self, to_the_end: bool = False) -> bool:
        """The next page of its inbox, confirming what it has read before; returns whether that was known to be the end."""
        limit, wait_s = (20, 0) if to_the_end else (self.chance.one_of((2, 20)), self.chance.one_of(WAITS_S))
        outcome = await self._do("read_inbox", cursor=self.inbox, limit=limit, wait_s=wait_s)
        if isinstance(outcome, Answered):
            self.inbox = outcome.value["next_cursor"]
        return isinstance(outcome, Answered) and not outcome.value["items"]

    async def reserve(self) -> None:
        arguments: dict[str, Any] = {
            "patterns": [self.chance.one_of(FILES)],
            "mode": self.chance.one_of(("exclusive", "exclusive", "shared")),
        }
        if self.holds and self.chance.happens(0.5):
            code = self.chance.one_of(list(self.holds))
            arguments |= {"code": code, "fence": self.holds[code]}
        elif self.chance.happens(0.5):
            arguments["ttl_s"] = self.chance.one_of((3, 60))
        await self._do("reserve_files", wait_s=self.chance.one_of(WAITS_S), **arguments)

    async def give_files_back(self) -> None:
        await self._do("release_files", patterns=self.chance.one_of(([], [self.chance.one_of(FILES)])))

    async def follow(self) -> None:
        """What happened since it last looked."""
        outcome = await self.client.call("get_changes", cursor=self.log, limit=50, wait_s=self.chance.one_of(WAITS_S))
        if isinstance(outcome, Answered):
            self.log = outcome.value["next_cursor"]

    async def go_away(self) -> None:
        """Without a word, and without letting go of anything."""
        self.client.hang_up()
        await self.chance.pause(*AWAY_S)
