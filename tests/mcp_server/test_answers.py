"""Answers and refusals as text and as data: short, complete, and the same in both."""

import json

from attrs import frozen

from taskactors.domain.errors import Conflict, InvalidArguments, Refusal, StaleClaim
from taskactors.domain.task import State
from taskactors.mcp_server.answers import REFUSAL_KEY, answered, refused


@frozen(str=False)
class Full(Refusal):
    code = "full"
    shelf: str
    limit: int
    held: tuple[str, ...] = ()
    strict: bool = False

    def cause(self) -> str:
        return f"shelf {self.shelf} takes {self.limit}" + (f" and holds {', '.join(self.held)}" if self.held else "")

    def remedy(self) -> str:
        return "take one away"


def text_of(refusal: Refusal) -> str:
    [block] = refused(refusal).content
    assert block.type == "text"
    return block.text


def test_text_and_structure_of_an_answer_are_one_object() -> None:
    result = answered({"items": [{"name": "grün"}], "next_cursor": None})
    [block] = result.content
    assert block.type == "text"
    assert json.loads(block.text) == result.structured_content == {"items": [{"name": "grün"}], "next_cursor": None}


def test_a_refusal_is_code_cause_and_remedy() -> None:
    assert text_of(Full("a", 3, ("x", "y"))).splitlines()[:2] == ["full: shelf a takes 3 and holds x, y.", "Take one away."]


def test_what_the_cause_has_said_is_not_said_again() -> None:
    assert json.loads(text_of(Full("a", 3, ("x", "y"))).splitlines()[2]) == {"strict": False}
    assert json.loads(text_of(StaleClaim("T-1", 4, 5, State.IN_PROGRESS, "bob")).splitlines()[2]) == {"state": "InProgress"}
    assert json.loads(text_of(StaleClaim("T-1", 4, 5, State.CREATED)).splitlines()[2]) == {"current_fence": 5}
    assert json.loads(text_of(Full("a", 3, ())).splitlines()[2]) == {"strict": False}
    assert text_of(InvalidArguments("create_task", ("name: is required",))).count("name: is required") == 1


def test_a_number_within_another_word_has_not_been_said() -> None:
    assert json.loads(text_of(Full("T-3", 45, ("3", "4"))).splitlines()[2]) == {"strict": False}
    assert json.loads(text_of(StaleClaim("T-5-5", 4, 5, State.CREATED)).splitlines()[2]) == {"current_fence": 5}


def test_a_fact_that_the_cause_leaves_out_is_there_for_the_model_to_read() -> None:
    assert '"current":{"name":"new"}' in text_of(Conflict("T-1", 1, 2, {"name": "new"}))


def test_programs_find_code_and_every_fact_beside_the_text() -> None:
    meta = refused(Full("a", 3)).meta
    assert meta is not None
    assert meta[REFUSAL_KEY]["code"] == "full"
    assert meta[REFUSAL_KEY]["facts"] == {"shelf": "a", "limit": 3, "held": [], "strict": False}
    assert refused(Full("a", 3)).structured_content is None
