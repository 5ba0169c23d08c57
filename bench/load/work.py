"""What the agents do: each kind of work as the turn that one agent takes again and again."""

from collections.abc import Callable, Mapping
from functools import partial

from attrs import frozen

from .asking import Call, Pause, Turn

# Longer than anything that is measured.
IDLE_S = 3600.0


@frozen
class Work:
    """What each agent does once before the time runs, and then, with what came of that or else its own name, in each turn."""

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


def take_next(_: str) -> Turn:
    """Take whatever is best. One more task is made before and that one finished after, so that there are as many as before."""
    yield Call("create_task", {"code": "BENCH", "name": "a task", "description": "to be done"}, timed=False)
    held = yield Call("next_task", {})
    yield Call("complete_task", {"code": held.code, "fence": held.fence, "summary": "done"}, timed=False)
    return held.code


def claim(_: str) -> Turn:
    """Claim a task by its code, with the others before and after as above."""
    made = yield Call("create_task", {"code": "BENCH", "name": "a task", "description": "to be done"}, timed=False)
    held = yield Call("claim_task", {"code": made.code})
    yield Call("complete_task", {"code": held.code, "fence": held.fence, "summary": "done"}, timed=False)
    return held.code


def repeated(tool: str, arguments: dict[str, object], prepared: bool = False) -> Work:
    """The same call again and again."""

    def turn(_: str) -> Turn:
        yield Call(tool, arguments)
        return ""

    return Work(turn, prepare=partial(turn, "") if prepared else None)


def day(me: str) -> Turn:
    """A bit of everything that a busy agent does. Its mail is its own, and is all read."""
    made = yield Call("create_task", {"code": "BENCH", "name": "a task", "description": "to be done", "role": "backend"})
    held = yield Call("claim_task", {"code": made.code})
    yield Call("report_progress", {"code": held.code, "fence": held.fence, "percent": 50, "note": "half of it"})
    yield Call("send_message", {"to": me, "content": f"{held.code} is half done", "code": held.code})
    mail = yield Call("read_inbox", {})
    if mail.items and mail.next_cursor:
        yield Call("read_inbox", {"cursor": mail.next_cursor})
    yield Call("get_task_by_code", {"code": held.code})
    yield Call("get_changes", {"code": held.code})
    yield Call("complete_task", {"code": held.code, "fence": held.fence, "summary": "done"})
    return held.code


def idle(_: str) -> Turn:
    """Nothing at all."""
    yield Pause(IDLE_S)
    return ""


WORKS: Mapping[str, Work] = {
    "changes": Work(changes),
    "reads": Work(reads, prepare=a_task),
    "echo": Work(echo),
    "idle": Work(idle),
    "day": Work(day),
    # On a board that bench.fill has filled: the same answer, however much else there is.
    "next": Work(take_next),
    "claim": Work(claim),
    "list": repeated("list_tasks", {"role": "backend", "limit": 20}),
    # The first search makes the index, which is not what is timed here.
    "search": repeated("search", {"query": "p501"}, prepared=True),
    "feed": repeated("get_changes", {"cursor": "latest"}),
    "graph": repeated("get_dependency_graph", {"codes": ["FILL-505"]}),
}
