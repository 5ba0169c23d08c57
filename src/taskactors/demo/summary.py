"""The summary: what was done, by whom, with how many words, in what time; for a person or for a program."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .conductor import Outcome
from .happening import Kind
from .plan import Plan
from .tally import Tally

COLUMNS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("claims", (Kind.CLAIMED,)),
    ("asked", (Kind.ASKED, Kind.BLOCKED)),
    ("answered", (Kind.ANSWERED, Kind.HELPED)),
    ("reviews", (Kind.APPROVED, Kind.SENT_BACK)),
    ("failed", (Kind.FAILED, Kind.EXPIRED)),
)


def to_json(plan: Plan, outcome: Outcome, tally: Tally) -> dict[str, Any]:
    """Everything in the summary as a JSON object; `ok` says whether every task is done."""
    return {
        "ok": is_success(outcome),
        "plan": plan.title,
        "states": {task.code: outcome.tasks[task.code]["state"] for task in plan.tasks if task.code in outcome.tasks},
        "unfinished": [{"code": code, "why": why} for code, why in outcome.unfinished],
        **({"why": outcome.why} if outcome.why else {}),
        "seconds": round(outcome.seconds, 1),
        **tally.figures(),
    }


def is_success(outcome: Outcome) -> bool:
    """Whether every task of the plan is Done or Archived."""
    return not outcome.unfinished and not outcome.why


def show(console: Console, plan: Plan, outcome: Outcome, tally: Tally, kept: bool) -> None:
    """Print it for a person; `kept` says that the data is still there afterwards."""
    console.print(_people(plan, tally))
    for line in _sentences(plan, outcome, tally):
        console.print(Text(line), soft_wrap=True)
    for code, why in outcome.unfinished:
        console.print(Text(f"{code} {why}", style="red"), soft_wrap=True)
    if kept:
        console.print(Text(f"the board is in {outcome.data}: taskactors serve --data {outcome.data}"), soft_wrap=True)


def _people(plan: Plan, tally: Tally) -> Table:
    # No lines between columns: it has to fit on eighty.
    table = Table(title="who did what", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("agent", no_wrap=True)
    table.add_column("role", no_wrap=True)
    for heading, _ in COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("done", overflow="fold")
    for member in plan.team:
        did: Counter[Kind] = tally.by_agent.get(member.name, Counter())
        counts = [sum(did[kind] for kind in kinds) for _, kinds in COLUMNS]
        done = " ".join(tally.done_by.get(member.name, []))
        table.add_row(member.name, member.role, *(str(count or "") for count in counts), Text(done))
    return table


def _sentences(plan: Plan, outcome: Outcome, tally: Tally) -> Sequence[str]:
    states = Counter(str(task["state"]) for task in outcome.tasks.values())
    lines = [
        f"{len(plan.tasks)} tasks in {outcome.seconds:.1f} s: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items())),
        f"{tally.messages} messages; {tally.happened[Kind.ASKED]} questions, {tally.happened[Kind.ANSWERED]} answers",
    ]
    lines += [f"{after} took {task} over from {before}, whose lease had run out" for task, before, after in tally.takeovers]
    lines += [f"{after} was handed {task} by {before} halfway, with what {before} left to do" for task, before, after in tally.handoffs]
    if waits := tally.happened[Kind.WAITS]:
        lines.append(f"{waits} times somebody waited for work, parked on the server until there was some")
    if tally.happened[Kind.IN_LINE]:
        lines.append(f"files were reserved {tally.happened[Kind.RESERVED]} times; {tally.happened[Kind.IN_LINE]} stood in line for them")
    if tally.happened[Kind.DECIDED]:
        lines.append(f"{tally.happened[Kind.PUT_ASIDE]} put aside after failing too often, and let go on by you")
    if outcome.why:
        lines.append(f"it ended early: {outcome.why}")
    return lines
