"""Driving what the team knows: knowledge, private and not, words that find it, and the log from a cursor on."""

import hypothesis.strategies as st
from attrs import evolve
from hypothesis.stateful import rule

from tests.model import commands, wire
from tests.model.commands import Command, calls, optional, which, words
from tests.model.comparing import agree
from tests.model.log import PERSON
from tests.model.machine import Machine

visibilities = st.sampled_from(["public", "team", "private", "private"])
add = calls(
    "add_knowledge",
    title=words,
    body=words,
    visibility=visibilities,
    code=optional(which),
    answers=optional(commands.picks),
)
send = calls("send_message", to=commands.addresses, content=words, code=optional(which))
note = calls("update_task", code=which, note=words)
take = calls("next_task")
KINDS = [(), ("message_sent",), ("knowledge_added", "task_claimed"), ("task_created", "task_moved")]


class Knowing(Machine):
    """What is written down, and who finds it."""

    every = st.one_of(commands.joins, add, add, send, note, take)

    def __init__(self) -> None:
        super().__init__()
        self.read_up_to: list[tuple[str | None, int]] = [(None, 0)]

    @rule(command=add | send)
    def write_down(self, command: Command) -> None:
        self.run(command)

    @rule(command=add, pick=commands.picks, by=commands.callers)
    def know_of_a_task_and_take_it(self, command: Command, pick: int, by: str) -> None:
        """Whoever takes a task is told what they may know of it."""
        offered = self.model.offered_to(by)
        code = offered[0] if offered else self.model.tasks[0]["code"]
        said = Command(command.by, "send_message", {"to": "ada", "content": "plum", "code": code})
        self.run(Command(command.by, "add_knowledge", {**command.given, "code": code, "answers": None}), said)
        self.run(Command(by, "next_task", {}))

    @rule(pick=commands.picks, summary=words)
    def hand_in_for_those_who_wait(self, pick: int, summary: str) -> None:
        """What was handed in is told to whoever takes what waited for it."""
        task = self.one_held(pick)
        self.run(Command(PERSON, "create_task", {"code": "AFTER", "depends_on": [(task["code"], "blocks")]}))
        self.run(Command(task["holder"] or PERSON, "complete_task", {"code": task["code"], "fence": 0, "summary": summary}))
        self.run(Command("bob", "next_task", {}))

    @rule(pick=commands.picks, reader=commands.callers, digest=st.booleans(), command=add | send)
    def write_on_a_task_and_read_of_it(self, pick: int, reader: str, digest: bool, command: Command) -> None:
        code = self.model.tasks[pick % len(self.model.tasks)]["code"]
        self.run(evolve(command, given={**command.given, "code": code}))
        self.follow_the_log(reader, 0, 100, (), pick, digest)

    @rule(
        reader=commands.callers,
        pick=commands.picks,
        limit=st.sampled_from([1, 5, 100]),
        kinds=st.sampled_from(KINDS),
        about=optional(commands.picks),
        digest=st.booleans(),
    )
    def follow_the_log(self, reader: str, pick: int, limit: int, kinds: tuple[str, ...], about: int | None, digest: bool) -> None:
        """From the start, or from any cursor that was given."""
        cursor, after = self.read_up_to[pick % len(self.read_up_to)]
        code = self.model.tasks[about % len(self.model.tasks)]["code"] if about is not None else None
        wanted = {"cursor": cursor, "kinds": kinds or None, "code": code, "digest": digest or None}
        given = {name: value for name, value in wanted.items() if value is not None}
        live = self.comparison.seat(reader).get_changes(limit=limit, max_tokens=20_000, **given)
        expected = self.model.get_changes(reader, after, limit, kinds, code, digest)
        if digest:
            told = [(each.get("code", "other"), each["happened"] if "code" in each else each["other"]) for each in live["items"]]
            codes = {f"task:{task['id']}": task["code"] for task in self.model.tasks}
            agree(told, [(codes.get(subject, subject), counted) for subject, counted in expected["digest"]], "the digest")
            agree(live["events"], expected["events"], "how many events the digest is of")
        else:
            agree(wire.seen(live["items"], expected["items"]), expected["items"], f"the log as {reader} reads it")
        self.read_up_to.append((live["next_cursor"], expected["cursor"]))
