"""The aftermath: what else happens, in the same change, when a task has come or moved."""

from ..domain import handing_off
from ..domain.task import State, Task
from .change import Change
from .dependants import carry_over
from .reserved import follow_claim
from .sessions import end_with_claim
from .standstill import tell_of_dead_end


def follow(change: Change, before: Task | None, after: Task) -> tuple[str, ...]:
    """Everything that follows from a task's move; returns the codes of the tasks that it set free."""
    if before is not None:
        _withdraw_offer(change, before, after)
        end_with_claim(change, before, after)
    follow_claim(change, before, after)
    freed = carry_over(change, before, after)
    tell_of_dead_end(change, before, after)
    return freed


def _withdraw_offer(change: Change, before: Task, after: Task) -> None:
    """An offer of a task that went another way, or to another holder, is void."""
    if before.state not in (State.PENDING_HANDOFF, State.REVIEW) or (before.state is after.state and before.holder == after.holder):
        return
    if after.state is State.PENDING_HANDOFF:
        return
    offer = change.open_handoff(after)
    if offer is not None:
        change.keep_handoff(handing_off.overtaken(offer, change.now))
