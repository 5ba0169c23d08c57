"""One agent of the demo: a process of its own, with its own MCP client on its own WebSocket."""

import contextlib
import signal
from multiprocessing.connection import Connection

import trio
from attrs import frozen

from .board import Board, Lost, connected, first_of
from .correspondence import Correspondence
from .happening import Happening, Kind, Tell
from .plan import Member, Plan
from .working import Worker


@frozen(kw_only=True)
class Job:
    """What an agent is started with. `pace_s` is how long an hour of planned work lasts."""

    member: Member
    plan: Plan
    url: str
    pace_s: float


def run_agent(job: Job, line: Connection) -> None:
    """Work until the other end of `line` is closed; tell it everything that happens."""
    # Ctrl-C reaches every process of the terminal; the one that shows the demo ends the others in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more, so there is nobody to work for
        trio.run(_live, job, line)


async def _live(job: Job, line: Connection) -> None:
    def tell(happening: Happening) -> None:
        line.send_bytes(happening.to_bytes())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_end_with, line, nursery.cancel_scope)
        try:
            async with connected(job.url, job.member.name) as board:
                await _take_part(job, board, tell)
        except* Lost as lost:
            tell(Happening(kind=Kind.ENDED, who=job.member.name, text=str(first_of(lost))))
        nursery.cancel_scope.cancel()


async def _end_with(line: Connection, life: trio.CancelScope) -> None:
    """Nothing is ever said to an agent on its line, so something to read there means that the other end is gone."""
    await trio.lowlevel.wait_readable(line.fileno())
    life.cancel()


async def _take_part(job: Job, board: Board, tell: Tell) -> None:
    me = job.member
    await board.call(
        "register_agent",
        agent_name=me.name,
        agent_type=me.role,
        role=me.role,
        capabilities=list(me.capabilities),
        description=f"works on {job.plan.title}",
    )
    tell(Happening(kind=Kind.JOINED, who=me.name, other=me.role))
    letters = Correspondence(me, job.plan, board, tell, job.pace_s)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(letters.keep)
        nursery.start_soon(Worker(me, job.plan, board, letters, tell, job.pace_s).work)
