"""How an agent works with the board, told by the way in that its AI tool has: as a client, or from the shell."""

from collections.abc import Sequence

from .ai_tools import AiTool
from .facts import Surroundings
from .roles import LOOP, MANNERS

CALLS_ONLY = ("next_cursor", "idempotency_key")
"""Words of manners that the commands of the shell mind by themselves."""


def loop_of(tool: AiTool, around: Surroundings) -> Sequence[str]:
    """The steps of working, in tools for a client and in commands for the shell. The first is joining the team."""
    if tool.speaks_websocket:
        return LOOP
    return (
        f"Set TASKACTORS_AGENT to your name and TASKACTORS_PROJECT to {around.project}; your first command registers that name.",
        "`taskactors wait --for work` blocks until there is work; `taskactors task list` shows it, `taskactors task claim CODE` takes it.",
        "Work; any command keeps the lease. Ask with `taskactors send NAME TEXT`, read `taskactors inbox` between steps.",
        "Not yours to finish: `taskactors task release CODE --reason WHY`, with `--failure CLASS` if you failed.",
        "`taskactors task done CODE --summary WHAT` hands it in.",
        "What waited for your task becomes ready by itself; wait for work again.",
    )


def manners_of(tool: AiTool) -> Sequence[str]:
    """What an agent minds whatever it works on."""
    return [line for line in MANNERS if tool.speaks_websocket or not any(word in line for word in CALLS_ONLY)]
