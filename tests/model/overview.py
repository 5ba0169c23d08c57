"""The model's overview: how the project stands, and what waits for what."""

from typing import Any

from tests.model.passing import Passing
from tests.model.states import CLOSED
from tests.model.work import FAN_INS, Task, in_order

SHOWN = 10


class Overview(Passing):
    """What is seen of everything at once. Only looked at, so nothing of it is kept for a repeat."""

    def overview(self) -> dict[str, Any]:
        ready = sorted((task for task in self.tasks if self.is_ready(task)), key=in_order)
        return {
            "counts": {state: len(self.in_state(state)) for state in {task["state"] for task in self.tasks}},
            "ready": len(ready),
            "oldest_ready": ready[0]["code"] if ready else None,
            "blocked": [task["code"] for task in self.in_state("Blocked")][:SHOWN],
            "waiting": [(task["code"], self.waits_for(task)) for task in self.in_state("WaitingForDependency")][:SHOWN],
            "in_review": [(task["code"], task["implementer"]) for task in self.in_state("Review")][:SHOWN],
            "put_aside": [(task["code"], task["attempts"]) for task in self.in_state("Quarantined")][:SHOWN],
            "stalled": [task["code"] for task in self.stalled()][:SHOWN],
            "paused": sorted(self.pauses),
            "events": len(self.log),
        }

    def graph(self, codes: list[str], depth: int) -> dict[str, Any]:
        """The tasks around these, or around all that are open; edges; what stands still; how long the longest way is."""
        inside = set(codes or [task["code"] for task in self.tasks if task["state"] not in CLOSED])
        for _ in range(depth):
            inside |= {other for code in inside for other in self._neighbours(self.find(code))}
        tasks = [task for task in self.tasks if task["code"] in inside]
        edges = {(before, task["code"]): kind for task in tasks for before, kind in self._befores(task) if before in inside}
        blocked = {task["code"]: self.waits_for(task) for task in tasks if task["unmet"] and task["state"] not in CLOSED}
        blocked |= {task["code"]: [task["holder"]] for task in tasks if task["state"] == "Blocked"}
        return {
            "nodes": [(task["code"], task["state"]) for task in tasks],
            "edges": edges,
            "blocked": blocked,
            "longest": self._longest(tasks),
        }

    def _neighbours(self, task: Task) -> set[str]:
        named = {code for code, _ in task["depends_on"]} | ({task["parent"]} if task["parent"] else set())
        waiting = {each["code"] for each in self.tasks if task["code"] in self.named(each, "blocks", *FAN_INS)}
        return named | waiting | {part["code"] for part in self.parts_of(task["code"])}

    def _befores(self, task: Task) -> list[tuple[str, str]]:
        """What comes before it, and why; a part that it waits for by name is that."""
        parts = dict.fromkeys((part["code"] for part in self.parts_of(task["code"])), "part-of")
        named = {code: kind for code, kind in task["depends_on"] if code not in parts or kind != "related"}
        return list((parts | named).items())

    def _longest(self, tasks: list[Task]) -> int:
        """How many open tasks follow upon each other at most."""
        inside = {task["code"]: task for task in tasks}
        lengths: dict[str, int] = {}

        def length(code: str) -> int:
            if code not in lengths:
                task = inside[code]
                before = self.named(task, "blocks") + ([part["code"] for part in self.parts_of(code)] if task["decomposed"] else [])
                lengths[code] = max((length(each) for each in before if each in inside), default=0) + (task["state"] not in CLOSED)
            return lengths[code]

        return max(map(length, inside), default=0)
