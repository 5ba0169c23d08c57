"""Health over HTTP: green while every open project is well.

Whoever shows no token hears that much; whoever does, how each project is that they may enter.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from .. import __version__
from ..actors.wellbeing import Condition, status_of

Conditions = Callable[[], Mapping[str, Condition]]
"""How each project is now."""

MayKnow = Callable[[str], bool]
"""Whether whoever asks may know of a project."""


def of_server(conditions: Mapping[str, Condition], may_know: MayKnow | None) -> tuple[int, Mapping[str, Any]]:
    """The status and body of an answer about everything; `may_know` is None for somebody who is not known."""
    said = status_of(list(conditions.values()))
    if may_know is not None:
        shown = {name: each.shown() for name, each in sorted(conditions.items()) if may_know(name)}
        said |= {"version": __version__, "projects": shown}
    return _status(all(each.is_well for each in conditions.values())), said


def of_project(condition: Condition) -> tuple[int, Mapping[str, Any]]:
    """The same about one project, for somebody who may know of it."""
    return _status(condition.is_well), condition.shown()


def _status(is_well: bool) -> int:
    return HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
