"""What was acknowledged: every answer's effect is in the log, every refusal's is not, and no command acts twice."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from taskactors.board.claims import GIVEN_BACK
from taskactors.domain.caller import SERVER
from taskactors.domain.events import Event, EventKind
from tests.simulation.client import AGAIN
from tests.simulation.history import Op, Refused
from tests.simulation.replay import Story

GIVES_FENCE = frozenset({EventKind.TASK_CLAIMED, EventKind.HANDOFF_ACCEPTED})

ONCE = frozenset(
    {
        EventKind.TASK_CLAIMED,
        EventKind.TASK_RELEASED,
        EventKind.TASK_PROGRESSED,
        EventKind.TASK_COMPLETED,
        EventKind.TASK_REVIEWED,
        EventKind.HANDOFF_OFFERED,
        EventKind.HANDOFF_ACCEPTED,
        EventKind.HANDOFF_DECLINED,
        EventKind.AGENT_REGISTERED,
    }
)
"""What one command does at most once; a plan creates many tasks, and time ends many claims."""

PLAN = "plan_tasks"

MAY_BE_OLDER = frozenset({"next_task", "claim_task", "reserve_files", "register_agent"})
"""Tools that answer with what their caller has already, when there is that."""


@frozen
class Mark:
    """What an answer says that the log must say, too: an event of one of these kinds, about that, with these facts."""

    kinds: frozenset[EventKind]
    subject: str | None
    facts: Mapping[str, Any]

    def fits(self, event: Event) -> bool:
        return event.kind in self.kinds and self.subject in (event.subject, None) and self.facts.items() <= dict(event.data).items()


def _mark(kind: EventKind, subject: str, **facts: Any) -> Mark:
    return Mark(frozenset({kind}), subject, facts)


def marks_of(op: Op) -> Iterator[Mark]:
    """What must be in the log because of an answer."""
    answer, given = op.given or {}, op.arguments
    task = f"task:{answer.get('id')}"
    match op.tool:
        case "create_task":
            yield _mark(EventKind.TASK_CREATED, task)
        case "plan_tasks":
            yield from (_mark(EventKind.TASK_CREATED, f"task:{item['id']}") for item in answer["items"])
        case "next_task" | "claim_task" if "claim" in answer:
            yield Mark(GIVES_FENCE, task, {"fence": answer["claim"]["fence"], "agent": op.who})
        case "report_progress":
            yield _mark(EventKind.TASK_PROGRESSED, task, fence=given["fence"])
        case "complete_task":
            yield _mark(EventKind.TASK_COMPLETED, task, fence=given["fence"], to=answer["state"])
        case "release_task":
            yield _mark(EventKind.TASK_RELEASED, task, fence=given["fence"], to=answer["state"])
        case "review_task":
            yield Mark(frozenset({EventKind.TASK_REVIEWED, EventKind.HANDOFF_OFFERED}), task, {"to": answer["state"]})
        case "offer_handoff":
            yield Mark(frozenset({EventKind.HANDOFF_OFFERED}), None, {"handoff": answer["handoff_id"]})
        case "answer_handoff" if given["accept"]:
            yield _mark(EventKind.HANDOFF_ACCEPTED, task, handoff=given["handoff_id"], fence=answer["claim"]["fence"])
        case "send_message":
            yield _mark(EventKind.MESSAGE_SENT, f"message:{answer['id']}", to=given["to"])
        case "reserve_files" if answer["granted"]:
            yield _mark(EventKind.FILES_RESERVED, f"reservation:{answer['reservation_id']}")
        case "release_files":
            released = (each for each in answer["released"] if each["granted"])
            yield from (_mark(EventKind.FILES_RELEASED, f"reservation:{each['reservation_id']}") for each in released)
        case "register_agent":
            yield Mark(frozenset({EventKind.AGENT_REGISTERED, EventKind.AGENT_UPDATED}), f"agent:{answer['name']}", {})


def findings(ops: Sequence[Op], events: Sequence[Event], stories: Mapping[str, Story]) -> Iterator[str]:
    """Everything that answers and refusals said and the log does not, or the other way round. `stories` are by the codes of tasks."""
    for op in ops:
        if op.given is not None:
            yield from (f"#{op.number} {op.tool} of {op.who} {wrong}" for wrong in _unlike_the_log(op, events, stories))
    yield from _unlike_each_other(ops, events)
    yield from _acted_twice(ops, events)


def _unlike_the_log(op: Op, events: Sequence[Event], stories: Mapping[str, Story]) -> Iterator[str]:
    first = 0 if op.is_replayed or op.tool in MAY_BE_OLDER else op.before
    for mark in marks_of(op):
        if not any(mark.fits(event) and op.key in (event.command, None) for event in events[first : op.after]) and not (
            op.tool in MAY_BE_OLDER and any(mark.fits(event) for event in events[: op.after])
        ):
            yield f"was answered, and there is no {'/'.join(sorted(mark.kinds))} of {mark.subject} in the log up to {op.after}"
    fence = op.arguments.get("fence")
    if fence is not None and not op.is_replayed and (story := stories.get(op.arguments["code"])) is not None:
        in_force = story.fences_between(op.before, op.after)
        if fence not in in_force:
            yield f"succeeded with fence {fence}, when {sorted(in_force)} was in force"


def _unlike_each_other(ops: Sequence[Op], events: Sequence[Event]) -> Iterator[str]:
    """The tries of one command."""
    commands = {event.command for event in events}
    by_key: dict[str, list[Op]] = {}
    for op in ops:
        if op.key is not None:
            by_key.setdefault(op.key, []).append(op)
    for key, tries in by_key.items():
        given = [op for op in tries if op.given is not None]
        answers = [{name: value for name, value in (op.given or {}).items() if name != "replayed"} for op in given]
        if any(answer != answers[0] for answer in answers) and not _says_nothing(answers[0]):
            yield f"{key} was answered in two ways: {answers}"
        if given and not _says_nothing(answers[0]):
            refused = (op.outcome for op in tries if op.number > given[0].number and isinstance(op.outcome, Refused))
            yield from (f"{key} was answered, and then refused: {no}" for no in refused if no.code not in AGAIN)
        if key in commands and not given and all(isinstance(op.outcome, Refused) and op.outcome.is_sure for op in tries):
            yield f"{key} was refused, and is in the log: {[str(op.outcome) for op in tries]}"


def _says_nothing(answer: Mapping[str, Any]) -> bool:
    """Whether it is only that there is nothing yet: such an answer is not kept for a repeat."""
    return bool(answer.get("nothing_ready")) or answer.get("items") == [] or answer.get("granted") is False


def _acted_twice(ops: Sequence[Op], events: Sequence[Event]) -> Iterator[str]:
    plans = {op.key for op in ops if op.tool == PLAN}
    by_command: dict[str, list[Event]] = {}
    for event in events:
        by_command.setdefault(event.command, []).append(event)
    for command, caused in by_command.items():
        if not any(map(_has_a_second_part, caused)) and caused[-1].seq - caused[0].seq != len(caused) - 1:
            yield f"command {command} acted at more than one time: {[event.seq for event in caused]}"
        counted = Counter((event.kind, event.subject) for event in caused if event.kind in ONCE)
        yield from (f"command {command} did {kind} to {subject} {times} times" for (kind, subject), times in counted.items() if times > 1)
        told = Counter((each.data["from"], each.data["to"]) for each in caused if _is_said(each))
        yield from (f"command {command} told {to} {times} times what {by} said" for (by, to), times in told.items() if times > 1)
        created = sum(event.kind is EventKind.TASK_CREATED for event in caused)
        if created > 1 and command not in plans:
            yield f"command {command} created {created} tasks"


def _has_a_second_part(event: Event) -> bool:
    """Whoever waits for files is first put in line and later given them; what was taken for one who had left is given back."""
    return event.kind is EventKind.FILES_AWAITED or event.data.get("reason") == GIVEN_BACK


def _is_said(event: Event) -> bool:
    """By somebody, to somebody: what the server itself tells may be several things at once."""
    return event.kind is EventKind.MESSAGE_SENT and "to" in event.data and event.data["from"] != SERVER
