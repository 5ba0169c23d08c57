"""Reading a plan file: a plan, or every problem that it has, each with its line and key."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from attrs import asdict, frozen

from ..actors.arguments import Arguments
from ..board.requests.request import Request
from ..domain.agent import ROLES
from ..domain.errors import InvalidArguments
from ..domain.failing import Failure
from .plan import Exchange, Handover, Member, Plan, PlannedTask
from .plan_checks import checked, in_order
from .plan_lines import PlanLines
from .plan_tables import BlockedTable, HandoffTable, MemberTable, PlanTable, QuestionTable, TaskTable
from .team import NAMES

TASKS_LIMIT = 200
"""The demo reads the whole board several times a second; more tasks than this would make it slow, and nobody can watch them."""

R = TypeVar("R", bound=Request)


@frozen
class Problem:
    """What is wrong at one place of a plan file. The line is None when it could not be found."""

    line: int | None
    where: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (f"line {self.line}" if self.line else "", self.where, self.what) if part)


class BadPlan(Exception):
    """The file is no plan that could be worked; `problems` has all that is wrong with it, in the order of the file."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.path = path
        self.problems = tuple(problems)


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises BadPlan, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadPlan(path, [Problem(None, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise BadPlan(path, [Problem(None, "", "is not text in UTF-8")]) from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPlan(path, [Problem(None, "", f"is not TOML: {error}")]) from None
    plan, problems = _Reader(PlanLines(text)).read(tables)
    if plan is None or problems:
        raise BadPlan(path, sorted(problems, key=lambda problem: problem.line or 0))
    return plan


class _Reader:
    """Reads tables and collects what is wrong with them."""

    def __init__(self, lines: PlanLines) -> None:
        self._lines = lines
        self._problems: list[Problem] = []

    def read(self, tables: dict[str, Any]) -> tuple[Plan | None, list[Problem]]:
        team, tasks = tables.pop("team", {}), tables.pop("task", [])
        top = self._table(PlanTable, tables, "")
        members = tuple(self._members(team))
        planned = self._tasks(tasks)
        if top is None or self._problems:
            return None, self._problems
        plan = Plan(top.title, members, planned)
        for place, key, what in checked(plan):
            self._note(self._lines.find("task", place, key), f"task {planned[place].code}: {key}", what)
        return (plan if self._problems else Plan(top.title, members, in_order(planned))), self._problems

    def _members(self, team: object) -> Iterator[Member]:
        if not isinstance(team, dict):
            self._note(None, "team", "must be a table of roles, each with its list of capabilities")
            team = {}
        for role in team.keys() - set(ROLES):
            self._note(self._lines.find("team", 0, role), f"team: {role}", f"there is no such role; the roles are {', '.join(ROLES)}")
        for role, name in NAMES.items():
            found = self._table(MemberTable, {"capabilities": team.get(role, [])}, f"team: {role}", self._lines.find("team", 0, role))
            yield Member(name, role, found.capabilities if found else ())

    def _tasks(self, tasks: object) -> tuple[PlannedTask, ...]:
        if not isinstance(tasks, list) or not tasks or not all(isinstance(each, dict) for each in tasks):
            self._note(None, "task", "a plan has at least one [[task]]")
            return ()
        if len(tasks) > TASKS_LIMIT:
            self._note(None, "task", f"there are {len(tasks)} tasks; the demo takes at most {TASKS_LIMIT}")
            return ()
        read = [self._task(place, dict(each)) for place, each in enumerate(tasks)]
        return tuple(task for task in read if task is not None)

    def _task(self, place: int, table: dict[str, Any]) -> PlannedTask | None:
        where = f"task {table['code']}" if isinstance(table.get("code"), str) else f"task number {place + 1}"
        questions, blocked, handoff = table.pop("questions", []), table.pop("blocked", None), table.pop("handoff", None)
        said = self._table(TaskTable, table, where, lambda key: self._lines.find("task", place, key))
        if not isinstance(questions, list):
            line = self._lines.find("task", place, "questions")
            self._note(line, where, "questions: write each as a table of its own, [[task.questions]]")
            questions = []
        asked = [self._exchange(QuestionTable, each, where, place, ("questions", number)) for number, each in enumerate(questions)]
        stuck = self._exchange(BlockedTable, blocked, where, place, ("blocked", 0)) if blocked is not None else None
        handed = self._handover(handoff, where, place) if handoff is not None else None
        if said is None:
            return None
        values = asdict(said, recurse=False)
        values["fails"] = Failure(said.fails) if said.fails else None
        return PlannedTask(**values, questions=tuple(each for each in asked if each), blocked=stuck, handoff=handed)

    def _handover(self, table: object, where: str, place: int) -> Handover | None:
        if not isinstance(table, dict):
            self._note(self._lines.find("task", place, "handoff"), f"{where}: handoff", "must be a table")
            return None
        found = self._table(HandoffTable, table, f"{where}: handoff", lambda key: self._lines.find_inner("task", place, "handoff", 0, key))
        return Handover(found.to, found.summary, found.next_steps) if found is not None else None

    def _exchange(
        self, kind: type[QuestionTable] | type[BlockedTable], table: object, where: str, place: int, inner: tuple[str, int]
    ) -> Exchange | None:
        name, number = inner
        where = f"{where}: {name}"
        if not isinstance(table, dict):
            self._note(self._lines.find("task", place, name), where, "must be a table")
            return None
        found = self._table(kind, table, where, lambda key: self._lines.find_inner("task", place, name, number, key))
        match found:
            case QuestionTable(to=to, question=text, answer=answer) | BlockedTable(to=to, reason=text, answer=answer):
                return Exchange(to, text, answer)
            case _:
                return None

    def _table(self, kind: type[R], table: Mapping[str, Any], where: str, line: Any = None) -> R | None:
        """The table as what it should be, or None after every problem was noted."""
        try:
            return Arguments(kind).structure(table, "plan")
        except InvalidArguments as invalid:
            for problem in invalid.problems:
                key = problem.partition(":")[0].partition("[")[0]
                at = line(key) if callable(line) else line
                what = problem.replace("there is no such argument", "there is no such key")
                self._note(at if at is not None else self._lines.find("", 0, key), where, what)
            return None

    def _note(self, line: int | None, where: str, what: str) -> None:
        self._problems.append(Problem(line, where, what))
