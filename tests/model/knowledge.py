"""The model's knowledge: what was found out, who may see it, what words find it, and what it adds to a task's context."""

from typing import Any

from tests.model.log import PERSON, No
from tests.model.messages import may_read
from tests.model.plans import Plans
from tests.model.work import Task

ENTRIES_SHOWN = 10
MESSAGES_SHOWN = 20

Entry = dict[str, Any]


class Knowledge(Plans):
    """Entries in the order of their ids."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.entries: list[Entry] = []

    def add_knowledge(
        self, by: str, title: str, body: str, visibility: str = "team", code: str | None = None, answers: int | None = None
    ) -> Entry:
        code = self.whole_code(code) if code else None
        self.introduce(by)
        if answers is not None and (answers > len(self.entries) or not may_see(self.entries[answers - 1], by)):
            raise No("not_found")
        return self.keep_entry(by, title, code, "note", visibility, body=body, reply_to=answers)

    def keep_entry(self, by: str, title: str, code: str | None, kind: str, visibility: str, **more: Any) -> Entry:
        entry = {"id": len(self.entries) + 1, "author": by, "title": title, "code": code, "kind": kind, "visibility": visibility}
        self.entries.append({"body": None, "reply_to": None} | entry | more)
        self.happened("knowledge_added", f"entry:{entry['id']}", code, (by,) if visibility == "private" else None)
        return self.entries[-1]

    def context(self, task: Task, by: str) -> dict[str, Any]:
        results = [code for code in self.named(task, "blocks") if self.find(code)["result"] is not None]
        newest = [each for each in reversed(self.entries) if each["code"] == task["code"]][:ENTRIES_SHOWN]
        said = [each for each in reversed(self.messages) if each["code"] == task["code"]][:MESSAGES_SHOWN]
        context = {
            "prerequisites": results,
            "knowledge": [each["id"] for each in newest if may_see(each, by)],
            "messages": [each["id"] for each in said if not each["direct"] or by in (each["by"], each["to"])],
        }
        return {name: found for name, found in context.items() if found}

    def found(self, word: str, reader: str) -> set[tuple[str, int]]:
        """Where a word is that the model wrote, as far as this reader may see it."""
        tasks = {("tasks", each["id"]) for each in self.tasks if word in self._words_of(each)}
        messages = {("messages", each["id"]) for each in self.messages if word in each["words"] and may_read(each, reader)}
        entries = {("knowledge", each["id"]) for each in self.entries if word in (each["title"], each["body"]) and may_see(each, reader)}
        return tasks | messages | entries

    def _words_of(self, task: Task) -> list[str]:
        written = [each["text"] for each in (*task["notes"], *task["findings"])]
        return [*written, *task["labels"], *([task["result"]["summary"]] if task["result"] else [])]


def may_see(entry: Entry, reader: str) -> bool:
    return entry["visibility"] != "private" or reader in (PERSON, entry["author"])
