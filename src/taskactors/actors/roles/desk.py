"""The desk: what all six roles share. It knows its tools' units of work and the store's address, and never touches the engine."""

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import nullcontext
from functools import partial
from types import GeneratorType
from typing import Any, ClassVar

import trio
from attrs import Factory, define, evolve

from ...board.commands import run_command
from ...board.requests.request import Request
from ...board.settings import BoardSettings
from ...board.turns import Turns
from ...board.view import View
from ...board.watching import Taken
from ...domain.errors import Refusal
from ...runtime import RETRY_AFTER_MS, ActorCrashed, Address, Letter, MailboxFull, Place, in_batches
from ...storage.engine import Snapshot, Transaction
from ..calls import Command
from ..clock import Clock
from ..orders import Read, Write
from ..tools import Tool
from ..waiting import Waiting

BATCH_LIMIT = 64

STORE_WITHIN_S = 30.0
"""A desk that waits for the store itself gives it as long as a caller gives us."""

AT_ONCE = 4
"""Letters that a desk works on beside its box: file work on one disk gains nothing from more."""

BESIDE_LIMIT = 1_024
"""Letters taken for such work and not done: as many as wait in a box. Beyond it callers are told, as when a box is full."""

Answer = Mapping[str, Any]


@define(eq=False)
class Desk:
    """One role's desk. A command is forwarded to the store as a unit of work, and the desk is free again at once.

    `own` names the tools that a desk serves with work of its own, beside the box, by the method that does it.
    """

    tools: Mapping[str, Tool]
    store: Address
    settings: BoardSettings
    clock: Clock
    waiting: Waiting
    _limit: trio.CapacityLimiter = Factory(lambda: trio.CapacityLimiter(AT_ONCE))

    own: ClassVar[Mapping[str, str]] = {}
    waiting_own: ClassVar[Set[str]] = frozenset()
    """Those of them that mostly wait for somebody else, and so keep none of the others out."""

    async def run(self, place: Place) -> None:
        """Serve letters until stopped; what is being worked on is finished first."""
        async with trio.open_nursery() as nursery:

            async def handle(letters: Sequence[Letter[Command]]) -> None:
                for letter in letters:
                    work = self.own.get(letter.message.tool)
                    if work is None:
                        self.forward(letter)
                    elif len(nursery.child_tasks) >= BESIDE_LIMIT:
                        letter.refuse(MailboxFull(place.name, RETRY_AFTER_MS))
                    else:
                        nursery.start_soon(self._beside, getattr(self, work), letter.keep(), place.name)

            await in_batches(place, handle, BATCH_LIMIT)

    def forward(self, letter: Letter[Command]) -> None:
        """Hand a command to the store, which answers it; one that may wait, or take something, is tried until there is an answer."""
        command = letter.message
        wait_s = getattr(command.request, "wait_s", 0)
        if wait_s or self.tools[command.tool].takes:
            self.waiting.serve(letter, partial(self._try, command), partial(self._undo, command), wait_s)
        else:
            letter.forward(self.store, self.order(command))

    def _try(self, command: Command, instead: Request | None) -> Read | Write:
        return self.order(evolve(command, request=instead) if instead is not None else command)

    def _undo(self, command: Command, answer: Answer) -> Write | None:
        """What gives back what an answer took, when nobody is there to hear it; under a key they will ask again."""
        if not isinstance(answer, Taken) or getattr(command.request, "idempotency_key", None):
            return None
        tool = self.tools[answer.undone_by]
        undoing = evolve(command, tool=tool.name, request=answer.undoing)
        order = self.order(undoing)
        assert isinstance(order, Write)
        return order

    def order(self, command: Command) -> Read | Write:
        """The command as the store takes it: a read of a snapshot, or a unit of work."""
        tool, settings = self.tools[command.tool], self.settings
        if tool.reads:
            now = self.clock.now()

            def read(snapshot: Snapshot) -> Answer | Read:
                view = View(snapshot, now, command.caller, settings)
                found = tool.unit(view, command.request)
                answer: Answer | Read = _turn(found, view, snapshot) if isinstance(found, GeneratorType) else found
                return answer

            return Read(read)

        def unit(transaction: Transaction) -> Answer:
            return run_command(transaction, command.tool, command.request, command.caller, command.id, tool.unit, settings)

        return Write(unit, command.id)

    async def ask_store(self, command: Command) -> Answer:
        """The store's answer to a command, for a desk that has more to do with it."""
        answer: Answer = await self.store.ask(self.order(command), STORE_WITHIN_S)
        return answer

    async def _beside(self, work: Callable[[Command], Awaitable[Answer]], letter: Letter[Command], name: str) -> None:
        try:
            async with nullcontext() if letter.message.tool in self.waiting_own else self._limit:
                if letter.wanted:
                    letter.answer(await work(letter.message))
        except Refusal as no:
            letter.refuse(no)
        except BaseException as crash:
            gone = ActorCrashed(name)
            gone.__cause__ = crash
            letter.refuse(gone)
            raise


def _turn(reading: Turns[Answer], view: View, snapshot: Snapshot) -> Answer | Read:
    """One turn of a long read: its answer, or what reads on."""
    view.snapshot = snapshot
    try:
        next(reading)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    return Read(partial(_turn, reading, view))
