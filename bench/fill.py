"""python -m bench.fill DATA TASKS: a store with that many tasks, written by the board itself in large batches.

Tasks that it has already are counted in. Of every ten tasks one is a plan, the other nine are its parts, two
of them done and one waiting for another; roles, priorities and labels are spread.
"""

import gc
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from taskactors.board import layout
from taskactors.board.change import Change
from taskactors.board.claims import claim_task
from taskactors.board.finishing import complete_task
from taskactors.board.requests.claims import ClaimTask
from taskactors.board.requests.finishing import CompleteTask
from taskactors.board.requests.tasks import CreateTask
from taskactors.board.settings import BoardSettings
from taskactors.board.tasks import create_task
from taskactors.domain.caller import Caller
from taskactors.domain.events import EventKind, Fact
from taskactors.domain.task import State, Task
from taskactors.storage.engine import Failed, Snapshot, Transaction, Unit
from taskactors.storage.errors import NeedsRoom
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from taskactors.storage.ownership import own

# A plan with its parts is written by one unit, and as many of those share one commit.
PARTS = 10
DONE_PARTS = (1, 2)
WAITING_PART = 4
PLANS_A_BATCH = 100

ROLES = ("backend", "database", "docs", "qa", "architect", None)
WORDS = ("index", "parser", "lease", "mailbox", "snapshot", "router", "journal", "token", "socket", "planner", "cursor", "backup")
DESCRIPTION = (
    "Find out what the {0} does when the {1} is late, write a test that shows it, and mend the {2} without changing what the {1} sees."
)

_SETTINGS = BoardSettings()
_CALLER = Caller(name="filler")


def code_of(number: int) -> str:
    """The code of the n-th task, from one."""
    return f"FILL-{number:03}"


def plan(first: int, transaction: Transaction) -> None:
    """A plan and its parts, as a unit of work."""
    change = Change(transaction, _CALLER, f"fill-{first}", _SETTINGS)
    for part in range(PARTS):
        number = first + part
        words = [WORDS[number * step % len(WORDS)] for step in (1, 5, 7)]
        name, description = f"{words[0]} and {words[1]}, part {part} of p{first}", DESCRIPTION.format(*words)
        if part == WAITING_PART:
            create_task(change, CreateTask(code=code_of(number), name=name, description=description, depends_on=(code_of(number - 1),)))
            continue
        # As the unit above does it, without its questions whether this can be: it takes a third of the time.
        task = Task(
            id=change.next_number("task"),
            code=code_of(number),
            name=name,
            description=description,
            state=State.CREATED,
            inserted_at=change.now,
            updated_at=change.now,
            created_by=_CALLER.name,
            role=ROLES[number % len(ROLES)],
            priority_score=float(number % 10),
            labels=(words[2], f"week-{number % 52}"),
            parent_code=code_of(first) if part else None,
        )
        change.record(Fact(EventKind.TASK_CREATED, task, {"code": task.code, "to": task.state}))
        if part in DONE_PARTS:
            held = claim_task(change, ClaimTask(code=task.code))
            complete_task(change, CompleteTask(code=task.code, fence=held["claim"]["fence"], summary=f"mended the {words[2]}"))


def tasks_in(snapshot: Snapshot) -> int:
    """How many tasks were filled in before."""
    stored = snapshot.get(layout.counter("task"))
    return int.from_bytes(stored, "big") if stored else 0


def batches(already: int, tasks: int) -> Iterator[list[Unit]]:
    firsts = range(already + 1, tasks + 1, PARTS)
    for begin in range(0, len(firsts), PLANS_A_BATCH):
        yield [partial(plan, first) for first in firsts[begin : begin + PLANS_A_BATCH]]


def write(engine: LmdbEngine, units: list[Unit], number: int) -> None:
    batch_id = number.to_bytes(16, "big")
    while True:
        with engine.draft(int(time.time() * 1000)) as draft:
            outcomes = [draft.run(unit) for unit in units]
            writes = draft.writes(batch_id)
        try:
            engine.commit(writes, batch_id)
            break
        except NeedsRoom:
            engine.make_room()
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            raise outcome.error


def fill(data: Path, tasks: int) -> None:
    """Add tasks until there are that many. Raises DataInUse while a server has the folder."""
    # Nothing here makes cycles, and looking for them takes a fifth of the time.
    gc.disable()
    with own(data):
        engine = open_lmdb(data / "projects" / "default")
        try:
            for number, units in enumerate(batches(engine.read(tasks_in), tasks), start=1):
                write(engine, units, number)
        finally:
            engine.close()


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
