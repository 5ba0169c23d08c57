"""What readers were shown: no message is lost or comes again after it was confirmed, and the log is shown as it is."""

from collections.abc import Iterator, Mapping, Sequence

from taskactors.domain.events import Event, EventKind
from taskactors.domain.message import EVERYBODY, ROLE_PREFIX
from tests.simulation.history import Answered, Op


def inbox_findings(ops: Sequence[Op], events: Sequence[Event], roles: Mapping[str, str]) -> Iterator[str]:
    """For every agent, given by its role: what it should have read and what it did."""
    for agent, role in roles.items():
        reads = [op for op in ops if op.who == agent and op.tool == "read_inbox" and isinstance(op.outcome, Answered)]
        yield from (f"{agent} {wrong}" for wrong in _of_one(reads, *_sent_to(agent, role, events)))


def _of_one(reads: Sequence[Op], sent: Mapping[int, int], may_be_sent: Mapping[int, int]) -> Iterator[str]:
    """Both have the number of a message by that of its event: those that must have come, and those that may have, too."""
    seen: set[int] = set()
    shown_before: dict[str, frozenset[int]] = {}
    confirmed: set[int] = set()
    for op in reads:
        assert op.given is not None
        cursor = op.arguments.get("cursor")
        came = {int(item["id"]) for item in op.given["items"]}
        if not op.is_replayed:
            confirmed |= shown_before.get(cursor, frozenset()) if cursor else frozenset()
            if again := came & confirmed:
                yield f"was shown messages {sorted(again)} again in #{op.number}, after it had confirmed them"
        seen |= came
        shown_before[op.given["next_cursor"]] = frozenset(seen)
    last = next((op for op in reversed(reads) if op.given and not op.given["items"]), None)
    if last is not None and (lost := {number for seq, number in sent.items() if seq <= last.before} - seen):
        yield f"was never shown messages {sorted(lost)}, and its inbox is empty"
    if alien := seen - {*sent.values(), *may_be_sent.values()}:
        yield f"was shown messages {sorted(alien)}, which were not for it"


def _sent_to(agent: str, role: str, events: Sequence[Event]) -> tuple[dict[int, int], dict[int, int]]:
    """What this agent was sent since it joined; and what its role was sent before, which waits for whoever comes next."""
    joined = next((event.seq for event in events if event.kind is EventKind.AGENT_REGISTERED and event.subject == f"agent:{agent}"), 0)
    sent: dict[int, int] = {}
    waiting: dict[int, int] = {}
    for event in events:
        if event.kind is not EventKind.MESSAGE_SENT:
            continue
        to, by, number = event.data.get("to"), event.data.get("from"), int(event.subject.partition(":")[2])
        if to == agent or (to in (EVERYBODY, ROLE_PREFIX + role) and by != agent and event.seq > joined):
            sent[event.seq] = number
        elif to == ROLE_PREFIX + role:
            waiting[event.seq] = number
    return sent, waiting


def log_findings(ops: Sequence[Op], events: Sequence[Event]) -> Iterator[str]:
    """Pages of the log that are not what the log is in the end."""
    for op in ops:
        if op.tool != "get_changes" or op.given is None:
            continue
        items = op.given["items"]
        seqs = [item["seq"] for item in items]
        after = int(str(op.arguments.get("cursor") or "e0")[1:])
        if seqs != list(range(after + 1, after + 1 + len(seqs))):
            yield f"#{op.number}: after {after} came {seqs}"
        elif seqs and seqs[-1] > op.after:
            yield f"#{op.number} showed event {seqs[-1]}, when only {op.after} were stored"
        elif any(
            (item["kind"], item["subject"]) != (event.kind, event.subject) for item, event in zip(items, events[after:], strict=False)
        ):
            yield f"#{op.number} showed something that is not in the log"
        elif int(op.given["next_cursor"][1:]) != after + len(seqs):
            yield f"#{op.number} goes on at {op.given['next_cursor']} after {after} and {len(seqs)} events"
