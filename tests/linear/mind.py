"""A mind: an agent that calls tools at random, mostly sensibly, out of what it was told so far."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from attrs import Factory, define

from tests.linear.seen import Reply

FILES = ("a", "b", "c", "d")
FAILURES = ("capability_mismatch", "context_overflow", "invalid_requirements")
LONG_S = 3600

Wanted = tuple[str, dict[str, Any]]


@define(eq=False)
class Talk:
    """What everybody here has heard of: tasks, those that were handed in, and offers with whom they are for."""

    codes: list[str] = Factory(list)
    handed_in: dict[str, bool] = Factory(dict)
    offers: dict[int, str] = Factory(dict)


@define(eq=False)
class Mind:
    """One agent. It waits for work and mail now and then, for `wait_s` at most."""

    name: str
    team: Sequence[str]
    chance: Random
    talk: Talk
    wait_s: int = 0
    fences: dict[str, int] = Factory(dict)
    """The newest fence that it was shown of each task, its own or not."""

    mine: set[str] = Factory(set)
    cursors: list[int | None] = Factory(lambda: [None])
    number: int = 0

    def next_call(self) -> Wanted:
        """What to call, with which arguments."""
        self.number += 1
        often = (self._take, self._take, self._work, self._work, self._work, self._talk, self._talk)
        ways = (*often, self._begin, self._finish, self._hand_on, self._look)
        return self.chance.choice(ways)()

    def learn(self, tool: str, given: Mapping[str, Any], reply: Reply | None) -> None:
        """Take in what was answered."""
        if reply is None or "refused" in reply:
            if reply is not None and reply["refused"] in ("stale_claim", "not_holder"):
                self.mine.discard(given.get("code", ""))
            return
        if "code" in reply:
            self._saw(reply)
        if tool == "offer_handoff":
            self.mine.discard(given["code"])
            self.talk.offers[reply["handoff_id"]] = given["to"]
        if tool == "read_inbox":
            self.cursors.append(reply["cursor"])

    def _saw(self, reply: Reply) -> None:
        code = reply["code"]
        if code not in self.talk.codes:
            self.talk.codes.append(code)
        self.talk.handed_in[code] = reply["state"] == "Review"
        if reply["fence"] is not None:
            self.fences[code] = max(reply["fence"], self.fences.get(code, 0))
        if reply["holder"] == self.name:
            self.mine.add(code)
        else:
            self.mine.discard(code)

    # what to do

    def _begin(self) -> Wanted:
        code = self.chance.choice(["WORK", "WORK", f"T-{self.chance.randint(1, 5)}"])
        review = {"requires_review": True} if self.chance.random() < 0.3 else {}
        return "create_task", {"code": code, "name": "n", "description": "d", **review}

    def _take(self) -> Wanted:
        if self.chance.random() < 0.5:
            return "next_task", self._patience()
        return "claim_task", {"code": self._any()}

    def _work(self) -> Wanted:
        code = self._own()
        held = {"code": code, "fence": self._fence(code)}
        ways: list[Wanted] = [
            ("report_progress", held | {"percent": self.chance.randint(0, 100)}),
            ("report_progress", held | {"note": f"{self.name} {self.number}"}),
            ("renew_claim", held),
            ("claim_task", {"code": code}),
            ("update_task", {"code": code, "add_note": f"{self.name} {self.number}"}),
        ]
        return self.chance.choice(ways)

    def _finish(self) -> Wanted:
        code = self._own()
        held: dict[str, Any] = {"code": code, "fence": self._fence(code)}
        ways: list[Wanted] = [
            ("complete_task", held | {"summary": "s"}),
            ("complete_task", held | {"summary": "s", "confidence": 0.5}),
            ("release_task", held),
            ("release_task", held | {"failure": self.chance.choice(FAILURES)}),
            ("review_task", {"code": self._handed_in(), "verdict": "approve"}),
            ("review_task", {"code": self._handed_in(), "verdict": "send_back", "findings": ["f"]}),
        ]
        return self.chance.choice(ways)

    def _hand_on(self) -> Wanted:
        if self.chance.random() < 0.5:
            code = self._own()
            to = self.chance.choice([each for each in self.team if each != self.name])
            return "offer_handoff", {"code": code, "fence": self._fence(code), "to": to, "summary": "s"}
        for_me = [number for number, to in self.talk.offers.items() if to == self.name]
        number = max(for_me or self.talk.offers, default=1)
        return "answer_handoff", {"handoff_id": number, "accept": self.chance.random() < 0.7}

    def _talk(self) -> Wanted:
        ways: list[Wanted] = [
            ("send_message", {"to": self.chance.choice([*self.team, "all"]), "content": "c"}),
            ("send_message", {"to": self.chance.choice([*self.team, "all"]), "content": "c"}),
            *[("read_inbox", self._cursor() | self._patience() | {"limit": self.chance.choice([1, 5])})] * 3,
            ("reserve_files", {"patterns": self.chance.sample(FILES, self.chance.randint(1, 2)), "ttl_s": LONG_S}),
            ("release_files", {"patterns": self.chance.sample(FILES, self.chance.randint(0, 1))}),
        ]
        return self.chance.choice(ways)

    def _cursor(self) -> dict[str, Any]:
        """Mostly the last; now and then one that is older, or none."""
        cursor = self.chance.choice(self.cursors[-3:]) if self.chance.random() < 0.3 else self.cursors[-1]
        # As the wire has it, for an agent that has registered no other role.
        return {} if cursor is None else {"cursor": f"i{cursor}@backend"}

    def _patience(self) -> dict[str, Any]:
        return {"wait_s": self.wait_s} if self.wait_s and self.chance.random() < 0.3 else {}

    def _look(self) -> Wanted:
        ways: list[Wanted] = [
            ("get_task_by_code", {"code": self._any()}),
            ("get_task_by_code", {"code": self._any()}),
            ("list_tasks", {"state": self.chance.choice(["Created", "InProgress"]), "limit": 100}),
            ("get_changes", {"cursor": "now"}),
        ]
        return self.chance.choice(ways)

    def _any(self) -> str:
        return self.chance.choice(self.talk.codes) if self.talk.codes else "NONE-1"

    def _handed_in(self) -> str:
        waiting = [code for code, is_waiting in self.talk.handed_in.items() if is_waiting]
        return self.chance.choice(waiting) if waiting else self._any()

    def _own(self) -> str:
        """Mostly what it holds; now and then what it does not."""
        return self.chance.choice(sorted(self.mine)) if self.mine and self.chance.random() < 0.85 else self._any()

    def _fence(self, code: str) -> int:
        """Mostly the newest that it knows; now and then an older one."""
        return max(1, self.fences.get(code, 1) - (self.chance.random() < 0.1))
