"""Requests about the team: who is in it, and what they tell each other."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from attrs import frozen
from msgspec import Meta

from ...domain.codes import agent_name_problem
from ...domain.message import Importance
from ...domain.pausing import is_target
from .fields import Address, AgentNamed, Capabilities, ClaimLimit, Code, Cursor, Id, NewAgentName, PageSize, Reason, RoleName, Text, Wait
from .request import AboutTask, Mutation, Request

Description = Annotated[str, Meta(max_length=4_000)]
MessageType = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^\S(?:.*\S)?$(?!\n)", description="kind of message")]


@frozen(kw_only=True)
class RegisterAgent(Mutation):
    """Join the team under a name, with a role and what you can do. Again: to change your own entry."""

    agent_name: Annotated[NewAgentName, Meta(description="kebab-case, as in backend-2")]
    agent_type: Annotated[str, Meta(min_length=1, max_length=50, description="what you are, as in backend or claude-code")]
    capabilities: Annotated[Capabilities, Meta(description="what you can do, as in python, review")]
    description: Annotated[Description | None, Meta(description="in a sentence")] = None
    role: Annotated[RoleName | None, Meta(description="default: agent_type or name if it is a role, else backend")] = None
    max_concurrent_tasks: Annotated[ClaimLimit | None, Meta(description="claims you may hold at once; default no limit")] = None
    overwrite: Annotated[bool, Meta(description="replace an agent file that a person changed")] = False

    def problems(self) -> tuple[str, ...]:
        problem = agent_name_problem(self.agent_name)
        return (f"agent_name: {problem}",) if problem else ()


AckWithin = Annotated[int, Meta(ge=1, le=604_800)]
"""Seconds, up to a week."""


@frozen(kw_only=True)
class CreateTaskMessage(Mutation):
    """Write on a task: a comment, question, solution or blocker. With a target it also reaches that inbox."""

    spellings: ClassVar[Mapping[str, str]] = {"code": "task_code", "author": "author_agent_name", "target": "target_agent_name"}
    speaks_as: ClassVar[str | None] = "author_agent_name"

    task_code: Annotated[Code, Meta(description="task code")]
    content: Text
    message_type: Annotated[MessageType, Meta(description="question, comment, solution, blocker, handoff, …")]
    author_agent_name: Annotated[AgentNamed | None, Meta(description="you, if the connection does not say")] = None
    target_agent_name: Annotated[Address | None, Meta(description="an agent, role:qa, or all")] = None
    reply_to_message_id: Annotated[Id | None, Meta(description="message this answers")] = None


@frozen(kw_only=True)
class GetTaskMessages(Request):
    """What was written on a task, newest first."""

    spellings: ClassVar[Mapping[str, str]] = {"code": "task_code", "author": "author_agent_name", "target": "target_agent_name"}

    task_code: Annotated[Code, Meta(description="task code")]
    author_agent_name: AgentNamed | None = None
    target_agent_name: Address | None = None
    message_type: MessageType | None = None
    reply_to_message_id: Id | None = None
    limit: PageSize = 20
    cursor: Annotated[Cursor | None, Meta(description="next_cursor of the page before")] = None


@frozen(kw_only=True)
class SendMessage(Mutation):
    """Tell an agent, a role or everybody. It waits in their inbox until they confirm it."""

    to: Annotated[Address, Meta(description="an agent, role:qa, or all")]
    content: Text
    message_type: Annotated[MessageType, Meta(description="question, comment, handoff, review, help, log, …")] = "comment"
    code: Annotated[Code | None, Meta(description="task it is about")] = None
    importance: Annotated[Importance, Meta(description="how soon it should be read")] = Importance.NORMAL
    reply_to: Annotated[Id | None, Meta(description="message this answers")] = None
    from_role: Annotated[RoleName | None, Meta(description="sent on a role's behalf, by people only")] = None
    ack_by_s: Annotated[AckWithin | None, Meta(description="seconds; told if nobody acknowledged it by then")] = None


@frozen(kw_only=True)
class ReadInbox(Mutation):
    """Your messages, oldest first. Pass next_cursor back to confirm them; until then they are returned again."""

    spellings: ClassVar[Mapping[str, str]] = {"agent_name": "agent"}
    speaks_as: ClassVar[str | None] = "agent"

    cursor: Annotated[Cursor | None, Meta(description="next_cursor of the last answer")] = None
    unread_only: Annotated[bool, Meta(description="false: everything kept, confirming nothing")] = True
    limit: PageSize = 20
    agent: Annotated[AgentNamed | None, Meta(description="whose inbox; default yours")] = None
    ack: Annotated[tuple[Id, ...], Meta(max_length=100, description="ids of messages to acknowledge")] = ()
    max_tokens: Annotated[int, Meta(ge=50, le=100_000, description="size of the answer")] = 20_000
    wait_s: Wait = 0


@frozen(kw_only=True)
class RequestHelp(AboutTask):
    """Ask for help on a task. If nobody answers in time everybody is asked, then the person. blocking=true blocks the task."""

    question: Text
    to: Annotated[Address | None, Meta(description="an agent, role:qa, or all; default role:architect")] = None
    urgency: Annotated[Importance, Meta(description="others are asked after: low 1 h, normal 15 min, high 5, urgent 1")] = Importance.NORMAL
    blocking: Annotated[bool, Meta(description="you cannot go on without an answer")] = False


@frozen(kw_only=True)
class ListAgents(Request):
    """The team: who is here, what each can do and holds."""

    role: RoleName | None = None
    status: Annotated[Literal["connected", "away"] | None, Meta(description="connected: has a connection open")] = None
    capabilities: Annotated[Capabilities, Meta(description="has all of these")] = ()


@frozen(kw_only=True)
class SetPause(Mutation):
    """Hold an agent, a role or the project back from new work, or let go on. For people and coordinators."""

    target: Annotated[str, Meta(min_length=1, max_length=60, description="an agent, role:qa, or project")]
    paused: Annotated[bool, Meta(description="false: go on")]
    reason: Annotated[Reason | None, Meta(description="told to everybody who is held back")] = None

    def problems(self) -> tuple[str, ...]:
        return () if is_target(self.target) else (f"target: {self.target!r} is none; use an agent's name, role:qa or project",)


@frozen(kw_only=True)
class GetProjectOverview(Request):
    """How the project stands: counts, what is blocked, stalled or waiting and why, and how work has gone since the start."""

    detail: Annotated[Literal["brief", "full"], Meta(description="full: with every agent's work")] = "brief"
