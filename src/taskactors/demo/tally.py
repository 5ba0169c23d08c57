"""The tally: counts what happened, for the summary, and knows who took over from whom."""

from collections import Counter
from typing import Any

from attrs import Factory, define

from .happening import Happening, Kind
from .plan import Plan


@define(eq=False)
class Tally:
    """Counted from what the agents told, which is what the server answered them."""

    plan: Plan
    happened: Counter[Kind] = Factory(Counter)
    done_by: dict[str, list[str]] = Factory(dict)
    by_agent: dict[str, Counter[Kind]] = Factory(dict)
    takeovers: list[tuple[str, str, str]] = Factory(list)
    handoffs: list[tuple[str, str, str]] = Factory(list)
    messages: int = 0
    _holder: dict[str, str] = Factory(dict)

    def count(self, it: Happening) -> None:
        """One more thing that happened."""
        self.happened[it.kind] += 1
        self.by_agent.setdefault(it.who, Counter())[it.kind] += 1
        self.messages += it.messages
        match it.kind:
            case Kind.CLAIMED:
                # Whoever gave it back has said so; whoever has not, lost it.
                if (before := self._holder.get(it.task)) not in (None, it.who):
                    self.takeovers.append((it.task, str(before), it.who))
                self._holder[it.task] = it.who
            case Kind.FAILED | Kind.LOST | Kind.OFFERED:
                self._holder.pop(it.task, None)
            case Kind.ACCEPTED:
                self._holder[it.task] = it.who
                self.handoffs.append((it.task, it.other, it.who))
            case Kind.DONE:
                self.done_by.setdefault(it.who, []).append(it.task)
            case Kind.APPROVED:
                # The work was the author's, whoever says that it is finished.
                self.done_by.setdefault(it.other, []).append(it.task)

    def figures(self) -> dict[str, Any]:
        """The figures of the summary, for programs."""
        happened = self.happened
        return {
            "claims": happened[Kind.CLAIMED],
            "questions": happened[Kind.ASKED],
            "answers": happened[Kind.ANSWERED],
            "blocked": happened[Kind.BLOCKED],
            "helped": happened[Kind.HELPED],
            "failures": happened[Kind.FAILED],
            "sent_back": happened[Kind.SENT_BACK],
            "approved": happened[Kind.APPROVED],
            "killed": happened[Kind.KILLED],
            "expired": happened[Kind.EXPIRED],
            "waits": happened[Kind.WAITS],
            "reserved": happened[Kind.RESERVED],
            "stood_in_line": happened[Kind.IN_LINE],
            "put_aside": happened[Kind.PUT_ASIDE],
            "handoffs_read": happened[Kind.READ],
            "handoffs": [{"task": task, "from": before, "to": after} for task, before, after in self.handoffs],
            "takeovers": [{"task": task, "from": before, "to": after} for task, before, after in self.takeovers],
            "messages": self.messages,
            "done_by": {member.name: self.done_by.get(member.name, []) for member in self.plan.team},
        }
