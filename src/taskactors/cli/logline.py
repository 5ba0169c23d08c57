"""What a log line means: from whom to whom, and the words. `BACKEND → QA: schema is ready`."""

from __future__ import annotations

from .errors import Usage

ARROWS = ("→", "->", "â†’")
"""As it is, in ASCII, and read in the wrong encoding."""

ROLE_WORDS = {
    "ARCHITECT": "architect",
    "BACKEND": "backend",
    "DATABASE": "database",
    "MCP-INTEGRATOR": "mcp-integrator",
    "INTEGRATOR": "mcp-integrator",
    "MCP": "mcp-integrator",
    "QA": "qa",
    "DOCS": "docs",
}
EVERYBODY = ("TEAM", "ALL")
ROLE_PREFIX = "role:"

AGENT_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
LONGEST_AGENT = 50
RESERVED = ("local", "server")
LONGEST_TEXT = 20_000
"""Characters, as for every message."""

LIKE_THIS = 'write it as in "BACKEND → QA: schema is ready"'


class LogLine:
    """A line to send: the words, whom they are for, and the role or else the agent that says them."""

    def __init__(self, text: str, to: str = "all", role: str | None = None, agent: str | None = None) -> None:
        self.text = text
        self.to = to
        self.role = role
        self.agent = agent


def parse(line: str) -> LogLine:
    """The message that a line means; a line that is not addressed goes to all. Raises Usage for a name that cannot be one."""
    line = one_line(line)
    if not line:
        raise Usage("there is nothing to log", LIKE_THIS)
    if len(line) > LONGEST_TEXT:
        raise Usage(f"a log line has at most {LONGEST_TEXT} characters, and this has {len(line)}", "write less, or name a file that has it")
    sender, rest = _split_at_arrow(line)
    to, text = _split_at_colon(rest)
    if not _is_one_name(sender) or text is None:
        return LogLine(line)
    if not text:
        raise Usage(f"nothing is said after the colon of {line!r}", LIKE_THIS)
    recipient = _recipient(to)
    if _word(sender) in ROLE_WORDS:
        return LogLine(text, recipient, role=ROLE_WORDS[_word(sender)])
    if _word(sender) in EVERYBODY:
        # Nobody in particular: the words say themselves whom they are from.
        return LogLine(line, recipient)
    return LogLine(text, recipient, agent=_agent(sender))


def one_line(text: str) -> str:
    """The text without line breaks, and without blanks around it."""
    return " ".join(part for part in (each.strip() for each in text.splitlines()) if part)


def _split_at_arrow(line: str) -> tuple[str, str]:
    found = [(line.index(arrow), arrow) for arrow in ARROWS if arrow in line]
    if not found:
        return "", ""
    at, arrow = min(found)
    return line[:at].strip(), line[at + len(arrow) :].strip()


def _split_at_colon(rest: str) -> tuple[str, str | None]:
    """The name before the colon and the text after it; no text at all when there is no colon. `role:qa` is one name."""
    begin = len(ROLE_PREFIX) if rest.lower().startswith(ROLE_PREFIX) else 0
    at = rest.find(":", begin)
    return (rest[:at].strip(), rest[at + 1 :].strip()) if at >= 0 else ("", None)


def _word(name: str) -> str:
    return "-".join(name.replace("_", " ").split()).upper()


def _is_one_name(sender: str) -> bool:
    # "moved a -> b: done" is a sentence with an arrow in it; an address has one name before its arrow.
    return sender != "" and ":" not in sender and (len(sender.split()) == 1 or _word(sender) in ROLE_WORDS)


def _recipient(name: str) -> str:
    role = name[len(ROLE_PREFIX) :] if name.lower().startswith(ROLE_PREFIX) else name
    if _word(role) in ROLE_WORDS:
        return ROLE_PREFIX + ROLE_WORDS[_word(role)]
    return "all" if _word(name) in EVERYBODY else _agent(name)


def _agent(name: str) -> str:
    lower = name.lower()
    parts_are_whole = all(lower.split("-"))
    if not parts_are_whole or not AGENT_CHARACTERS.issuperset(lower) or len(lower) > LONGEST_AGENT or lower in RESERVED:
        raise Usage(
            f"{name!r} is no agent's name",
            "use ARCHITECT, BACKEND, DATABASE, MCP-INTEGRATOR, QA, DOCS or TEAM, or a name as in backend-2",
        )
    return lower
