"""Log lines: how every part says what happened. structlog writes them, and is loaded by the first: a start that goes well says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40

_least = DEBUG
_set_up: Callable[[], None] | None = None


def write_lines(least: int, set_up: Callable[[], None]) -> None:
    """From now on leave out what is below a level; `set_up` is called before the next line, to say how and where they are written."""
    global _least, _set_up
    _least, _set_up = least, set_up


class Log:
    """The log lines of one module: an event, and the facts that belong to it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **facts: Any) -> None:
        self._say(DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        self._say(INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._say(WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        self._say(ERROR, event, facts)

    def _say(self, level: int, event: str, facts: dict[str, Any]) -> None:
        global _set_up
        if level < _least:
            return
        import structlog

        if _set_up is not None:
            set_up, _set_up = _set_up, None
            set_up()
        structlog.get_logger(self._name).log(level, event, **facts)
