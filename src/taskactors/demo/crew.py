"""The crew: starts the agents' processes, hears what they tell, and kills one when the plan says so."""

import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import trio
from attrs import Factory, define, field

from .agent import Job, run_agent
from .happening import Happening, Kind, Tell, from_bytes
from .plan import Member

ENDED_WITHIN_S = 3.0
"""An agent that is told to end only has to say goodbye to the server."""

CONTEXT = multiprocessing.get_context("forkserver")
"""The protocol's library takes seconds to load; this way one process loads it, and every agent begins as a copy of that one."""


@define(eq=False)
class _Seat:
    process: ForkServerProcess
    line: Connection
    killed: bool = False


@define(eq=False)
class Crew:
    """The agents that are alive. `tell` hears whatever they say, and when one ends by itself."""

    job_for: Callable[[Member], Job]
    tell: Tell
    _nursery: trio.Nursery
    _seats: dict[str, _Seat] = field(default=Factory(dict))

    async def start(self, member: Member) -> None:
        """Start an agent's process."""
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=run_agent, args=(self.job_for(member), theirs), daemon=True, name=member.name)
        # The first start waits for the process that all are copied from.
        await trio.to_thread.run_sync(process.start)
        theirs.close()
        self._seats[member.name] = _Seat(process, ours)
        self._nursery.start_soon(self._hear, member.name, self._seats[member.name])

    def kill(self, name: str, task: str) -> None:
        """End an agent in the middle of a task, so that it can say nothing to anybody."""
        seat = self._seats[name]
        seat.killed = True
        assert seat.process.pid is not None
        os.kill(seat.process.pid, signal.SIGKILL)
        self.tell(Happening(kind=Kind.KILLED, who=name, task=task, number=seat.process.pid))

    async def _hear(self, name: str, seat: _Seat) -> None:
        try:
            while True:
                await trio.lowlevel.wait_readable(seat.line.fileno())
                self.tell(from_bytes(seat.line.recv_bytes()))
        except (EOFError, ConnectionResetError):
            await self._ended(seat)
            if not seat.killed:
                self.tell(Happening(kind=Kind.ENDED, who=name, text=f"its process ended with exit code {seat.process.exitcode}"))
        finally:
            seat.line.close()

    async def _ended(self, seat: _Seat) -> None:
        await trio.lowlevel.wait_readable(seat.process.sentinel)
        seat.process.join()

    async def stop(self) -> None:
        """End every agent: each hears that nobody listens any more, and is killed if it does not go."""
        self._nursery.cancel_scope.cancel()
        with trio.move_on_after(ENDED_WITHIN_S):
            for seat in self._seats.values():
                await self._ended(seat)
        for seat in self._seats.values():
            if seat.process.is_alive():
                seat.process.kill()
            seat.process.join()


@asynccontextmanager
async def crew(job_for: Callable[[Member], Job], tell: Tell) -> AsyncIterator[Crew]:
    """A crew without anybody yet; whoever was started is gone afterwards."""
    CONTEXT.set_forkserver_preload(["taskactors.demo.agent"])
    async with trio.open_nursery() as nursery:
        staff = Crew(job_for, tell, nursery)
        try:
            yield staff
        finally:
            with trio.CancelScope(shield=True):
                await staff.stop()
