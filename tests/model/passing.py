"""The model's time: what was due first is done first, and help that was asked for is waited for."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.model.knowledge import Knowledge
from tests.model.messages import ANSWER_WITHIN_S
from tests.model.moving import DAY, S
from tests.model.states import RUNNING
from tests.model.work import Task

QUIET = 3600 * S
GRACE = 60 * S
SHORTEST_WARNED_S = 60
STALLS_AFTER = 1800 * S

Calls = Mapping[str, tuple[int, bool]]
"""When an agent last called, and whether it is still connected."""

Due = tuple[int, str, int]


class Passing(Knowledge):
    """Nothing ends by a clock alone: only when somebody looks."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.kept: dict[tuple[str, str, str], tuple[Mapping[str, Any], dict[str, Any], int]] = {}

    def request_help(
        self, by: str, code: str, question: str, to: str | None = None, urgency: str = "normal", blocking: bool = False
    ) -> dict[str, Any]:
        task = self.find(code)
        self.introduce(by)
        to = self.address(to) if to else "role:architect"
        message = self.tell(
            to, "help", task["code"], by=by, importance=urgency, ack_by=self.now + ANSWER_WITHIN_S[urgency] * S, content=question
        )
        if not blocking or task["state"] == "Blocked":
            return {"message": message}
        self.permit(task, by, "Blocked")
        was = dict(task)
        self.walk(task, "Blocked")
        task["blocked_reason"] = question
        self.touch(task, "task_moved")
        self.follow(task, was)
        return {"message": message, "blocked": task}

    def sweep(self, calls: Calls) -> None:
        """Whatever is due is done."""
        self.kept = {key: each for key, each in self.kept.items() if each[2] > self.now}
        while due := sorted(each for each in self._due() if each[0] <= self.now):
            for _, what, number in due:
                self._do(what, number, calls)

    def _due(self) -> Iterator[Due]:
        yield from ((self._look_at(task), "lease", task["id"]) for task in self.tasks if task["ends"] is not None)
        yield from ((task["not_before"], "start", task["id"]) for task in self.tasks if task["not_before"] is not None)
        yield from ((each["expires_at"], "handoff", each["id"]) for each in self.handoffs if each["state"] in ("open", "in_review"))
        yield from ((each["ends"], "reservation", each["id"]) for each in self.line if each["ends"] is not None)
        asked = (each for each in self.messages if each["ack_by"] is not None and each["acked_by"] is None)
        yield from ((each["ack_by"], "acknowledgement", each["id"]) for each in asked)

    def _do(self, what: str, number: int, calls: Calls) -> None:
        match what:
            case "lease":
                self._look_at_lease(self.tasks[number - 1], calls)
            case "start":
                task = self.tasks[number - 1]
                task.update(not_before=None, updated_at=max(task["updated_at"], task["not_before"]))
            case "handoff":
                self.expire(number)
            case "reservation":
                self.end_files(lambda each: bool(each["id"] == number))
            case "acknowledgement":
                self.escalate(number)

    # leases

    def _look_at(self, task: Task) -> int:
        """When something is to be done about a lease: a warning, or its end."""
        return int(min(task["ends"], task["deadline"], *(at for at, _ in self._warnings(task))))

    def _warnings(self, task: Task) -> list[tuple[int, int]]:
        """When each end that its holder was not warned of is to be warned of."""
        ahead = [(task["deadline"] - DAY // 5, task["deadline"])]
        if task["lease"] >= SHORTEST_WARNED_S:
            ahead.append((task["ends"] - task["lease"] * S // 5, task["ends"]))
        return [(at, end) for at, end in ahead if end not in task["warned"]]

    def _look_at_lease(self, task: Task, calls: Calls) -> None:
        if min(task["ends"], task["deadline"]) <= self.now:
            self._lease_is_up(task, calls)
            return
        task["ends"] = max(task["ends"], self._alive_until(task, calls))
        if due := [end for at, end in self._warnings(task) if at <= self.now]:
            task["warned"] = [*task["warned"], *due]
            self.tell(task["holder"], "warning", task["code"], importance="high")

    def _lease_is_up(self, task: Task, calls: Calls) -> None:
        if (alive_until := self._alive_until(task, calls)) > self.now:
            task["ends"] = alive_until
            return
        was = dict(task)
        self.end_claim(task, None if task["state"] == "Blocked" else "lease_expired")
        self.touch(task, "claim_expired")
        self.follow(task, was)

    def _alive_until(self, task: Task, calls: Calls) -> int:
        called, connected = calls.get(task["holder"], (task["claimed_at"], False))
        sign = min(self.now, called + QUIET) if connected else called
        return int(min(sign + task["lease"] * S, task["deadline"]))

    def restart(self) -> None:
        for task in self.tasks:
            if task["ends"] is not None:
                grace = self.now + min(task["lease"] * S, GRACE)
                if min(task["ends"], task["deadline"]) < grace:
                    task.update(ends=max(task["ends"], grace), deadline=max(task["deadline"], grace))

    # standstill

    def stalled(self) -> list[Task]:
        """Held work without a change for half an hour."""
        return [task for task in self.in_state(*sorted(RUNNING)) if task["updated_at"] + STALLS_AFTER <= self.now]

    def announce_stalls(self) -> None:
        for task in self.stalled():
            if task["stalled_at_rev"] != task["rev"]:
                task["stalled_at_rev"] = task["rev"]
                self.happened("task_stalled", f"stall:{task['id']}", task["code"])
                self.tell(task["holder"], "warning", task["code"])
