"""Every bound of every argument of every tool: what is at it is taken, what is one past it is refused by name, with the bound."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import evolve, frozen

from taskactors.actors.admin import ADMIN
from taskactors.actors.arguments import Arguments
from taskactors.actors.tools import TOOLS
from taskactors.domain.errors import InvalidArguments

ARGUMENTS: Mapping[str, Arguments[Any]] = {name: Arguments(tool.request) for name, tool in {**TOOLS, **ADMIN}.items()}

OTHERWISE_CHECKED = {"set_pause.target"}
"""What has a further check of its own, which nothing as long as this passes: no agent and no role has so long a name."""


@frozen(eq=False)
class Bound:
    """One bound of one value somewhere in a tool's arguments."""

    tool: str
    path: tuple[str, ...]
    schema: Mapping[str, Any]
    kind: str

    def __str__(self) -> str:
        return f"{self.name}.{self.kind}"

    @property
    def name(self) -> str:
        return ".".join((self.tool, *self.path))

    @property
    def limit(self) -> Any:
        return self.schema[self.kind]

    def value(self, past: int) -> Any:
        """The value that is this far past the bound; 0 is at it."""
        match self.kind:
            case "maxLength":
                return text_of(self.limit + past, self.schema)
            case "minLength":
                return text_of(self.limit - past, self.schema)
            case "maxItems":
                return [sample(self.schema["items"], number) for number in range(self.limit + past)]
            case "minItems":
                return [sample(self.schema["items"], number) for number in range(self.limit - past)]
            case "maximum":
                return self.limit + past
            case _:
                return self.limit - past


def text_of(length: int, schema: Mapping[str, Any]) -> str:
    """A text of this length that is otherwise right: a path, or a word that could be a name, a code, a key or a label."""
    if schema.get("pattern") == "^/":
        return ("/" + "a" * length)[:length]
    return ("a1" + "b" * length)[:length]


def sample(schema: Mapping[str, Any], number: int = 0) -> Any:
    """The smallest right value of a schema; another one for every number, where there are so many."""
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], number)
    match schema["type"]:
        case "string" if schema.get("format") == "date-time":
            return "2026-01-31T12:00:00Z"
        case "string":
            return f"{'/' if schema.get('pattern') == '^/' else ''}a-{number + 1}"
        case "integer" | "number":
            return schema.get("minimum", 0) + (number if schema["type"] == "integer" else 0)
        case "boolean":
            return True
        case "array":
            return [sample(schema["items"], each) for each in range(schema.get("minItems", 0))]
        case _:
            # Each with its own first word: some lists hold no two of the same name.
            return {name: sample(schema["properties"][name], number) for name in schema.get("required", ())}


def bounds_in(tool: str, path: tuple[str, ...], schema: Mapping[str, Any]) -> Iterator[Bound]:
    for kind in ("maxLength", "minLength", "maxItems", "minItems", "maximum", "minimum"):
        if kind in schema and not (kind.startswith("min") and schema[kind] == 0 and kind != "minimum"):
            yield Bound(tool, path, schema, kind)
    for choice in schema.get("anyOf", ()):
        yield from bounds_in(tool, path, choice)
    if schema.get("type") == "array":
        yield from bounds_in(tool, (*path, "[0]"), schema["items"])
    for name, inner in schema.get("properties", {}).items():
        yield from bounds_in(tool, (*path, name), inner)


BOUNDS = [
    bound
    for tool, arguments in ARGUMENTS.items()
    for name, schema in arguments.schema["properties"].items()
    if name not in arguments.request.spellings
    for bound in bounds_in(tool, (name,), schema)
]


def placed(bound: Bound, path: tuple[str, ...], value: Any) -> Any:
    """The value at its path, in otherwise right arguments of the list or object that it is in."""
    if not path:
        return value
    if path[0] == "[0]":
        return [placed(bound, path[1:], value)]
    schema: Mapping[str, Any] = ARGUMENTS[bound.tool].schema["properties"][bound.path[0]]
    for part in bound.path[1 : len(bound.path) - len(path)]:
        schema = schema["items"] if part == "[0]" else schema["properties"][part]
    schema = next((choice for choice in schema.get("anyOf", ()) if choice["type"] == "object"), schema)
    return {**sample(schema), path[0]: placed(bound, path[1:], value)}


def problems_with(bound: Bound, past: int) -> list[str]:
    """What is said of the value, whatever else is said of the arguments that it is among."""
    arguments = {bound.path[0]: placed(bound, bound.path[1:], bound.value(past))}
    path = "".join(part if part == "[0]" else f".{part}" for part in bound.path).removeprefix(".")
    try:
        ARGUMENTS[bound.tool].structure(arguments, bound.tool)
    except InvalidArguments as refused:
        return [problem.partition(": ")[2] for problem in refused.problems if problem.partition(": ")[0] == path]
    return []


@pytest.mark.parametrize("tool", ARGUMENTS)
def test_a_value_at_its_bound_is_taken(tool: str) -> None:
    bounds = [bound for bound in BOUNDS if bound.tool == tool and bound.name not in OTHERWISE_CHECKED]
    assert {str(bound): said for bound in bounds if (said := problems_with(bound, 0))} == {}


@pytest.mark.parametrize("tool", ARGUMENTS)
def test_a_value_one_past_its_bound_is_refused_by_name_with_the_bound(tool: str) -> None:
    said = {bound: problems_with(bound, 1) for bound in BOUNDS if bound.tool == tool}
    assert {str(bound): problems for bound, problems in said.items() if not any(is_about(bound, problem) for problem in problems)} == {}


def is_about(bound: Bound, problem: str) -> bool:
    """Whether a sentence says the bound, or that there has to be something at all."""
    return str(bound.limit) in problem or (bound.limit == 1 and problem == "must not be empty")


def test_a_bound_that_does_not_hold_is_seen() -> None:
    """A control: of a value that is taken nothing is said, so a bound that lets one more pass is found."""
    (bound,) = [bound for bound in BOUNDS if str(bound) == "create_task.description.maxLength"]
    assert problems_with(evolve(bound, schema={**bound.schema, "maxLength": bound.limit - 1}), 1) == []
    assert problems_with(evolve(bound, schema={**bound.schema, "maxLength": bound.limit + 1}), 0) != []


def test_there_are_bounds_to_look_at() -> None:
    """A control, too: whatever else is added, these are not lost."""
    assert len(BOUNDS) >= 400
    assert {"create_task.description.maxLength", "claim_task.lease_s.maximum", "list_tasks.limit.maximum"} <= set(map(str, BOUNDS))
