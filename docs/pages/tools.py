"""The tools page: every tool with its arguments, made from the classes that check them."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields

from taskactors.actors.argument_schema import input_schema, required_fields
from taskactors.actors.profiles import PROFILES, WHOLE
from taskactors.actors.roles.roster import ROSTER
from taskactors.actors.tools import TOOLS, Tool
from taskactors.board.requests.request import AboutTask, Mutation

from .refusals import explained
from .refusing import refusals_of

SAID = frozenset({"type", "enum", "items", "description", "default"})
"""What a schema says that is no limit; a limit that the page has no words for fails it."""

FORMATS = {"date-time": "a time with its zone, as in `2026-01-31T12:00:00Z`"}

PATTERNS = {
    r"\S": "not blank",
    r"^\S+$": "no spaces",
    r"^\S(?:.*\S)?$": "no space at either end",
    r"^[A-Za-z0-9][A-Za-z0-9._+#/-]*$": "letters, digits and `._+#/-`",
    r"^[A-Za-z0-9._:-]+$": "letters, digits and `._:-`",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$": "lower-case letters, digits and single hyphens",
}
"""What our patterns ask for, in words; any other is shown as it is."""

NO_LINE_BREAK = r"(?!\n)"
"""Ends a pattern whose `$` would let a last line break pass; nobody needs to be told."""

NAMES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}

SAFE_TO_REPEAT = ("idempotency_key",)
"""Explained once for all tools."""

ANYWHERE = frozenset({"invalid_arguments", "not_found"})
"""Refusals that explain themselves, said once for all tools."""


FOR_ALL = """\
- **Arguments** are checked as a whole: unknown ones, wrong types and broken limits are all refused in one answer, each with its path
  (`invalid_arguments`). `null` counts as not given. Where an argument has another spelling, either will do.
- **A task** is named by its `id` or its `code`. Codes are found in any case.
- **You** are the agent that your connection declared (`?agent=ada`). An argument that names the caller may be left out, and has to
  be yourself unless a person makes the call.
- **Repeating a call** is safe with an `idempotency_key` (up to 64 letters, digits and `._:-`), which every tool that changes something
  takes: a second call under the same key changes nothing and gets the first answer, with `replayed: true`, for 24 hours and also
  after a restart. The same key with other arguments is refused.
- **Answers** are JSON objects, once as text and once as structured content; fields that are empty are left out. A list is
  `{items, next_cursor}`, and a missing `next_cursor` means that this is the end. Times are RFC 3339 in UTC.
- **A refusal** is a result with `isError`: what is wrong, what to do about it, and the facts. Unless it says that this is not known,
  nothing was changed. Its code is under `_meta` → `taskactors/refusal`; [all of them](#refusals) are at the end.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([*_opening(), *_contents(), *_profiles(), *(line for tool in TOOLS.values() for line in _section(tool)), *_refusals()])


def _opening() -> Iterator[str]:
    yield "# The tools"
    yield ""
    yield f"The {len(TOOLS)} tools that an agent finds on the server, as `tools/list` publishes them."
    yield ""
    yield FOR_ALL


def _contents() -> Iterator[str]:
    yield "Each belongs to the desk of one role:"
    yield ""
    for role in ROSTER:
        names = [f"[{tool.name}](#{tool.name})" for tool in TOOLS.values() if tool.desk == role.name]
        if names:
            yield f"- **{role.name}**: {', '.join(names)}"
    yield ""


def _profiles() -> Iterator[str]:
    yield "A connection with `?tools=NAME` is listed fewer of them, which saves every agent the tokens; the others can still be called:"
    yield ""
    for profile, tools in PROFILES.items():
        if profile != WHOLE:
            yield f"- `{profile}`: {', '.join(tools)}"
    yield ""


def _section(tool: Tool) -> Iterator[str]:
    yield f"## {tool.name}"
    yield ""
    yield " ".join((tool.request.__doc__ or "").split())
    yield ""
    yield f"*{_nature(tool)}*"
    yield ""
    yield from _arguments(tool)
    yield f"Answers with {_answers(tool)}."
    yield ""
    if refusals := [f"[`{each.code}`](#{each.code})" for each in refusals_of(tool.unit) if each.code not in ANYWHERE]:
        yield f"May be refused with {', '.join(refusals)}."
        yield ""


def _nature(tool: Tool) -> str:
    if tool.reads:
        return "Changes nothing."
    said = ["Changes the board."]
    if tool.destructive:
        said.append("What it does cannot be undone.")
    if tool.idempotent:
        said.append("Calling it again does no more than calling it once.")
    return " ".join(said)


def _answers(tool: Tool) -> str:
    keys = ", ".join(f"`{name}`" for name in tool.answers)
    return f"{keys} and whatever else there is to say" if len(tool.answers) > 1 else f"{keys}"


def _arguments(tool: Tool) -> Iterator[str]:
    properties = input_schema(tool.request)["properties"]
    needed = frozenset(required_fields(tool.request))
    names = [each.name for each in fields(tool.request) if each.name not in SAFE_TO_REPEAT]
    names.sort(key=lambda name: (name not in needed, name not in ("id", "code")))
    if not names:
        yield "It takes no arguments" + (" but the key." if issubclass(tool.request, Mutation) else ".")
        yield ""
        return
    yield "| argument | what it is | kind and limits | if left out |"
    yield "|---|---|---|---|"
    for name in names:
        about = properties[name]
        yield f"| {_named(name, tool)} | {_said(about)} | {_kind(about)} | {_left_out(name, tool, about, needed)} |"
    yield ""


def _named(name: str, tool: Tool) -> str:
    others = [f"`{spelling}`" for spelling, meant in tool.request.spellings.items() if meant == name]
    return f"`{name}`" + (f" (also {', '.join(others)})" if others else "")


def _said(schema: Mapping[str, Any]) -> str:
    text = str(schema.get("description", ""))
    return text.replace("|", "\\|")


def _left_out(name: str, tool: Tool, schema: Mapping[str, Any], needed: frozenset[str]) -> str:
    if name in needed:
        return "**required**"
    if name in ("id", "code") and issubclass(tool.request, AboutTask):
        return f"**required**, or `{'code' if name == 'id' else 'id'}`"
    default = schema.get("default")
    if default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return "; ".join([f"list of: {_kind(schema['items'])}", *_limits(schema)])
    if schema.get("type") == "object":
        return "{" + "; ".join(f"`{name}`: {_kind(inner)}" for name, inner in schema["properties"].items()) + "}"
    return ", ".join([NAMES[schema["type"]], *_limits(schema)])


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    left = {name: value for name, value in schema.items() if name not in SAID}
    if "minimum" in left:
        yield f"{left.pop('minimum')} to {_figure(left.pop('maximum'))}"
    if "maxLength" in left:
        longest = _figure(left.pop("maxLength"))
        yield f"{least} to {longest} characters" if (least := left.pop("minLength", 0)) else f"up to {longest} characters"
    if "maxItems" in left:
        most = left.pop("maxItems")
        yield f"{fewest} to {most}" if (fewest := left.pop("minItems", 0)) else f"at most {most}"
    if "pattern" in left:
        pattern = left.pop("pattern")
        yield PATTERNS.get(pattern.removesuffix(NO_LINE_BREAK), f"matching `{pattern}`")
    if "format" in left:
        yield FORMATS[left.pop("format")]
    assert not left, f"no words for {left}"


def _figure(number: float) -> str:
    return "2^53" if number == 2**53 else f"{number:,}".replace(",", " ")


def _refusals() -> Iterator[str]:
    yield "## Refusals"
    yield ""
    yield "Every code that a refusal can have, with an example of what it says and of what it tells whoever must act next."
    yield ""
    yield "| code | says, for example | and then |"
    yield "|---|---|---|"
    for refusal in explained():
        yield f'| <a id="{refusal.code}"></a>`{refusal.code}` | {_cell(refusal.cause())} | {_cell(refusal.remedy())} |'
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
