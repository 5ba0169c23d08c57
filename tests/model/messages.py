"""The model's messages: who told whom what, what is still to be read, and what goes further when nobody answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.model.log import PERSON, SERVER, No
from tests.model.team import Team, is_role, newcomer

S = 1000
ANSWER_WITHIN_S = {"low": 3600, "normal": 900, "high": 300, "urgent": 60}

Message = dict[str, Any]


class Messages(Team):
    """Everything that was said, in order; each is numbered by its place."""

    def whole_code(self, code: str) -> str:
        """The code as its task has it; refuses one that no task has."""
        raise NotImplementedError

    def send_message(
        self, by: str, to: str, content: str, code: str | None = None, kind: str = "comment", ack_by_s: int | None = None, **more: Any
    ) -> Message:
        code = self.whole_code(code) if code else None
        to = self.address(to)
        message = {"to": to, "content": content, "code": code, "kind": kind, "direct": to != "all" and not is_role(to)}
        return self._said(by, message | {"ack_by": self.now + ack_by_s * S if ack_by_s else None}, **more)

    def create_task_message(self, by: str, code: str, content: str, to: str | None = None, **more: Any) -> Message:
        code = self.whole_code(code)
        to = self.address(to) if to else None
        return self._said(by, {"to": to, "content": content, "code": code}, **more)

    def address(self, to: str) -> str:
        if to not in ("all", PERSON) and not is_role(to):
            if not to.isalpha():
                raise No("invalid_arguments")
            self.introduce(to)
        return to

    def _said(self, by: str, message: Message, reply_to: int | None = None) -> Message:
        self.introduce(by)
        if reply_to is not None:
            if reply_to > len(self.messages) or not may_read(self.messages[reply_to - 1], by):
                raise No("not_found")
            self._answered(self.messages[reply_to - 1], by)
        return self._add(message | {"by": by, "reply_to": reply_to})

    def _answered(self, asked: Message, by: str) -> None:
        """An answer to the wider question is one to the question that nobody answered."""
        if asked["by"] == SERVER and asked["reply_to"] is not None:
            asked = self.messages[asked["reply_to"] - 1]
        if asked["ack_by"] is not None and asked["by"] != by:
            asked["acked_by"] = asked["acked_by"] or by

    def tell(self, to: str, kind: str, code: str | None, by: str = SERVER, **more: Any) -> Message:
        """A rule says something, in its own words, which the model does not know."""
        return self._add({"by": by, "to": to, "kind": kind, "code": code, **more})

    def _add(self, given: Message) -> Message:
        said = [given["content"]] if given.get("content") else []
        message = EMPTY_MESSAGE | {"words": said} | given | {"id": len(self.messages) + 1, "at": self.now}
        self.messages.append(message)
        between = (message["by"], message["to"]) if message["direct"] else None
        self.happened("message_sent", f"message:{message['id']}", message["code"], between)
        return message

    # reading

    def said_on(self, code: str, reader: str) -> list[int]:
        """Ids of what this reader may see on a task, newest first."""
        return [each["id"] for each in reversed(self.messages) if each["code"] == code and may_read(each, reader)]

    def read_inbox(
        self, by: str, limit: int, cursor: tuple[int, str] | None = None, ack: tuple[int, ...] = (), unread_only: bool = True
    ) -> dict[str, Any]:
        """The messages shown, and as `cursor` what the live cursor that comes with them stands for."""
        if by == PERSON and by not in self.agents:
            self.agents[by] = newcomer(by) | {"role": "", "rev": 1, "all_from": 0, "role_from": 0, "provisional": False}
        self.introduce(by)
        me = self.agents[by]
        for number in ack:
            self._acknowledge(number, by)
        if cursor is not None and unread_only:
            self._confirm(me, *cursor)
        last = me["cursor"] if unread_only else cursor[0] if cursor else 0
        shown: list[Message] = []
        for message in self._unread(by, me) if unread_only else self._all_to(by, me, last):
            last = message["id"]
            if message["by"] != by or message["to"] == by:
                shown.append(message)
            if len(shown) == limit:
                break
        return {"messages": shown, "cursor": (last, me["role"]), "nothing": not shown}

    def unread(self, name: str) -> list[int]:
        me = self.agents[name]
        return [each["id"] for each in self._unread(name, me) if each["by"] != name or each["to"] == name]

    def _confirm(self, me: dict[str, Any], number: int, role: str) -> None:
        me["cursor"] = max(me["cursor"], number)
        if role == me["role"]:
            me["role_from"] = max(me["role_from"], number)
            if role:
                self.read_by_role[role] = max(self.read_by_role.get(role, 0), number)

    def _unread(self, name: str, me: Mapping[str, Any]) -> Iterator[Message]:
        begin = {name: me["cursor"], "all": max(me["cursor"], me["all_from"])}
        if me["role"]:
            begin[f"role:{me['role']}"] = me["role_from"]
        return (each for each in self.messages if each["id"] > begin.get(each["to"], len(self.messages)))

    def _all_to(self, name: str, me: Mapping[str, Any], after: int) -> Iterator[Message]:
        mine = {name, "all", f"role:{me['role']}"}
        return (each for each in self.messages if each["id"] > after and each["to"] in mine)

    # what needs an answer

    def _acknowledge(self, number: int, by: str) -> None:
        message = self.messages[number - 1] if number <= len(self.messages) else EMPTY_MESSAGE
        if message["ack_by"] is None or message["acked_by"] is not None:
            return
        if by == message["by"] or (message["direct"] and by != message["to"]):
            raise No("not_allowed")
        message["acked_by"] = by
        self.happened("message_acknowledged", f"message:{number}", message["code"])

    def escalate(self, number: int) -> None:
        """Nobody answered in time: help is asked of everybody, then of the person; of all else the author hears."""
        message = self.messages[number - 1]
        wider = ["all", PERSON][message["escalations"] :] if message["kind"] == "help" and not message["direct"] else []
        period = max(S, message["ack_by"] - message["at"])
        message.update(ack_by=self.now + period if len(wider) == 2 else None, escalations=message["escalations"] + 1)
        self.happened("message_escalated", f"message:{number}", message["code"])
        if wider:
            self.tell(wider[0], "help", message["code"], importance="urgent", reply_to=number, words=message["words"])
        else:
            self.tell(message["by"], "comment", message["code"], importance="high")


def may_read(message: Mapping[str, Any], reader: str) -> bool:
    return not message["direct"] or reader in (PERSON, message["by"], message["to"])


EMPTY_MESSAGE: Message = {
    "to": None,
    "content": None,
    "code": None,
    "kind": "comment",
    "direct": False,
    "importance": "normal",
    "ack_by": None,
    "acked_by": None,
    "reply_to": None,
    "escalations": 0,
}
