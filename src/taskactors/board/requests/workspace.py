"""Requests about the workspace: how an AI tool joins the team, and the files that tell it so."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from attrs import frozen
from msgspec import Meta

from .fields import Line, Text
from .request import Mutation, Request

AiTool = Annotated[Literal["claude-code", "codex", "cursor", "generic"], Meta(description="the AI tool")]
MainFile = Annotated[Line | None, Meta(description="claude-code, codex, cursor or generic, or its file name")]


@frozen(kw_only=True)
class HealthCheck(Request):
    """Whether the server takes and keeps work: the store's last commit, uptime, counts."""


@frozen(kw_only=True)
class GetSetupInstructions(Request):
    """How to connect your AI tool to this server and work with the team, step by step."""

    ai_tool_type: Annotated[AiTool, Meta(description="your tool")] = "generic"


@frozen(kw_only=True)
class GetAgenticWorkflowDescription(Request):
    """How this team works: the roles, who has them now, the loop, the etiquette, and who is missing for a plan."""

    requested_agent_count: Annotated[int, Meta(ge=1, le=100, description="how many agents there will be")] = 3
    prd_content: Annotated[Text | None, Meta(description="plan or requirements to suggest roles from")] = None


@frozen(kw_only=True)
class GetInstructionsForMainAiFile(Request):
    """The text that belongs into an AI tool's main file (CLAUDE.md, AGENTS.md, …) for this project."""

    spellings: ClassVar[Mapping[str, str]] = {"ai_tool_type": "file_type"}

    file_type: MainFile = None


@frozen(kw_only=True)
class CreateMainAiFile(Mutation):
    """Write the main AI file into the project root; without a root the text comes back instead. A file that a person changed is kept."""

    content: Annotated[str, Meta(min_length=1, max_length=200_000, description="the file's text")]
    ai_tool_type: Annotated[AiTool, Meta(description="decides the file's name")] = "claude-code"
    overwrite: Annotated[bool, Meta(description="replace a file that a person changed")] = False


@frozen(kw_only=True)
class GetWorkspaceManifest(Request):
    """Everything about this workspace as data: project, roster, tools, files, counts."""

    ai_tool_type: AiTool = "generic"
