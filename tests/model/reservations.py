"""The model's files: who has reserved what, and who stands in line for it. A pattern is the set of the files it could mean."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.model.log import No
from tests.model.work import Task, Work

S = 1000
STANDING_S = 900
PLACE_KEPT_S = 60

MEANS: dict[str, set[str]] = {
    "src/a.py": {"a"},
    "src/b.py": {"b"},
    "src/?.py": {"a", "b", "other"},
    "src/**": {"a", "b", "other", "deep"},
    "src/deep/": {"deep"},
    "docs/*.md": {"docs"},
}
"""Patterns, and which kinds of file each could mean; two overlap when there could be a file that both mean."""

WRITTEN = {"src/deep/": "src/deep/**"}
"""How a pattern is answered, where that is not as it was given."""

Reservation = dict[str, Any]


class Reservations(Work):
    """Reservations and places in the line, in the order in which they were asked for."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.line: list[Reservation] = []
        self.asked = 0

    def require_holder(self, task: Task, by: str, fence: int) -> None:
        """Who writes as a holder needs the fence of this very claim; people and coordinators may stand in with it."""
        if task["holder"] is None or fence != task["fence"]:
            raise No("stale_claim")
        if by != task["holder"] and not self.overrides(by):
            raise No("not_holder")

    def reserve_files(
        self,
        by: str,
        patterns: list[str],
        mode: str = "exclusive",
        code: str | None = None,
        fence: int | None = None,
        ttl_s: int | None = None,
        wait_s: int = 0,
    ) -> dict[str, Any]:
        self.introduce(by)
        task = self.find(code) if code else None
        if task is not None:
            self.require_holder(task, by, fence or 0)
        wanted = self._place(by, patterns, task, mode, ttl_s)
        if wanted["granted"]:
            return {"granted": True} | wanted
        obstacles = self._in_the_way(wanted, self.line)
        if not obstacles:
            return {"granted": True} | self._grant(wanted)
        if wait_s:
            self._stand_in_line(wanted, wait_s)
        return {"granted": False, "conflicts": obstacles, "nothing": True}

    def reserve_with_claim(self, task: Task, patterns: list[str]) -> list[Reservation]:
        if not patterns:
            return []
        wanted = self._place(task["holder"], patterns, task, "exclusive", None)
        if not wanted["granted"]:
            if self._in_the_way(wanted, self.line):
                raise No("files_reserved")
            self._grant(wanted)
        return [wanted]

    def release_files(self, by: str, reservation_id: int | None = None, patterns: list[str] | None = None) -> dict[str, Any]:
        self.introduce(by)
        if reservation_id is not None:
            found = next((each for each in self.line if each["id"] == reservation_id), None)
            if found is None:
                raise No("not_found")
            if found["agent"] != by and not self.overrides(by):
                raise No("not_allowed")
            return {"released": self.end_files(lambda each: each["id"] == reservation_id)}
        said = {WRITTEN.get(each, each) for each in patterns or []}
        return {"released": self.end_files(lambda each: each["agent"] == by and (not said or bool(said & set(each["patterns"]))))}

    def end_files(self, over: Callable[[Reservation], bool]) -> list[Reservation]:
        """These end, and whoever waited for them is served, first come first served."""
        ended = [each for each in self.line if over(each)]
        for each in ended:
            self._end(each)
        if ended:
            self._serve_line()
        return ended

    def follow_claim(self, task: Task, was: Task) -> None:
        """Reservations go with the claim that they are bound to: to its new holder, or they end with it."""
        if was["holder"] is None or (task["holder"] is not None and task["fence"] == was["fence"]):
            return
        bound = [each for each in self.line if (each["code"], each["fence"]) == (was["code"], was["fence"])]
        others = [each for each in self.line if each["granted"] and each not in bound]
        for each in bound:
            moved = each | {"agent": task["holder"], "fence": task["fence"]}
            # What its old holder has reserved besides stays with them.
            if task["holder"] is None or not each["granted"] or self._in_the_way(moved, others):
                self._end(each)
            else:
                each.update(moved)
        if bound:
            self._serve_line()

    # the line

    def _place(self, by: str, patterns: list[str], task: Task | None, mode: str, ttl_s: int | None) -> Reservation:
        wanted = {
            "agent": by,
            "patterns": sorted({WRITTEN.get(each, each) for each in patterns}),
            "mode": mode,
            "code": task["code"] if task else None,
            "fence": task["fence"] if task else None,
        }
        for each in self.line:
            if all(each[name] == value for name, value in wanted.items()):
                return each
        self.asked += 1
        means = set().union(*(MEANS[each] for each in patterns))
        return wanted | {"id": self.asked, "means": means, "ttl_s": ttl_s, "granted": False, "ends": None}

    def _in_the_way(self, of: Reservation, there: Iterable[Reservation]) -> list[Reservation]:
        def conflicts(each: Reservation) -> bool:
            shared = each["mode"] == of["mode"] == "shared"
            return each["agent"] != of["agent"] and not shared and bool(each["means"] & of["means"])

        return [each for each in there if each["id"] != of["id"] and (each["granted"] or each["id"] < of["id"]) and conflicts(each)]

    def _grant(self, wanted: Reservation) -> Reservation:
        if wanted not in self.line:
            self.line.append(wanted)
        ends = None if wanted["code"] else self.now + (wanted["ttl_s"] or STANDING_S) * S
        wanted.update(granted=True, ends=ends)
        self.happened("files_reserved", f"reservation:{wanted['id']}", wanted["code"])
        return wanted

    def _stand_in_line(self, wanted: Reservation, wait_s: int) -> None:
        self._refuse_deadlock(wanted)
        is_new = wanted not in self.line
        if is_new:
            self.line.append(wanted)
        wanted["ends"] = self.now + (wait_s + PLACE_KEPT_S) * S
        if is_new:
            self.happened("files_awaited", f"reservation:{wanted['id']}")
            for holder in sorted({each["agent"] for each in self._in_the_way(wanted, self.line) if each["granted"]}):
                self.tell(holder, "reservation", None)

    def _refuse_deadlock(self, wanted: Reservation) -> None:
        """Whoever this one would wait for may not be waiting, through others, for whoever asks."""
        seen: set[str] = set()
        ahead = {each["agent"] for each in self._in_the_way(wanted, self.line)}
        while ahead:
            name = ahead.pop()
            if name == wanted["agent"]:
                raise No("would_deadlock")
            if name not in seen:
                seen.add(name)
                waiting = [each for each in self.line if each["agent"] == name and not each["granted"]]
                ahead |= {other["agent"] for each in waiting for other in self._in_the_way(each, self.line)}

    def _end(self, reservation: Reservation) -> None:
        self.line.remove(reservation)
        if reservation["granted"]:
            self.happened("files_released", f"reservation:{reservation['id']}", reservation["code"])

    def _serve_line(self) -> None:
        for each in [each for each in self.line if not each["granted"] and each["code"]]:
            task = self.find(each["code"])
            if task["holder"] is None or task["fence"] != each["fence"]:
                self._end(each)
        while ready := [each for each in self.line if not each["granted"] and not self._in_the_way(each, self.line)]:
            self._grant(ready[0])
