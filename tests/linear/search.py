"""The search check: whether any order at all explains a history, told nothing of the log.

It tries the calls in every order that their times allow (Wing and Gong), and no situation twice (Lowe). For short histories alone.
"""

from collections.abc import Sequence

from tests.linear.history import Call, repeated
from tests.linear.log import SERVER, Event
from tests.linear.model import step
from tests.linear.state import State


def is_linearizable(history: Sequence[Call], log: Sequence[Event] = ()) -> bool:
    """Whether some order explains every answer. Of the log it is used how often claims ran out, and whose: never when."""
    calls = sorted([*history, *_expiries(log)], key=lambda call: call.invoked)
    again = repeated(calls)
    due = sum(1 << place for place, call in enumerate(calls) if call.reply is not None)
    seen: set[object] = set()
    ahead = [(0, State())]
    while ahead:
        done, state = ahead.pop()
        if done & due == due:
            return True
        if (situation := (done, state.key())) in seen:
            continue
        seen.add(situation)
        first_end = min(call.until for place, call in enumerate(calls) if not done >> place & 1 and call.reply is not None)
        for place, call in enumerate(calls):
            if call.invoked > first_end:
                break
            if done >> place & 1:
                continue
            key = call.key if call.key is not None and (call.client, call.tool, call.key) in again else None
            outcome = step(state, call.client, call.tool, call.given, key)
            if call.reply is None or call.reply == outcome.reply:
                ahead.append((done | 1 << place, outcome.state))
    return False


def _expiries(log: Sequence[Event]) -> list[Call]:
    codes = {event.subject: event.data["code"] for event in log if event.kind == "task_created"}
    ended = [codes.get(event.subject, "none") for event in log if event.kind == "claim_expired"]
    return [Call(SERVER, "expire", {"code": code}, -1) for code in ended]
