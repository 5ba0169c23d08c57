"""What ends a command early, and with which exit code."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED, WRONG_USAGE, NO_SERVER = 1, 2, 3

NOT_ADMITTED = "not_admitted"
"""The code of a refusal that is of the caller, and says nothing of what was asked."""


class CliError(Exception):
    """A cause and a remedy, a line each, for a person to read, and between them a line for each of several problems, if there are.

    All may quote what others wrote: escape it before it is shown.
    """

    exit_code = FAILED

    def __init__(self, cause: str, remedy: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.problems = tuple(problems)


class Refused(CliError):
    """The server said no. `code` is the refusal's stable code, or empty when the request itself was no good."""

    def __init__(self, cause: str, remedy: str = "", code: str = "", facts: object = None) -> None:
        super().__init__(cause, remedy)
        self.code = code
        self.facts = facts if isinstance(facts, dict) else {}


class Usage(CliError):
    exit_code = WRONG_USAGE


class NoServer(CliError):
    exit_code = NO_SERVER


class LostServer(NoServer):
    """It was there and went away in the middle of a call: whether the change was made is not known."""
