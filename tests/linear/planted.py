"""Planted wrong answers: what a server could do wrong, each put into a good run so that it must be rejected, by its name."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve

from tests.linear.acts import Act
from tests.linear.history import Call
from tests.linear.log import Event
from tests.linear.model import shown
from tests.linear.plan import RIVAL, Plan, probe, renumbered
from tests.linear.reasons import Reason
from tests.linear.scheduler import Run
from tests.linear.state import Task

ALWAYS_TOLD = {"create_task", "report_progress", "complete_task", "release_task", "review_task", "offer_handoff", "send_message"}


Plant = Callable[[Plan], Run | None]
"""Puts something wrong into a run, or finds no place for it."""


# claims


def two_winners_of_one_claim(plan: Plan) -> Run | None:
    for moment in plan.moments():
        for code in plan.codes():
            held = plan.seen_at(moment, code)
            if all(task is not None and task.holder and _was_told(plan, task, moment) for task in held):
                won = shown(held[-1]) | {"owner": RIVAL, "holder": RIVAL}  # type: ignore[arg-type]
                return plan.with_call(probe(moment, "claim_task", {"code": code}, won, key="won"))
    return None


def a_stale_fence_is_accepted(plan: Plan) -> Run | None:
    for moment in plan.moments():
        for code in plan.codes():
            tasks = plan.seen_at(moment, code)
            task = tasks[0]
            if (
                task is None
                or not task.holder
                or task.fence < 2
                or any(task != each for each in tasks)
                or not _was_told(plan, task, moment)
            ):
                continue
            stale = {"code": code, "fence": task.fence - 1, "percent": 1}
            reply = shown(task._replace(rev=task.rev + 1, percent=1))
            call = probe(moment, "report_progress", stale, reply, str(task.holder), key="stale")
            return plan.with_call(call, _told(plan, call, f"task:{task.id}", "task_progressed", fence=task.fence - 1))
    return None


def a_fence_is_used_again(plan: Plan) -> Run | None:
    for place, call in plan.answered_acts():
        act, task = plan.acts[place], plan.states[place].tasks.get((call.reply or {}).get("code", ""))
        if (
            act.events[0].kind != "task_claimed"
            or task is None
            or task.fence < 1
            or not _was_told(plan, task, call.invoked, but=call.client)
        ):
            continue
        event = evolve(act.events[0], data={**act.events[0].data, "fence": task.fence})
        acts = [Act([event, *act.events[1:]]) if each is act else each for each in plan.acts]
        return plan.with_reply(call, renumbered(acts), fence=task.fence)
    return None


def somebody_else_completes(plan: Plan) -> Run | None:
    for moment in plan.moments():
        for code in plan.codes():
            tasks = plan.seen_at(moment, code)
            task = tasks[0]
            if task is None or not task.holder or task.state != "InProgress" or any(task != each for each in tasks):
                continue
            given = {"code": code, "fence": task.fence, "summary": "s"}
            done = task._replace(state="Done", holder=None, rev=task.rev + 1, percent=100)
            call = probe(moment, "complete_task", given, shown(done) | {"unblocked": ()}, key="not mine")
            return plan.with_call(call, _told(plan, call, f"task:{task.id}", "task_completed", fence=task.fence))
    return None


def it_is_refused_though_it_is_free(plan: Plan) -> Run | None:
    for moment in [*plan.moments(), _end(plan)]:
        for code in plan.codes():
            if all(task is not None and task.state == "Created" and task.owner is None for task in plan.seen_at(moment, code)):
                return plan.with_call(probe(moment, "claim_task", {"code": code}, {"refused": "not_claimable"}, key="free"))
    return None


def it_is_refused_though_it_was_done(plan: Plan) -> Run | None:
    for _, call in plan.answered_acts():
        wrong = evolve(call, reply={"refused": "not_claimable"})
        return Run([wrong if each is call else each for each in plan.run.history], plan.run.log)
    return None


def a_claim_ends_before_its_time(plan: Plan) -> Run | None:
    for event in plan.run.log:
        if event.kind == "claim_expired" and (said := _said_to_end(plan, event)):
            log = [evolve(each, at=min(said) - 1) if each is event else each for each in plan.run.log]
            return Run(plan.run.history, log)
    return None


# reads


def a_read_shows_what_is_still_to_come(plan: Plan) -> Run | None:
    return _read_from(plan, lambda window: range(window.stop, len(plan.states)), lambda then, now: now is None and then is not None)


def a_read_shows_what_is_over(plan: Plan) -> Run | None:
    """Over for certain: somebody was told of a later rev before."""
    return _read_from(plan, lambda window: range(window.start), lambda then, now: then is not None and now is not None)


def _read_from(plan: Plan, other: Callable[[range], range], fits: Callable[[Task | None, Task | None], bool]) -> Run | None:
    for moment in plan.moments():
        for code in plan.codes():
            now = plan.seen_at(moment, code)
            for place in other(plan.window(moment)):
                then = plan.states[place].tasks.get(code)
                if then is None or not all(fits(then, each) for each in now) or then in now or not _is_settled(plan, then, moment):
                    continue
                reply = shown(then) | {"text": then.text, "notes": then.notes}
                return plan.with_call(probe(moment, "get_task_by_code", {"code": code}, reply))
    return None


def _is_settled(plan: Plan, then: Task, moment: float) -> bool:
    """Whether no other order could make it true: its creation is called for later, or somebody was told of a later rev before."""
    told = [call for call in plan.run.history if call.reply and call.reply.get("code") == then.code and "rev" in call.reply]
    created = [call for call in told if call.tool == "create_task" and call.succeeded]
    if created and created[0].invoked > moment:
        return True
    return any(call.until < moment and (call.reply or {})["rev"] > then.rev for call in told)


# messages


def a_confirmed_message_comes_again(plan: Plan) -> Run | None:
    last, end = plan.states[-1], _end(plan)
    for number, (author, to) in enumerate(last.messages, 1):
        if to in last.agents and author != to:
            confirming = probe(end, "read_inbox", {"cursor": len(last.messages)}, {"items": (), "cursor": len(last.messages)}, to)
            again = probe(end + 1, "read_inbox", {}, {"items": (number,), "cursor": len(last.messages)}, to)
            return Run([*plan.run.history, confirming, again], plan.run.log)
    return None


def a_message_is_left_out(plan: Plan) -> Run | None:
    for call in plan.run.history:
        if call.tool == "read_inbox" and call.reply and "replayed" not in call.reply and call.reply.get("items"):
            return plan.with_reply(call, items=call.reply["items"][1:])
    readers = {call.client for call in plan.run.history if call.tool == "read_inbox"}
    for author, to in plan.states[-1].messages:
        if to in plan.states[-1].agents and to not in readers and author != to:
            return plan.with_call(probe(_end(plan), "read_inbox", {}, {"items": (), "cursor": 0}, to))
    return None


# the log


def a_repeat_is_told_something_else(plan: Plan) -> Run | None:
    for _, call in plan.answered_acts():
        number = next((name for name in ("rev", "handoff_id", "id") if name in (call.reply or {})), None)
        if call.reply is not None and number is not None:
            reply = {**call.reply, number: call.reply[number] + 1, "replayed": True}
            return plan.with_call(probe(_end(plan), call.tool, call.given, reply, call.client, call.key))
    return None


def a_success_is_lost_from_the_log(plan: Plan) -> Run | None:
    for place, call in plan.answered_acts():
        if call.tool in ALWAYS_TOLD:
            return Run(plan.run.history, renumbered([*plan.acts[:place], *plan.acts[place + 1 :]]))
    return None


def an_event_comes_from_nowhere(plan: Plan) -> Run | None:
    place = plan.chance.randrange(len(plan.acts) + 1)
    nobodys = Event(0, 0, "task_claimed", "agent-1", "task:1", "nobody asked", {"from": "Created", "to": "InProgress", "fence": 1})
    return Run(plan.run.history, renumbered([*plan.acts[:place], Act([nobodys]), *plan.acts[place:]]))


def an_event_is_missing_from_the_numbers(plan: Plan) -> Run | None:
    place = plan.chance.randrange(max(1, len(plan.run.log) - 1))
    return Run(plan.run.history, [*plan.run.log[:place], *plan.run.log[place + 1 :]]) if len(plan.run.log) > 1 else None


def what_came_first_is_later_in_the_log(plan: Plan) -> Run | None:
    for place, (act, following) in enumerate(zip(plan.acts, plan.acts[1:], strict=False)):
        first, second = plan.actors.get(act), plan.actors.get(following)
        if first is not None and second is not None and first.until < second.invoked:
            return Run(plan.run.history, renumbered([*plan.acts[:place], following, act, *plan.acts[place + 2 :]]))
    return None


def a_command_acts_twice(plan: Plan) -> Run | None:
    for place, _ in plan.answered_acts():
        return Run(plan.run.history, renumbered([*plan.acts, plan.acts[place]]))
    return None


def _end(plan: Plan) -> float:
    return max(call.invoked if call.answered is None else call.answered for call in plan.run.history) + 1


def _was_told(plan: Plan, task: Task, moment: float, but: str | None = None) -> bool:
    """Whether somebody was answered that they had taken it with this fence before."""
    return any(
        call.until < moment and call.client != but and call.tool in ("claim_task", "next_task", "answer_handoff")
        for call in plan.run.history
        if call.succeeded and call.reply and (call.reply.get("code"), call.reply.get("fence")) == (task.code, task.fence)
    )


def _told(plan: Plan, call: Call, subject: str, kind: str, **facts: Any) -> list[Event]:
    """The log with an event of that call, where it belongs."""
    place = plan.window(call.invoked).stop - 1
    event = Event(0, 0, kind, call.client, subject, str(call.key), facts)
    return renumbered([*plan.acts[:place], Act([event]), *plan.acts[place:]])


def _said_to_end(plan: Plan, event: Event) -> list[int]:
    code = next(task.code for task in plan.states[-1].tasks.values() if f"task:{task.id}" == event.subject)
    about = [
        call
        for call in plan.run.history
        if call.reply and "replayed" not in call.reply and (call.reply.get("code"), call.reply.get("fence")) == (code, event.data["fence"])
    ]
    if any(call.reply is None and call.given.get("code") == code for call in plan.run.history):
        return []
    return [call.ends for call in about if call.ends is not None]


PLANTED: Mapping[Plant, Reason] = {
    two_winners_of_one_claim: Reason.TWO_WINNERS,
    a_stale_fence_is_accepted: Reason.STALE_FENCE,
    a_fence_is_used_again: Reason.FENCE_REUSED,
    somebody_else_completes: Reason.NOT_HOLDER,
    it_is_refused_though_it_is_free: Reason.REFUSED_THOUGH_FREE,
    it_is_refused_though_it_was_done: Reason.REFUSED_BUT_DONE,
    a_claim_ends_before_its_time: Reason.TOO_EARLY,
    a_read_shows_what_is_still_to_come: Reason.FROM_THE_FUTURE,
    a_read_shows_what_is_over: Reason.BACK_IN_TIME,
    a_confirmed_message_comes_again: Reason.CAME_AGAIN,
    a_message_is_left_out: Reason.MESSAGE_LOST,
    a_repeat_is_told_something_else: Reason.REPLAYED_OTHERWISE,
    a_success_is_lost_from_the_log: Reason.NO_EVENT,
    an_event_comes_from_nowhere: Reason.NO_CALL,
    an_event_is_missing_from_the_numbers: Reason.GAP,
    what_came_first_is_later_in_the_log: Reason.ORDER,
    a_command_acts_twice: Reason.ACTED_TWICE,
}

IN_ANY_ORDER: tuple[Plant, ...] = (
    two_winners_of_one_claim,
    a_stale_fence_is_accepted,
    a_fence_is_used_again,
    somebody_else_completes,
    a_read_shows_what_is_still_to_come,
    a_read_shows_what_is_over,
    a_confirmed_message_comes_again,
    a_repeat_is_told_something_else,
)
"""What no order of the calls could explain, whatever the log says."""
