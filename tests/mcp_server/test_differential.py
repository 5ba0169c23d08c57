"""Our way to serve a connection against the SDK's: the same conversation before equal boards, and not a word may differ."""

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.strategies as st
import pytest
from attrs import define
from hypothesis import given

from taskactors.actors.calls import Connection
from taskactors.mcp_server import dispatcher
from taskactors.mcp_server.server import McpSurface
from tests.mcp_server.both_ways import Passing, ScriptedWire, Way, ours, told
from tests.mcp_server.conversations import CONVERSATIONS, ERAS, LEGACY, MODERN, UNOPENED, Era, Script, apart
from tests.support.sdk_way import serve_by_sdk

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

OF_BOTH_ERAS = pytest.mark.parametrize("era", ERAS, ids=[era.name for era in ERAS])
PROFILES = ["worker", "axon"]


def require_equal(script: Script, agent: str | None = "ada", profile: str = "full", way: Way = ours) -> None:
    expected, found = told(serve_by_sdk, script, agent, profile), told(way, script, agent, profile)
    for step, theirs, own in zip(script, expected.said, found.said, strict=True):
        assert own == theirs, f"after {str(step)[:2000]}"
    assert found == expected


@OF_BOTH_ERAS
@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_a_conversation_goes_as_it_does_the_sdks_way(conversation: Callable[[Era], Script], era: Era) -> None:
    require_equal((*era.opening, *conversation(era)))


@OF_BOTH_ERAS
@pytest.mark.parametrize("conversation", UNOPENED.values(), ids=UNOPENED)
def test_a_conversation_that_nothing_opened_goes_as_it_does_the_sdks_way(conversation: Callable[[Era], Script], era: Era) -> None:
    require_equal(conversation(era))


@OF_BOTH_ERAS
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("conversation", [CONVERSATIONS["lists"], CONVERSATIONS["confirming"]], ids=["lists", "confirming"])
def test_a_conversation_of_a_person_with_other_lists_goes_as_it_does_the_sdks_way(
    conversation: Callable[[Era], Script], profile: str, era: Era
) -> None:
    require_equal((*era.opening, *conversation(era)), None, profile)


# What nobody thought of: good frames with something in them replaced, left out or added.

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**65) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
LONGEST_FRAME = 5_000
"""Longer ones are in the conversations; here they would only make it slow."""


def frames_of(era: Era) -> list[dict[str, Any]]:
    """Every message of every conversation of an era."""
    scripts = [conversation(era) for conversation in CONVERSATIONS.values()]
    found = [frame for script in scripts for step in script if isinstance(step, Sequence) for frame in step if isinstance(frame, dict)]
    return [frame for frame in found if len(json.dumps(frame)) <= LONGEST_FRAME]


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, each in inner for place in places_in(each, (*path, name)))]


@st.composite
def changed(draw: st.DrawFn, frames: list[dict[str, Any]]) -> Any:
    """One of these frames, with up to two changes."""
    frame: Any = copy.deepcopy(draw(st.sampled_from(frames)))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(places_in(frame)))
        holder = frame
        for name in path[:-1]:
            holder = holder[name]
        match draw(st.sampled_from(["replace", "leave out", "add"])):
            case "replace" if path:
                holder[path[-1]] = draw(ODD)
            case "leave out" if path:
                del holder[path[-1]]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(["_meta", "name", "cursor", "id", "task", "wait_s", "x"]))] = draw(ODD)
    return frame


FRAMES = {era.name: frames_of(era) for era in ERAS}


@OF_BOTH_ERAS
@given(data=st.data())
def test_any_conversation_goes_as_it_does_the_sdks_way(era: Era, data: st.DataObject) -> None:
    frames = data.draw(st.lists(changed(FRAMES[era.name]), min_size=1, max_size=5))
    steps: Script = era.opening if data.draw(st.booleans()) else ()
    require_equal((*steps, *apart(*frames), Passing(46), [era.call("list_tasks", "after")]))


# Controls: what differs is seen.


@define(eq=False)
class ChangedWire(ScriptedWire):
    """Lets a plant change what is said."""

    plant: Callable[[dict[str, Any]], Any] = lambda said: said

    def say(self, frame: str | bytes) -> None:
        for each in self.plant(json.loads(frame)):
            ScriptedWire.say(self, json.dumps(each))


def without_stamp(said: dict[str, Any]) -> list[Any]:
    said.get("result", {}).pop("_meta", None)
    return [said]


def as_text(said: dict[str, Any]) -> list[Any]:
    return [{**said, "id": str(said["id"])}] if "id" in said else [said]


def with_other_code(said: dict[str, Any]) -> list[Any]:
    return [{**said, "error": {**said["error"], "code": -32603}}] if "error" in said else [said]


def with_more_in_the_text(said: dict[str, Any]) -> list[Any]:
    for each in said.get("result", {}).get("content", ()):
        each["text"] += " "
    return [said]


PLANTS: dict[str, tuple[Callable[[dict[str, Any]], list[Any]], str, Era]] = {
    "a stamp left out": (without_stamp, "days_work", MODERN),
    "an id of another type": (as_text, "ids", LEGACY),
    "another code": (with_other_code, "bad_calls", MODERN),
    "another text": (with_more_in_the_text, "days_work", LEGACY),
    "an answer said twice": (lambda said: [said, said], "lists", MODERN),
    "an answer not said": (lambda said: [said] if said.get("id") != 4 else [], "lists", LEGACY),
    "progress not told": (lambda said: [said] if "method" not in said else [], "progress", MODERN),
}


@pytest.mark.parametrize(("plant", "conversation", "era"), PLANTS.values(), ids=PLANTS)
def test_control_what_is_said_otherwise_is_seen(plant: Callable[[dict[str, Any]], list[Any]], conversation: str, era: Era) -> None:
    async def changed_way(surface: McpSurface, wire: ScriptedWire, connection: Connection) -> None:
        other = ChangedWire(wire.said, plant=plant, incoming=wire._incoming)
        await ours(surface, other, connection)

    with pytest.raises(AssertionError):
        require_equal((*era.opening, *CONVERSATIONS[conversation](era)), way=changed_way)


@pytest.mark.parametrize(
    ("written", "conversation"), [("written_answer", "days_work"), ("written_refusal", "days_work"), ("result_frame", "lists")]
)
@OF_BOTH_ERAS
def test_control_what_our_way_alone_does_is_compared(written: str, conversation: str, era: Era, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were these conversations all served by the SDK's kernel, nothing would be learnt from their being equal."""
    before = getattr(dispatcher, written)
    monkeypatch.setattr(dispatcher, written, lambda *given: before(*given).replace(b"T", b"U"))
    with pytest.raises(AssertionError):
        require_equal((*era.opening, *CONVERSATIONS[conversation](era)))


def test_control_a_call_that_is_done_twice_is_seen_on_the_board() -> None:
    async def twice(surface: McpSurface, wire: ScriptedWire, connection: Connection) -> None:
        await surface._front.call(connection, "send_message", {"to": "ada", "content": "unasked"})
        await ours(surface, wire, connection)

    with pytest.raises(AssertionError):
        require_equal(([MODERN.call("prompts/list")],), way=twice)
