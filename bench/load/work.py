"""What the agents do: each kind of work as the turn that one agent takes again and again."""

from collections.abc import Callable, Mapping

from attrs import frozen

from .asking import Call, Pause, Turn

# Longer than anything that is measured.
IDLE_S = 3600.0


@frozen
class Work:
    """What each agent does once before the time runs, and then, with what came of that, in each turn."""

    turn: Callable[[str], Turn]
    prepare: Callable[[], Turn] | None = None


def changes(_: str) -> Turn:
    """Create, claim, complete: three calls, each answered after a durable commit."""
    made = yield Call("create_task", {"code": "BENCH", "name": "a task", "description": "to be done"})
    held = yield Call("claim_task", {"code": made.code})
    # A queue hands out another than was just put in.
    yield Call("complete_task", {"code": held.code, "fence": held.fence, "summary": "done"})
    return held.code


def a_task() -> Turn:
    """A task of one's own."""
    made = yield Call("create_task", {"code": "READ", "name": "a task", "description": "to be read"})
    return made.code


def reads(code: str) -> Turn:
    """One task, by its code."""
    yield Call("get_task_by_code", {"code": code})
    return code


def echo(_: str) -> Turn:
    """The same request as a read, which the server sends back as it came."""
    return (yield from reads("READ-001"))


def idle(_: str) -> Turn:
    """Nothing at all."""
    yield Pause(IDLE_S)
    return ""


WORKS: Mapping[str, Work] = {"changes": Work(changes), "reads": Work(reads, prepare=a_task), "echo": Work(echo), "idle": Work(idle)}
