"""Changing one value in a JSON text, with or without comments, and leaving everything around it as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

TOKEN = re.compile(
    r"""[ \t\r\n\ufeff]+
      | (?P<comment> //[^\r\n]* | /\*.*?\*/ )
      | (?P<mark> [{}\[\],:] )
      | (?P<value> "(?:[^"\\\x00-\x1f]|\\.)*" | [^\s{}\[\],:"/]+ )""",
    re.DOTALL | re.VERBOSE,
)
INDENT = re.compile(r'^([ \t]+)["{\[]', re.MULTILINE)
USUAL_INDENT = "  "

Path = tuple[str | int, ...]


class NotEditable(ValueError):
    """The text cannot be read, or has something else where a value should go. `line` counts from 1."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(f"{why} in line {line}")
        self.line = line


@frozen
class Node:
    """A value and where it stands in the text, with those inside it."""

    value: Any
    start: int
    end: int
    inside: Mapping[str | int, Node]


def read(text: str, *, comments: bool = False) -> Node:
    """The text's value, with places; a text of nothing is an empty object. Raises NotEditable."""
    if not text.strip():
        return Node({}, 0, len(text), {})
    try:
        return _Reader(text, comments).whole()
    except RecursionError:
        raise NotEditable("it is nested too deep", 1) from None


def with_value(text: str, path: Path, value: Any, *, comments: bool = False) -> str:
    """The text with `value` at `path`; what is missing on the way is made. The same text when it is there already."""
    text = text if text.strip() else "{}\n"
    node = read(text, comments=comments)
    for depth, key in enumerate(path):
        _require(text, node, dict if isinstance(key, str) else list)
        if key not in node.inside:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _inserted(text, node, key, value, depth)
        node = node.inside[key]
    return text if node.value == value else text[: node.start] + _shown(text, value, len(path)) + text[node.end :]


def with_first_item(text: str, path: Path, item: Any, *, comments: bool = False) -> str:
    """The text with `item` before the others of the list at `path`, which is made if there is none."""
    node: Node | None = read(text, comments=comments)
    for key in path:
        node = node.inside.get(key) if node is not None else None
    if node is None:
        return with_value(text, path, [item], comments=comments)
    _require(text, node, list)
    return _inserted(text, node, 0, item, len(path))


def _require(text: str, node: Node, kind: type) -> None:
    if not isinstance(node.value, kind):
        raise NotEditable(f"there is no {'object' if kind is dict else 'list'}", _line(text, node.start))


def _inserted(text: str, node: Node, key: str | int, value: Any, depth: int) -> str:
    # In front of the others, whose commas and comments then need no change.
    name = f"{json.dumps(key)}: " if isinstance(key, str) else ""
    new = _line_end(text) + _indent(text) * (depth + 1) + name + _shown(text, value, depth + 1)
    rest = text[node.start + 1 :]
    if node.inside:
        new += ","
    elif not text[node.start + 1 : node.end - 1].strip():
        new, rest = new + _line_end(text) + _indent(text) * depth, text[node.end - 1 :]
    return text[: node.start + 1] + new + rest


def _shown(text: str, value: Any, depth: int) -> str:
    indent = _indent(text)
    return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", _line_end(text) + indent * depth)


def _indent(text: str) -> str:
    found = INDENT.search(text)
    return found[1] if found else USUAL_INDENT


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


class _Reader:
    """Reads forward through the text, one token at a time."""

    def __init__(self, text: str, comments: bool) -> None:
        self.text = text
        self.comments = comments
        self.start = self.end = 0
        self.token = ""
        self.next()

    def next(self) -> None:
        """Go on to the next token, empty at the end of the text."""
        while self.end < len(self.text):
            found = TOKEN.match(self.text, self.end)
            if found is None or (found["comment"] and not self.comments):
                self.start = self.end
                raise self.wrong()
            self.start, self.end = found.span()
            if found["mark"] or found["value"]:
                self.token = found[0]
                return
        self.start, self.token = self.end, ""

    def whole(self) -> Node:
        node = self.value()
        if self.token:
            raise self.wrong()
        return node

    def value(self) -> Node:
        start, token = self.start, self.token
        if token in ("{", "["):
            inside = self.members() if token == "{" else self.items()
            values = {key: node.value for key, node in inside.items()}
            node = Node(values if token == "{" else list(values.values()), start, self.end, inside)
        else:
            node = Node(self.simple(), start, self.end, {})
        self.next()
        return node

    def members(self) -> dict[str | int, Node]:
        found: dict[str | int, Node] = {}
        while self.inner("}", first=not found):
            key = self.simple()
            if not isinstance(key, str):
                raise self.wrong()
            self.next()
            self.expect(":")
            found[key] = self.value()
        return found

    def items(self) -> dict[str | int, Node]:
        found: dict[str | int, Node] = {}
        while self.inner("]", first=not found):
            found[len(found)] = self.value()
        return found

    def inner(self, close: str, *, first: bool) -> bool:
        """Whether another one follows; stays on the closing mark."""
        if first:
            self.next()
        elif self.token != close:
            self.expect(",")
            if self.token == close and not self.comments:
                raise self.wrong()
        return self.token != close

    def expect(self, mark: str) -> None:
        if self.token != mark:
            raise self.wrong()
        self.next()

    def simple(self) -> Any:
        try:
            return json.loads(self.token)
        except ValueError:
            raise self.wrong() from None

    def wrong(self) -> NotEditable:
        return NotEditable("it makes no sense", _line(self.text, self.start))
