"""Comparing: everything that can be seen of the live store, held against the model."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from taskactors.actors.feed import Feed
from taskactors.actors.search_index import SearchIndex
from taskactors.board import knowledge, layout
from taskactors.board.inbox import unread_of
from taskactors.board.requests.tasks import GetTaskByCode
from taskactors.board.reservations import shown
from taskactors.board.tasks import get_task_by_code
from taskactors.board.view import View
from taskactors.board.wire import handoff, session
from taskactors.domain.caller import Caller
from tests.board.board import PERSON as PERSON_CALLER
from tests.board.board import Board, Seat
from tests.model import wire
from tests.model.commands import AGENTS
from tests.model.log import PERSON
from tests.model.model import Model
from tests.model.states import WHO_MAY

READERS = (PERSON, "ada", "qa")
"""A person, somebody, and somebody of another role."""

IN_A_SLICE = 3
"""Few enough that the index is made in several."""

WORDS = ("plum", "pear", "quince")

T = TypeVar("T")


class Differ(AssertionError):
    """The live store and the model do not agree."""


def agree(live: object, model: object, about: object) -> None:
    if isinstance(live, dict) and isinstance(model, dict) and live.keys() == model.keys():
        # What is the same on both sides would only hide what is not.
        other = [name for name in live if live[name] != model[name]]
        live, model = {name: live[name] for name in other}, {name: model[name] for name in other}
    if live != model:
        raise Differ(f"{about}: the store says {live!r}, the model {model!r}")


def codes(items: list[Mapping[str, Any]]) -> list[str]:
    return [each["code"] for each in items]


class Comparison:
    """One store and one model, and what was seen of both the last time."""

    def __init__(self, board: Board, model: Model) -> None:
        self.board = board
        self.model = model
        self.feed = Feed()
        self.index = SearchIndex(self.feed)
        self._stored: dict[int, bytes] = {}
        self._modelled: dict[int, dict[str, Any]] = {}
        self._agents: object = None
        self._events = 0
        self._looks = 0

    def forget(self) -> None:
        """Everything is compared anew the next time, as if it had not been seen."""
        self._stored, self._modelled, self._agents = {}, {}, None

    def seat(self, name: str) -> Seat:
        return self.board.as_person() if name == PERSON else self.board.as_agent(name)

    def look(self, at: Callable[[View], T], caller: Caller = PERSON_CALLER) -> T:
        return self.board.engine.read(lambda snapshot: at(View(snapshot, self.board.now, caller, self.board.settings)))

    # after every step

    def after_a_step(self) -> None:
        """What has changed on either side, and what follows from it for who is offered what."""
        self.look(self._events_agree)
        agents = {name: dict(each) for name, each in self.model.agents.items()}
        if self.look(self._tasks_agree) or self._agents != agents:
            self._agents = agents
            self._looks += 1
            self.offers_agree(AGENTS[self._looks % len(AGENTS)])
        self.look(self._others_agree)

    def _events_agree(self, view: View) -> None:
        fresh = view.events_after(self._events, 100_000)
        expected = self.model.log[self._events :]
        agree([_event(each) for each in fresh], [_modelled_event(each) for each in expected], "what happened")
        agree([each.seq for each in fresh], list(range(self._events + 1, len(self.model.log) + 1)), "the numbers of the events")
        self._events = len(self.model.log)
        self.feed.committed(self._events, fresh)

    def _tasks_agree(self, view: View) -> bool:
        """Each task that is not as it was when it was last compared; whether there was one."""
        stored = {number: value for number, (_, value) in enumerate(view.walk(layout.ALL_TASKS), 1)}
        agree(len(stored), len(self.model.tasks), "how many tasks there are")
        compared = False
        for task in self.model.tasks:
            number = task["id"]
            off = {"off": task["state"] != "Archived" and self.model.has_lost_a_blocker(task)}
            if stored[number] == self._stored.get(number) and task | off == self._modelled.get(number):
                continue
            live, fields = get_task_by_code(view, GetTaskByCode(code=task["code"])), wire.task(task)
            agree(wire.seen(live, fields), fields, task["code"])
            if task["state"] != "Archived":
                agree(bool(live.get("blocker_cancelled")), off["off"], f"a blocker of {task['code']} was called off")
            self._modelled[number] = task | off
            compared = True
        self._stored = stored
        return compared

    def offers_agree(self, *names: str) -> None:
        for name in names:
            agree(codes(self.board.as_agent(name).discover_work(max_tasks=100)["items"]), self.model.offered_to(name), f"work for {name}")

    def _others_agree(self, view: View) -> None:
        for each in self.model.handoffs:
            fields = wire.handoff(each)
            agree(wire.seen(handoff(view.handoff(each["id"])), fields), fields, "an offer")
        for each in self.model.sessions:
            fields = wire.session(self.model.shown_session(each))
            agree(wire.seen(session(view.session(each["id"]), view.now), fields), fields, "a work session")
        line = [wire.reservation(each) for each in self.model.line]
        agree(wire.seen([shown(each) for each in view.reservations()], line), line, "the line for files")

    # now and then

    def everything(self) -> None:
        """Every list, the audit, the whole log, what each reader sees."""
        self.offers_agree(*AGENTS)
        self._lists_agree()
        self._overview_agrees()
        self._graph_agrees()
        self._search_agrees()
        agree(self.board.findings(), [], "what the audit finds")
        for name in self.model.agents:
            unread = self.look(lambda view, name=name: [each.id for each in unread_of(view, view.agent(name), 1_000)])  # type: ignore[misc]
            agree(unread, self.model.unread(name), f"what {name} has not read")
        self._looks += 1
        for turn in (0, 1):
            self._reader_sees(READERS[(self._looks + turn) % len(READERS)])

    def _lists_agree(self) -> None:
        person, agents = self.board.as_person(), self.model.agents
        agree(codes(person.list_tasks(limit=100)["items"]), self.model.listed()[:100], "all tasks")
        for state in WHO_MAY:
            agree(codes(person.list_tasks(state=state, limit=100)["items"]), self.model.listed(state=state)[:100], state)
        for name in AGENTS:
            agree(codes(person.list_tasks(owner=name, limit=100)["items"]), self.model.listed(owner=name)[:100], f"tasks of {name}")
        team = [(each["name"], each["rev"], each["role"], each["capabilities"], each["holding"]) for each in person.list_agents()["items"]]
        expected = [(name, each["rev"], each["role"], each["can"], self.model.held_by(name)) for name, each in sorted(agents.items())]
        agree(team, expected, "the team")
        able = [each["name"] for each in person.list_agents(role="qa", capabilities=["python"])["items"]]
        agree(able, self.model.listed_agents("qa", ("python",)), "who can do what")

    def _overview_agrees(self) -> None:
        live, expected = self.board.as_person().get_project_overview(), self.model.overview()
        short = {name: codes(live[name]) for name in ("blocked", "stalled")} | {name: live[name] for name in ("counts", "ready", "events")}
        short["oldest_ready"] = live["oldest_ready"]["code"] if live["oldest_ready"] else None
        short["waiting"] = [(each["code"], each["waits_for"]) for each in live["waiting"]]
        short["in_review"] = [(each["code"], each.get("by")) for each in live["in_review"]]
        short["put_aside"] = [(each["code"], each["attempts"]) for each in live["put_aside"]]
        short["paused"] = [each["target"] for each in live["paused"]]
        for name, value in expected.items():
            agree(short[name], value, f"{name} in the overview")

    def _graph_agrees(self) -> None:
        """Around everything that is open, and around one task."""
        for around, depth in (([], 3), (self.model.listed()[-1:], 1)):
            live, expected = self.board.as_person().get_dependency_graph(codes=around, depth=depth), self.model.graph(around, depth)
            agree([(each["code"], each["state"]) for each in live["nodes"]], expected["nodes"], "what is in the graph")
            agree({(each["from"], each["to"]): each["kind"] for each in live["edges"]}, expected["edges"], "the edges of the graph")
            stands = {each["code"]: each["waits_for"] if "waits_for" in each else [each["holder"]] for each in live["blocked"]}
            agree(stands, expected["blocked"], "what stands still")
            agree(len(live["critical_path"]), expected["longest"], "the longest way")

    def _search_agrees(self) -> None:
        if not self.index.begun:
            self.index.listen()
            self.index.expect(self.look(knowledge.searched))
        while some := self.index.take(IN_A_SLICE):
            some_documents, looked_at = self.look(partial(knowledge.documents, subjects=some))
            self.index.words.put(some_documents)
            self.index.settle(some[:looked_at])
        for word in WORDS:
            matches = self.index.words.find(word, (), 0, 1_000)
            for reader in READERS:
                items = self.look(lambda view: [knowledge.shown(view, *match) for match in matches], self.seat(reader).caller)  # noqa: B023
                found = {(place, number) for (place, number, _), item in zip(matches, items, strict=True) if item is not None}
                agree(found, self.model.found(word, reader), f"where {reader} finds {word}")

    def _reader_sees(self, reader: str) -> None:
        seat = self.seat(reader)
        for task in self.model.tasks:
            read = [each["id"] for each in seat.get_task_messages(task_code=task["code"], limit=100)["items"]]
            agree(read, self.model.said_on(task["code"], reader)[:100], f"what {reader} reads on {task['code']}")
        events = seat.get_changes(cursor="latest", limit=50, max_tokens=20_000)["items"]
        seen = self.model.get_changes(reader, max(0, len(self.model.log) - 50), 50)["items"]
        agree(wire.seen(events, seen), seen, f"what {reader} sees of the log")


def _event(live: Any) -> tuple[Any, ...]:
    return str(live.kind), live.subject, live.by


def _modelled_event(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return event["kind"], event["subject"], event["by"]
