"""The model's work: the tasks there are, what they wait for, and how they are found."""

from collections.abc import Iterable
from typing import Any

from tests.model.log import PERSON, No
from tests.model.messages import Messages
from tests.model.states import CLOSED, RUNNING
from tests.model.team import newcomer

Task = dict[str, Any]

POINT_OF_PRIORITY = 10 * 3600 * 1000
FAN_INS = ("waits-for-all", "waits-for-any")


class Work(Messages):
    """Tasks in the order of their ids; `unmet` is how much each knows that it waits for."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.tasks: list[Task] = []

    # finding

    def find(self, code: str) -> Task:
        for task in self.tasks:
            if task["code"].upper() == code.upper():
                return task
        raise No("not_found")

    def whole_code(self, code: str) -> str:
        return str(self.find(code)["code"])

    def subject_of(self, code: str) -> tuple[str, str]:
        task = self.find(code)
        return f"task:{task['id']}", task["code"]

    def held_by(self, name: str) -> list[str]:
        return [task["code"] for task in self.tasks if task["holder"] == name and task["state"] in RUNNING]

    def listed(self, **wanted: str) -> list[str]:
        """Codes, newest first."""
        fits = (task for task in reversed(self.tasks) if all(task[name] == value for name, value in wanted.items()))
        return [task["code"] for task in fits]

    def in_state(self, *states: str) -> list[Task]:
        return [task for state in states for task in self.tasks if task["state"] == state]

    # waiting

    def met(self, task: Task) -> bool:
        return task["state"] in ("Done", "Archived") and task["done_at"] is not None

    def called_off(self, task: Task) -> bool:
        return task["state"] == "Cancelled" or (task["state"] == "Archived" and task["done_at"] is None)

    def named(self, task: Task, *kinds: str) -> list[str]:
        return [code for code, kind in task["depends_on"] if kind in kinds]

    def parts_of(self, code: str) -> list[Task]:
        return [task for task in self.tasks if task["parent"] == code]

    def waits_for(self, task: Task) -> list[str]:
        """Codes of what holds it back now: blockers that are not Done, and tasks whose parts are not."""
        blockers = [code for code in self.named(task, "blocks") if not self.met(self.find(code))]
        for code, kind in task["depends_on"]:
            parts = [self.met(part) for part in self.parts_of(code)]
            if (kind == "waits-for-any" and not any(parts)) or (kind == "waits-for-all" and not (parts and all(parts))):
                blockers.append(code)
        return blockers

    def has_lost_a_blocker(self, task: Task) -> bool:
        return any(self.called_off(self.find(code)) for code in self.named(task, "blocks"))

    def refuse_circle(self, task: Task) -> None:
        """Nothing may wait, through whatever, for itself."""
        seen: set[str] = set()
        ahead = self._prerequisites(task)
        while ahead:
            code = ahead.pop()
            if code == task["code"]:
                raise No("dependency_cycle")
            if code not in seen:
                seen.add(code)
                ahead += self._prerequisites(self.find(code))

    def _prerequisites(self, task: Task) -> list[str]:
        wholes = [*self.named(task, *FAN_INS), *([task["code"]] if task["decomposed"] else [])]
        return self.named(task, "blocks") + [part["code"] for whole in wholes for part in self.parts_of(whole)]

    # offering

    def is_ready(self, task: Task) -> bool:
        return task["state"] == "Created" and task["not_before"] is None and not task["unmet"]

    def offered_to(self, name: str) -> list[str]:
        """Codes of what an agent may start now, in the order of work."""
        return [task["code"] for task in self.ready_for(name)]

    def ready_for(self, name: str, can: Iterable[str] | None = None, role: str | None = None) -> list[Task]:
        me = self.agents.get(name) or newcomer(name)
        able = set(me["can"]) if can is None else set(me["can"]) & set(can)

        def fits(task: Task) -> bool:
            meant = task["owner"] == name or (task["owner"] is None and (name == PERSON or task["role"] in (None, me["role"])))
            capable = name == PERSON or set(task["needs"]) <= able
            return meant and capable and self.is_ready(task) and (role is None or task["role"] in (None, role))

        return sorted(filter(fits, self.tasks), key=in_order)

    def is_under(self, task: Task, whole: str) -> bool:
        above = task["parent"]
        while above is not None:
            if above.upper() == whole.upper():
                return True
            above = self.find(above)["parent"]
        return False


def in_order(task: Task) -> tuple[float, int]:
    """The place in the order of work: priority with ageing, then the order of creation."""
    return task["inserted_at"] - task["priority"] * POINT_OF_PRIORITY, task["id"]


def is_open(task: Task) -> bool:
    return task["state"] not in CLOSED
