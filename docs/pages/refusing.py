"""Refusals: which of them a tool's unit of work may raise, found by reading the code that it runs."""

import ast
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

from taskactors.board.change import Change
from taskactors.board.view import View
from taskactors.domain.errors import Refusal

PACKAGES = ("taskactors.board", "taskactors.domain")
"""Where the rules are. What lies below them raises no refusals."""


def refusals_of(unit: Callable[..., Any]) -> tuple[type[Refusal], ...]:
    """The refusals that a unit of work raises, itself or through what it calls, by their codes.

    A call is followed by the name it is written with; one to an object that only the running program knows is not seen.
    """
    seen: set[Any] = set()
    found: set[type[Refusal]] = set()
    waiting: list[Any] = [unit]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        found |= set(_raised(function))
        waiting += _called(function)
    return tuple(sorted(found, key=lambda refusal: refusal.code))


def _raised(function: Any) -> Iterator[type[Refusal]]:
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = _meant(node.exc.func if isinstance(node.exc, ast.Call) else node.exc, function)
            made = raised if inspect.isclass(raised) else _returned(raised)
            if inspect.isclass(made) and issubclass(made, Refusal):
                yield made


def _returned(function: Any) -> Any:
    return inspect.get_annotations(function, eval_str=True).get("return") if inspect.isfunction(function) else None


def _called(function: Any) -> Iterator[Any]:
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.Call):
            meant = _meant(node.func, function)
            if inspect.isfunction(meant) and meant.__module__.startswith(PACKAGES):
                yield meant


def _meant(node: ast.expr, function: Any) -> Any:
    """What a name in a function's code stands for, as far as the code alone says."""
    names = vars(sys.modules[function.__module__])
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if isinstance(names.get(owner), types.ModuleType):
            return getattr(names[owner], name, None)
        case ast.Attribute(value=ast.Name(id="change" | "view" | "self"), attr=name):
            return getattr(Change, name, None) or getattr(View, name, None)
        case _:
            return None


def _tree(function: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))
