"""Values: JSON of every kind, text that programs trip over, and arguments that fit a schema but for a mistake or two."""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st

ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "half \udc00 of a pair",
    "\ufeffbom",
    "\u202eright to left",
    "\x1b[31mred\x1b[0m",
    "line\nbreak\r\n",
    "e\u0301" * 40,
    "\U0001f600" * 20,
    "../../etc/passwd",
    "'; DROP TABLE tasks; --",
    "${jndi:ldap://x}",
    "%s%n%x",
    "{0.__class__}",
    "<script>alert(1)</script>",
    "NaN",
    "null",
)
"""What somebody's program, once, was not ready for."""

ODD_NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**64, 10**40, 0.5, -0.0, 1e-300, 1e300, 5.0)

texts = st.text(max_size=12) | st.sampled_from(ODD_TEXTS)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(ODD_NUMBERS)
scalars = st.none() | st.booleans() | numbers | texts
keys = st.text(max_size=6) | st.sampled_from(("__proto__", "constructor", "", "a.b", "id"))

json_values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=8)
"""JSON of any kind; text in it may hold half of a surrogate pair."""


def nested(levels: int, around: Any = 0) -> Any:
    """A value in so many lists."""
    for _ in range(levels):
        around = [around]
    return around


deep_values = st.sampled_from((10, 61, 62, 63, 64, 100, 300)).map(nested)
large_values = st.sampled_from(("x" * 5_000, "\u00e9" * 20_000, [0] * 1_000, [{}] * 12_000, ["x"] * 5_000))
odd_values = st.one_of(scalars, scalars, json_values, json_values, deep_values, large_values)


@st.composite
def fitting(draw: st.DrawFn, schema: Mapping[str, Any]) -> Any:
    """A value that fits a schema as far as it is published, if not always what only the server knows."""
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "anyOf" in schema:
        return draw(fitting(draw(st.sampled_from(schema["anyOf"]))))
    match schema.get("type"):
        case "object":
            return draw(fitting_object(schema))
        case "array":
            return draw(st.lists(fitting(schema.get("items", {})), max_size=min(3, schema.get("maxItems", 3))))
        case "integer":
            least, most = schema.get("minimum", 0), min(schema.get("maximum", 1_000), 10_000)
            return draw(st.integers(least, min(most, least + 3)) | st.integers(least, most))
        case "number":
            return draw(st.floats(schema.get("minimum", 0), schema.get("maximum", 10), allow_nan=False))
        case "boolean":
            return draw(st.booleans())
        case "string":
            return draw(_text(schema))
        case _:
            return draw(json_values)


TASKS, AGENTS, NUMBERS = ("A-1", "A-2", "A-3"), ("ada", "bob"), (1, 2, 3)
KNOWN: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("code", "task_code", "parent_code", "parent"), TASKS),
    **dict.fromkeys(("agent_name", "owner_agent_name", "owner", "new_owner_agent_name", "author_agent_name", "to"), AGENTS),
    **dict.fromkeys(("id", "task_id", "session_id", "message_id", "handoff_id", "reservation_id", "fence"), NUMBERS),
}
"""By the names of arguments, what the project has in which calls may succeed."""

LIKELY = (*TASKS, *AGENTS, "SEC", "SEC-001", "A-9", "role:qa", "all", "backend", "local", "1", "src/**", "c0", "\u00e4\u00f6")


def _text(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.sampled_from(("2027-01-31T12:00:00Z", "2027-01-31T12:00:00+02:00", "2027-01-31", "soon"))
    return st.sampled_from(LIKELY) | st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 20), 20))


@st.composite
def fitting_object(draw: st.DrawFn, schema: Mapping[str, Any]) -> dict[str, Any]:
    """An object that has what a schema demands, and some of what it allows."""
    properties, required = schema.get("properties", {}), schema.get("required", ())
    if not properties:
        return draw(st.dictionaries(keys, json_values, max_size=2))
    chosen = draw(st.lists(st.sampled_from(sorted(properties)), max_size=3, unique=True))
    return {name: draw(_argument(name, properties[name])) for name in dict.fromkeys([*required, *chosen])}


def _argument(name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    known = KNOWN.get(name)
    return st.sampled_from(known) | st.sampled_from(known) | fitting(schema) if known is not None else fitting(schema)


@st.composite
def nearly_fitting(draw: st.DrawFn, schema: Mapping[str, Any]) -> dict[str, Any]:
    """An object that fits but for up to two mistakes."""
    found = draw(fitting_object(schema))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        match draw(st.sampled_from(("drop", "replace", "add", "null", "wrap"))):
            case "drop" if found:
                found.pop(draw(st.sampled_from(sorted(found))))
            case "replace" if found:
                found[draw(st.sampled_from(sorted(found)))] = draw(odd_values)
            case "null" if found:
                found[draw(st.sampled_from(sorted(found)))] = None
            case "wrap" if found:
                name = draw(st.sampled_from(sorted(found)))
                found[name] = draw(st.sampled_from(([found[name]], {name: found[name]}, str(found[name]))))
            case _:
                found[draw(keys)] = draw(odd_values)
    return found
