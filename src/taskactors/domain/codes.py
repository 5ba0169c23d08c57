"""How things may be named: task codes and their prefixes, and agents."""

import re

from .agent import RESERVED_NAMES

CODE_PATTERN = r"^[A-Za-z](?:[A-Za-z0-9]|-(?=[A-Za-z0-9]))*$"
"""Letter first, then letters, digits and single hyphens, none at the end; 3 to 20 characters."""

CODE_LENGTHS = (3, 20)

PREFIX_PATTERN = r"^[A-Za-z]{1,16}$"
"""Letters alone ask for the next number of a series: SEC gives SEC-001. Sixteen leave room for the number."""

_PREFIX = re.compile(PREFIX_PATTERN)

AGENT_PATTERN = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
AGENT_LENGTHS = (1, 50)

NUMBER_DIGITS = 3


def is_prefix(code: str) -> bool:
    """Whether this names a series rather than one task."""
    return _PREFIX.fullmatch(code) is not None


def code_problem(code: str) -> str | None:
    """What is wrong with a task code or prefix, or None."""
    if is_prefix(code):
        return None
    if code.isalpha():
        return "a prefix has at most 16 letters; a whole code has a number or a hyphen, as in ARCH-01"
    if not CODE_LENGTHS[0] <= len(code) <= CODE_LENGTHS[1]:
        return f"a task code has {CODE_LENGTHS[0]} to {CODE_LENGTHS[1]} characters"
    if re.fullmatch(CODE_PATTERN, code) is None:
        return "a task code starts with a letter and holds letters, digits and single hyphens, as in ARCH-01"
    return None


def agent_name_problem(name: str) -> str | None:
    """What is wrong with an agent's name, or None."""
    if name in RESERVED_NAMES:
        return f"{name!r} is reserved; choose another name"
    if not AGENT_LENGTHS[0] <= len(name) <= AGENT_LENGTHS[1] or re.fullmatch(AGENT_PATTERN, name) is None:
        return "an agent name has 1 to 50 characters: a-z, 0-9 and single hyphens between them, as in backend-2"
    return None


def numbered(prefix: str, number: int) -> str:
    """The code of the nth task of a series."""
    return f"{prefix.upper()}-{number:0{NUMBER_DIGITS}d}"
