"""Arguments: what is published is what is accepted, and whoever errs hears of every error at once, cheaply, whatever they sent."""

import json
import math
import string
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import hypothesis.strategies as st
import msgspec
import pytest
from attrs import frozen
from hypothesis import given
from jsonschema import Draft202012Validator
from msgspec import Meta

from taskactors.actors.argument_schema import required_fields
from taskactors.actors.arguments import Arguments
from taskactors.actors.depth import DEPTH_LIMIT
from taskactors.actors.tools import TOOLS, Tool
from taskactors.actors.violations import PROBLEMS_LIMIT, VALUES_LIMIT
from taskactors.board.requests.request import Request
from taskactors.board.requests.tasks import CreateTask
from taskactors.domain.errors import InvalidArguments

Word = Annotated[str, Meta(min_length=1, max_length=5, pattern="^[a-z]+$", description="a word")]
Width = Annotated[int, Meta(ge=1, le=100)]


@frozen
class Part:
    """A part."""

    word: Word
    count: Annotated[int, Meta(ge=1, le=9, description="how many")] = 1


@frozen(kw_only=True)
class Build(Request):
    """Build something."""

    spellings: ClassVar[Mapping[str, str]] = {"title": "name", "size": "width"}

    name: Annotated[Word, Meta(description="its name")]
    width: Annotated[Width | None, Meta(description="how wide")] = None
    ratio: Annotated[float, Meta(ge=0, le=1, description="how thick")] = 0.5
    parts: Annotated[tuple[Word | Part, ...], Meta(max_length=3, description="what it is made of")] = ()

    def problems(self) -> tuple[str, ...]:
        return ("width: must be even",) if self.width is not None and self.width % 2 else ()


BUILD = Arguments(Build)
ARGUMENTS: Mapping[str, Arguments[Any]] = {tool.name: Arguments(tool.request) for tool in TOOLS.values()} | {"build": BUILD}


def problems_of(arguments: Mapping[str, Any], of: Arguments[Any] = BUILD) -> tuple[str, ...]:
    with pytest.raises(InvalidArguments) as refused:
        of.structure(arguments, "build")
    return refused.value.problems


def every_node(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from every_node(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from every_node(value)


# What is published.


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_published_schema_is_valid_closed_and_plain(tool: Tool) -> None:
    schema = ARGUMENTS[tool.name].schema
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs"} & schema.keys()
    for node in every_node(schema):
        assert not {"$ref", "$defs", "title"} & (node.keys() - {"title"} if "title" in schema["properties"] else node.keys())
        assert node.get("type") != "null"
        assert not isinstance(node.get("type"), list)
        if node.get("type") == "object":
            assert node["additionalProperties"] is False


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_every_argument_is_described(tool: Tool) -> None:
    for name, published in ARGUMENTS[tool.name].schema["properties"].items():
        assert published.get("description"), f"{tool.name}.{name} is not described"


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_schema_is_the_same_bytes_every_time(tool: Tool) -> None:
    assert json.dumps(Arguments(tool.request).schema) == json.dumps(ARGUMENTS[tool.name].schema)


def test_other_spellings_are_published_and_point_at_their_argument() -> None:
    properties = BUILD.schema["properties"]
    assert properties["title"] == {"type": "string", "description": "same as name", "maxLength": 5, "pattern": "^[a-z]+$"}
    assert properties["size"]["description"] == "same as width"


def test_what_is_required_is_published_as_such_unless_another_spelling_will_do() -> None:
    assert "required" not in BUILD.schema
    assert ARGUMENTS["create_task"].schema["required"] == ["code", "name", "description"]
    assert "required" not in ARGUMENTS["claim_task"].schema


def test_what_says_nothing_is_not_published() -> None:
    properties = BUILD.schema["properties"]
    assert "default" not in properties["width"]
    assert "default" not in properties["parts"]
    assert properties["ratio"]["default"] == 0.5
    assert "minLength" not in properties["name"]
    assert "description" not in properties["parts"]["items"]


# What is accepted.


def test_arguments_become_the_request() -> None:
    request = BUILD.structure({"name": "box", "width": 4, "parts": ["lid", {"word": "nail", "count": 8}]}, "build")
    assert request == Build(name="box", width=4, parts=("lid", Part("nail", 8)))


def test_null_counts_as_not_given() -> None:
    assert BUILD.structure({"name": "box", "title": None, "width": None, "parts": None}, "build") == Build(name="box")


def test_another_spelling_means_the_same() -> None:
    assert BUILD.structure({"title": "box", "size": 4}, "build") == Build(name="box", width=4)


def test_both_spellings_are_fine_while_they_agree() -> None:
    assert BUILD.structure({"title": "box", "name": "box"}, "build") == Build(name="box")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    request = BUILD.structure({"name": "box", "width": 4.0}, "build")
    assert request.width == 4
    assert type(request.width) is int


# What is refused, and what is said of it.


def test_every_violation_is_named_at_once_with_its_path() -> None:
    problems = problems_of({"nam": 1, "width": "wide", "ratio": 2, "parts": ["lid"] * 4})
    assert {problem.split(":")[0] for problem in problems} == {"nam", "name", "width", "ratio", "parts"}
    problems = problems_of({"name": "x", "width": "wide", "parts": [{"word": "TOO", "cont": 1}, {"count": 0}, 5]})
    assert {problem.split(":")[0] for problem in problems} == {
        "width",
        "parts[0].word",
        "parts[0]",
        "parts[1]",
        "parts[1].count",
        "parts[2]",
    }


def test_what_arguments_say_together_is_checked_beside_each() -> None:
    assert problems_of({"name": "box", "width": 3}) == ("width: must be even",)
    assert problems_of({"name": "BOX", "width": 3}) == ("name: BOX does not match ^[a-z]+$", "width: must be even")


def test_a_wrong_argument_is_not_also_called_missing() -> None:
    assert problems_of({"id": "one"}, ARGUMENTS["claim_task"]) == ("id: must be a whole number, not one",)


def test_neither_id_nor_code_is_one_violation() -> None:
    assert problems_of({}, ARGUMENTS["claim_task"]) == ("id: name the task by id or by code",)


def test_an_unknown_argument_is_refused_with_the_nearest_name() -> None:
    assert problems_of({"name": "box", "widht": 4}) == ("widht: there is no such argument; did you mean width?",)


def test_an_unknown_key_inside_is_refused_with_what_there_is() -> None:
    assert problems_of({"name": "box", "parts": [{"word": "lid", "colour": "red"}]}) == ("parts[0]: has no colour; it has word, count",)


def test_everything_that_an_inner_object_lacks_or_has_too_much_is_named() -> None:
    extra = {f"key{number}": number for number in range(9)}
    lacking, too_much = problems_of({"name": "box", "parts": [{}, {"word": "lid", **extra}]})
    assert lacking == "parts[0]: needs word"
    assert too_much == "parts[1]: has no key0, key1, key2, key3, key4; it has word, count"


def test_two_spellings_that_disagree_are_refused() -> None:
    assert problems_of({"name": "box", "title": "bag"}) == ("title: means the same as name, which was given too, with another value",)


def test_a_violation_is_told_in_the_spelling_that_was_used() -> None:
    assert problems_of({"title": "box", "size": 4.5}) == ("size: must be a whole number, not 4.5",)


def test_a_time_without_a_zone_is_refused_beside_the_rest() -> None:
    problems = problems_of({"code": "A-1", "name": "n", "due_at": "2026-01-31T12:00:00"}, ARGUMENTS["create_task"])
    assert [problem.split(":")[0] for problem in problems] == ["description", "due_at"]


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


HOSTILE: Mapping[str, Any] = {
    "a huge number": 10**5000,
    "a huge negative number": -(10**5000),
    "huge numbers in a list": [10**5000, {"x": 10**5000}],
    "not a number": math.nan,
    "infinity": -math.inf,
    "half a character": "a\ud800",
    "half a character inside": [{"word": "\udfff", "\ud800": "\ud800"}],
    "deep": deep(DEPTH_LIMIT + 1),
    "very deep": deep(100_000),
    "a long text": "a" * 1_000_000,
    "a long blank text": " " * 1_000_000,
    "a long list": ["a"] * 500_000,
    "a wide object": {str(number): number for number in range(100_000)},
    "wide objects": [{str(number): number for number in range(50_000)}] * 3,
    "a truth": True,
    "a line with a null byte": "\0",
}


@pytest.mark.parametrize("name", [*Build.__annotations__, "title", "unknown"])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values_are_refused_briefly_and_never_crash(name: str, value: Any) -> None:
    problems = problems_of({"name": "box", name: value} if name != "title" else {"title": value})
    assert any(problem.startswith((name, "arguments")) for problem in problems)
    text = "\n".join(problems)
    assert len(text) < 2_000
    text.encode()


def test_a_hostile_number_of_mistakes_is_answered_with_the_first_ones() -> None:
    problems = problems_of({f"x{number}": 1 for number in range(100_000)})
    assert len(problems) == PROBLEMS_LIMIT + 1
    assert problems[-1] == "and more"


def test_what_no_honest_call_holds_is_not_looked_at_one_by_one() -> None:
    """A megabyte of wrong values must not hold up everybody else while it is refused."""
    wrong = {"parts": [{"word": [5] * 100_000}], "name": {"x": ["y"] * 100_000}}
    began = time.process_time()
    problems = problems_of(wrong)
    assert time.process_time() - began < 1.0
    assert problems == (f"arguments: hold more than {VALUES_LIMIT} values",)


# Published and accepted are the same.

JUNK = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(max_size=30),
    st.sampled_from([2**53 + 1, 10**30, 1e300, 5.0, "", " ", "A-1", "ada", [], {}, [{}], [[]]]),
    st.lists(st.one_of(st.text(max_size=5), st.integers(), st.dictionaries(st.sampled_from(["code", "kind", "x"]), st.text(max_size=5)))),
)


def fitting(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([fitting(choice) for choice in schema["anyOf"]])
    match schema["type"]:
        case "string" if schema.get("format") == "date-time":
            return st.sampled_from(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00+02:00"])
        case "string":
            longest = min(schema.get("maxLength", 30), 30)
            some = st.text(string.ascii_lowercase + string.digits + "- é", min_size=schema.get("minLength", 0), max_size=longest)
            return st.sampled_from(["ada", "A-1"]) | some
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(fitting(schema["items"]), max_size=3)
        case _:
            inner = {name: fitting(inner) for name, inner in schema["properties"].items()}
            needed = {name: inner.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional={**inner, "more": st.just("than there is")})


@st.composite
def calls(draw: st.DrawFn, tool: str) -> dict[str, Any]:
    schema = ARGUMENTS[tool].schema
    always = set(required_fields(ARGUMENTS[tool].request)) if draw(st.integers(0, 9)) else set()
    arguments: dict[str, Any] = {}
    for name, published in schema["properties"].items():
        if name in always or not draw(st.integers(0, 3)):
            kind = draw(st.integers(0, 19))
            arguments[name] = draw(JUNK if kind == 0 else st.none() if kind == 1 else fitting(published))
    if not draw(st.integers(0, 9)):
        arguments[draw(st.text(max_size=10))] = draw(JUNK)
    return arguments


def refusal_of(tool: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        ARGUMENTS[tool].structure(arguments, tool)
    except InvalidArguments as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize("tool", ARGUMENTS)
@given(data=st.data())
def test_a_call_is_accepted_if_and_only_if_it_fits_the_published_schema(tool: str, data: st.DataObject) -> None:
    schema = ARGUMENTS[tool].schema
    arguments = data.draw(calls(tool))
    present = {name: value for name, value in arguments.items() if value is not None}
    fits = Draft202012Validator(schema).is_valid(present) and all(map(is_time_if_asked, *paired(schema, present)))
    problems = refusal_of(tool, arguments)
    if fits:
        assert all(is_beyond_a_schema(problem, ARGUMENTS[tool].request, present) for problem in problems)
    else:
        assert problems


def paired(schema: Mapping[str, Any], present: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    known = [name for name in present if name in schema["properties"]]
    return [schema["properties"][name] for name in known], [present[name] for name in known]


def is_time_if_asked(schema: Mapping[str, Any], value: Any) -> bool:
    """Formats are no part of what a plain validator checks."""
    return schema.get("format") != "date-time" or (isinstance(value, str) and value.startswith("2026-01-31T12:00:00"))


def is_beyond_a_schema(problem: str, request: type[Request], present: Mapping[str, Any]) -> bool:
    """Between arguments: two spellings that disagree, one of two that is needed, and what the class itself checks."""
    if "means the same as" in problem or (problem.endswith(": is required") and problem.split(":")[0] in request.spellings.values()):
        return True
    known = {request.spellings.get(name, name): value for name, value in present.items()}
    needed = dict.fromkeys(required_fields(request), "x")
    # Not strict: a whole number may be written as 5.0.
    return problem in msgspec.convert(needed | known, request, strict=False).problems()


def test_the_fast_way_is_really_taken() -> None:
    """A control: right arguments are never looked at one by one."""
    checked: Arguments[CreateTask] = Arguments(CreateTask)
    checked._validator = None  # type: ignore[assignment]
    assert checked.structure({"code": "A-1", "name": "n", "description": "d", "owner": "ada"}, "create_task").owner_agent_name == "ada"
