"""The model's handoffs: what a holder offered to whom, and what became of it."""

from typing import Any

from tests.model.log import No
from tests.model.moving import Handoff, S
from tests.model.sessions import Sessions
from tests.model.team import is_role
from tests.model.work import Task

EXPIRES_S = 3600


class Handoffs(Sessions):
    """An offered task stays with its holder until somebody accepts."""

    def offer_handoff(
        self, by: str, code: str, fence: int, to: str, confidence: float | None = None, expires_s: int | None = None
    ) -> dict[str, Any]:
        task = self.find(code)
        if not is_role(to) and not to.startswith("capability:"):
            if ":" in to:
                raise No("invalid_arguments")
            self.introduce(to)
        self.require_holder(task, by, fence)
        unsure = self.is_unsure(task, confidence)
        to_state = "Review" if unsure else "PendingHandoff"
        self.permit(task, by, to_state)
        was = dict(task)
        self.walk(task, to_state)
        self.touch(task, "handoff_offered")
        self.follow(task, was)
        offer = {
            "id": len(self.handoffs) + 1,
            "code": task["code"],
            "from": was["holder"],
            "to": to,
            "declined_by": [],
            "answered_by": None,
        }
        offer |= {"state": "in_review" if unsure else "open", "expires_at": self.now + (expires_s or EXPIRES_S) * S}
        self.handoffs.append(offer)
        if not unsure:
            self._announce(offer)
        return {"handoff": offer, "state_of_task": to_state}

    def _announce(self, offer: Handoff) -> None:
        to = "all" if offer["to"].startswith("capability:") else offer["to"]
        self.tell(to, "handoff", offer["code"], by=offer["from"])

    def put_forward(self, task: Task) -> None:
        offer = self.offer_of(task)
        assert offer is not None
        self.walk(task, "InProgress")
        self.walk(task, "PendingHandoff")
        offer["state"] = "open"
        self._announce(offer)

    def answer_handoff(self, by: str, handoff_id: int, accept: bool) -> dict[str, Any]:
        if handoff_id > len(self.handoffs):
            raise No("not_found")
        offer = self.handoffs[handoff_id - 1]
        if offer["state"] != "open":
            raise No("handoff_closed")
        self.introduce(by)
        task = self.find(offer["code"])
        if accept:
            self.require_not_paused(by)
        if (accept or by != offer["from"]) and (by == offer["from"] or not self._is_addressed(offer["to"], by)):
            raise No("not_addressed")
        if accept:
            self._accept(offer, task, by)
        else:
            self._decline(offer, task, by)
        return {"task": task, "handoff": offer}

    def _is_addressed(self, to: str, name: str) -> bool:
        me = self.me(name)
        return to in (name, f"role:{me['role']}", *(f"capability:{each}" for each in me["can"]))

    def _accept(self, offer: Handoff, task: Task, by: str) -> None:
        if not self.able(by, task["needs"]):
            raise No("lacks_capabilities")
        self.require_room(by)
        was = dict(task)
        task.update(holder=by, owner=by, fence=task["fence"] + 1, claimed_at=self.now)
        self.walk(task, "InProgress")
        self.touch(task, "handoff_accepted")
        offer.update(state="accepted", answered_by=by)
        self.follow(task, was)
        self.tell(offer["from"], "handoff", task["code"])

    def _decline(self, offer: Handoff, task: Task, by: str) -> None:
        """From the one it was for the work goes back; of many, the others may still take it."""
        if by not in (offer["to"], offer["from"]):
            offer["declined_by"] = list(dict.fromkeys([*offer["declined_by"], by]))
            return
        self.walk(task, "InProgress")
        self.touch(task, "handoff_declined")
        offer.update(state="withdrawn" if by == offer["from"] else "declined", answered_by=by)
        if by != offer["from"]:
            self.tell(offer["from"], "handoff", task["code"])

    def expire(self, number: int) -> None:
        """Nobody answered in time. One that is still being reviewed just ends."""
        offer = self.handoffs[number - 1]
        if offer["state"] == "in_review":
            offer["state"] = "withdrawn"
            return
        task = self.find(offer["code"])
        self.walk(task, "InProgress")
        self.touch(task, "handoff_expired")
        offer["state"] = "expired"
        self.tell(offer["from"], "handoff", task["code"])
