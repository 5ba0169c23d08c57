"""Requests about the team: who is in it, and what they tell each other."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from attrs import frozen
from msgspec import Meta

from ...domain.codes import agent_name_problem
from ...domain.message import Importance
from .fields import Address, AgentNamed, Capabilities, ClaimLimit, Code, Cursor, Id, NewAgentName, PageSize, RoleName, Text, Wait
from .request import Mutation, Request

Description = Annotated[str, Meta(max_length=4_000)]
MessageType = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^\S(?:.*\S)?$(?!\n)", description="kind of message")]


@frozen(kw_only=True)
class RegisterAgent(Mutation):
    """Join the team under a name, with a role and what you can do. You may register again to change your own entry."""

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


@frozen(kw_only=True)
class ReadInbox(Mutation):
    """Your messages, oldest first. Pass next_cursor back to confirm them; until then they are returned again."""

    spellings: ClassVar[Mapping[str, str]] = {"agent_name": "agent"}
    speaks_as: ClassVar[str | None] = "agent"

    cursor: Annotated[Cursor | None, Meta(description="next_cursor of the last answer")] = None
    unread_only: Annotated[bool, Meta(description="false: everything kept, confirming nothing")] = True
    limit: PageSize = 20
    agent: Annotated[AgentNamed | None, Meta(description="whose inbox; default yours")] = None
    wait_s: Wait = 0
