"""The main AI file: what an AI tool should read about this project's board at the start of every session."""

import re
from collections.abc import Mapping
from typing import Any

from ...board.requests.workspace import CreateMainAiFile
from .ai_tools import AiTool, tool_named
from .facts import Facts
from .roles import LOOP, MANNERS, ROLE_TEXTS
from .safe_files import write_file

FENCED = re.compile(r"^ {0,3}(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
"""From a fence to its like or the end. Possessive, so that a line of nothing but fences costs no more than its length."""

HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)


def main_file(facts: Facts, file_type: str | None) -> Mapping[str, Any]:
    """The text for one AI tool's main file. Keys: file_name, content, ai_tool_type, sections."""
    tool = tool_named(file_type)
    content = _text(facts, tool)
    return {"ai_tool_type": tool.name, "file_name": tool.main_file, "content": content, "sections": _sections(content)}


def create_main_ai_file(facts: Facts, request: CreateMainAiFile) -> Mapping[str, Any]:
    """Write the caller's text into the project root, or say why it was not written and give it back. Blocks on the disk."""
    tool = tool_named(request.ai_tool_type)
    outcome = write_file(facts.around.root, tool.main_file, request.content, overwrite=request.overwrite, again=facts.replayed)
    answer: dict[str, Any] = {
        "ai_tool_type": tool.name,
        "file_name": tool.main_file,
        "written": outcome.written,
        "sections": _sections(request.content),
    }
    if facts.replayed:
        answer["replayed"] = True
    if outcome.reason:
        answer["reason"] = outcome.reason
    if not outcome.written:
        answer["content"] = request.content
    return answer


def _sections(text: str) -> list[str]:
    """The headings, as Markdown has them: what looks like one inside a fence is a comment of the code there."""
    return [heading.strip() for heading in HEADING.findall(FENCED.sub("", text))]


def _text(facts: Facts, tool: AiTool) -> str:
    front = "---\ndescription: How this team shares its work\nalwaysApply: true\n---\n\n" if tool.name == "cursor" else ""
    team = "\n".join(f"- `{member.agent.name}`: {member.agent.role}" for member in facts.roster) or "- nobody is registered yet"
    roles = "\n".join(f"- **{role}**: {text.duty}" for role, text in ROLE_TEXTS.items())
    tools = "\n".join(f"- `{name}`: {what}" for name, what in facts.around.tools.items())
    loop = "\n".join(f"{number}. {step}" for number, step in enumerate(LOOP, 1))
    manners = "\n".join(f"- {line}" for line in MANNERS)
    return (
        f"{front}# Working together on {facts.around.project}\n\n"
        f"All agents of this project share one task board, taskactors, at `{facts.url}`.\n\n"
        f"## The loop\n\n{loop}\n\n## Manners\n\n{manners}\n\n## Roles\n\n{roles}\n\n## On the team now\n\n{team}\n\n"
        f"## Tools\n\n{tools}\n"
    )
