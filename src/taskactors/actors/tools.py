"""The table of tools: for each its request, the desk that owns it, its unit of work, and what a client is told of it."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from ..board import (
    agents,
    changes,
    claims,
    discovery,
    escalating,
    finishing,
    graph,
    handoffs,
    health,
    inbox,
    knowledge,
    listing,
    messages,
    overview,
    pausing,
    plans,
    reservations,
    sessions,
    taking,
    tasks,
    workflows,
    workspace,
)
from ..board.requests import changes as ask_changes
from ..board.requests import claims as ask_claims
from ..board.requests import finishing as ask_finishing
from ..board.requests import handoffs as ask_handoffs
from ..board.requests import knowledge as ask_knowledge
from ..board.requests import plans as ask_plans
from ..board.requests import reservations as ask_reservations
from ..board.requests import tasks as ask_tasks
from ..board.requests import team as ask_team
from ..board.requests import workflows as ask_workflows
from ..board.requests import workspace as ask_workspace
from ..board.requests.request import Request
from ..domain.task import State

TASK = {"id": "integer", "code": "string", "name": "string", "state": "string", "rev": "integer"}
PAGE = {"items": "array"}
MESSAGE = {"id": "integer", "message_type": "string", "content": "string", "created_at": "string"}
HANDOFF = {"handoff_id": "integer", "task_code": "string", "to": "string", "state": "string"}
SESSION = {"session_id": "integer", "task_id": "integer", "agent_name": "string", "started_at": "string"}

PUT_AWAY = "Put task {task} away for good? Nothing brings it back."


@frozen(kw_only=True)
class Tool:
    """One tool. `answers` are the top-level keys that every answer has, with their JSON types; more may come.

    `reads` tools see a snapshot and change nothing, and may take several turns (`board/turns.py`); the unit of the others runs in the
    store's write transaction.
    What is asked of a person before it is done, of the `task` that it names, is the `question` of a tool whose request has `confirm`; it is
    asked only of calls with the arguments `asked_when`.
    `urgent` ones may use the room that mailboxes keep for finishing work. What one that `takes` took for a caller who
    has left is given back.
    """

    name: str
    title: str
    request: type[Request]
    desk: str
    unit: Callable[[Any, Any], Any]
    answers: Mapping[str, str]
    reads: bool = False
    destructive: bool = False
    question: str = ""
    asked_when: Mapping[str, str] = {}
    idempotent: bool = False
    urgent: bool = False
    takes: bool = False


def _table(*tools: Tool) -> Mapping[str, Tool]:
    return {tool.name: tool for tool in tools}


TOOLS: Mapping[str, Tool] = _table(
    Tool(name="create_task", title="Create a task", request=ask_tasks.CreateTask, desk="backend", unit=tasks.create_task, answers=TASK),
    Tool(name="update_task", title="Change a task", request=ask_tasks.UpdateTask, desk="backend", unit=tasks.update_task, answers=TASK),
    Tool(name="assign_task", title="Assign a task", request=ask_tasks.AssignTask, desk="backend", unit=tasks.assign_task, answers=TASK),
    Tool(
        name="set_task_state",
        title="Move a task",
        request=ask_tasks.SetTaskState,
        desk="backend",
        unit=tasks.set_task_state,
        answers=TASK,
        question=PUT_AWAY,
        asked_when={"state": State.ARCHIVED.value},
        urgent=True,
    ),
    Tool(
        name="get_task_by_id",
        title="Get a task by id",
        request=ask_tasks.GetTaskById,
        desk="backend",
        unit=tasks.get_task_by_id,
        answers=TASK,
        reads=True,
    ),
    Tool(
        name="get_task_by_code",
        title="Get a task by code",
        request=ask_tasks.GetTaskByCode,
        desk="backend",
        unit=tasks.get_task_by_code,
        answers=TASK,
        reads=True,
    ),
    Tool(
        name="list_tasks",
        title="List tasks",
        request=ask_tasks.ListTasks,
        desk="backend",
        unit=listing.list_tasks,
        answers=PAGE,
        reads=True,
    ),
    Tool(
        name="archive_task",
        title="Archive a task",
        request=ask_tasks.ArchiveTask,
        desk="backend",
        unit=tasks.archive_task,
        answers=TASK,
        destructive=True,
        question=PUT_AWAY,
    ),
    Tool(
        name="discover_work",
        title="Find work",
        request=ask_claims.DiscoverWork,
        desk="backend",
        unit=discovery.discover_work,
        answers=PAGE,
        reads=True,
    ),
    Tool(
        name="claim_task",
        title="Claim a task",
        request=ask_claims.ClaimTask,
        desk="backend",
        unit=claims.claim_task,
        answers=TASK | {"claim": "object"},
        idempotent=True,
        takes=True,
    ),
    Tool(
        name="next_task",
        title="Take the best task",
        request=ask_claims.NextTask,
        desk="backend",
        unit=taking.next_task,
        answers={},
        takes=True,
    ),
    Tool(
        name="renew_claim",
        title="Keep a task",
        request=ask_finishing.RenewClaim,
        desk="backend",
        unit=finishing.renew_claim,
        answers=TASK | {"claim": "object"},
        idempotent=True,
        urgent=True,
    ),
    Tool(
        name="report_progress",
        title="Say how far it is",
        request=ask_finishing.ReportProgress,
        desk="backend",
        unit=finishing.report_progress,
        answers=TASK | {"claim": "object"},
        urgent=True,
    ),
    Tool(
        name="complete_task",
        title="Hand a task in",
        request=ask_finishing.CompleteTask,
        desk="backend",
        unit=finishing.complete_task,
        answers=TASK | {"unblocked": "array"},
        urgent=True,
    ),
    Tool(
        name="review_task",
        title="Review a task",
        request=ask_finishing.ReviewTask,
        desk="qa",
        unit=finishing.review_task,
        answers=TASK | {"unblocked": "array"},
        urgent=True,
    ),
    Tool(
        name="release_task",
        title="Release a task",
        request=ask_claims.ReleaseTask,
        desk="backend",
        unit=claims.release_task,
        answers=TASK,
        urgent=True,
    ),
    Tool(
        name="start_work_session",
        title="Start a work session",
        request=ask_claims.StartWorkSession,
        desk="backend",
        unit=sessions.start_work_session,
        answers=SESSION,
        idempotent=True,
    ),
    Tool(
        name="end_work_session",
        title="End a work session",
        request=ask_claims.EndWorkSession,
        desk="backend",
        unit=sessions.end_work_session,
        answers=SESSION,
        urgent=True,
    ),
    Tool(
        name="register_agent",
        title="Join the team",
        request=ask_team.RegisterAgent,
        desk="mcp-integrator",
        unit=agents.register_agent,
        answers={"name": "string", "role": "string", "capabilities": "array", "prompt": "string"},
        idempotent=True,
    ),
    Tool(
        name="create_task_message",
        title="Write on a task",
        request=ask_team.CreateTaskMessage,
        desk="mcp-integrator",
        unit=messages.create_task_message,
        answers=MESSAGE,
    ),
    Tool(
        name="get_task_messages",
        title="Read what was written on a task",
        request=ask_team.GetTaskMessages,
        desk="mcp-integrator",
        unit=messages.get_task_messages,
        answers=PAGE,
        reads=True,
    ),
    Tool(
        name="send_message",
        title="Send a message",
        request=ask_team.SendMessage,
        desk="mcp-integrator",
        unit=messages.send_message,
        answers=MESSAGE,
    ),
    Tool(
        name="read_inbox",
        title="Read your inbox",
        request=ask_team.ReadInbox,
        desk="mcp-integrator",
        unit=inbox.read_inbox,
        answers=PAGE | {"next_cursor": "string"},
        idempotent=True,
    ),
    Tool(
        name="plan_tasks",
        title="Create a plan",
        request=ask_plans.PlanTasks,
        desk="architect",
        unit=plans.plan_tasks,
        answers={"items": "array"},
    ),
    Tool(
        name="edit_dependencies",
        title="Change what it waits for",
        request=ask_plans.EditDependencies,
        desk="architect",
        unit=plans.edit_dependencies,
        answers=TASK,
    ),
    Tool(
        name="get_dependency_graph",
        title="What waits for what",
        request=ask_plans.GetDependencyGraph,
        desk="architect",
        unit=graph.get_dependency_graph,
        answers={"critical_path": "array", "blocked": "array"},
        reads=True,
    ),
    Tool(
        name="define_workflow",
        title="Define a workflow",
        request=ask_workflows.DefineWorkflow,
        desk="architect",
        unit=workflows.define_workflow,
        answers={"name": "string", "rev": "integer", "steps": "array"},
        idempotent=True,
    ),
    Tool(
        name="advance_task_workflow",
        title="Finish a step",
        request=ask_workflows.AdvanceTaskWorkflow,
        desk="architect",
        unit=workflows.advance_task_workflow,
        answers=TASK | {"unblocked": "array"},
        urgent=True,
    ),
    Tool(
        name="list_agents",
        title="List the team",
        request=ask_team.ListAgents,
        desk="mcp-integrator",
        unit=agents.list_agents,
        answers=PAGE,
        reads=True,
    ),
    Tool(
        name="offer_handoff",
        title="Offer a task",
        request=ask_handoffs.OfferHandoff,
        desk="mcp-integrator",
        unit=handoffs.offer_handoff,
        answers=HANDOFF,
        urgent=True,
    ),
    Tool(
        name="answer_handoff",
        title="Answer an offer",
        request=ask_handoffs.AnswerHandoff,
        desk="mcp-integrator",
        unit=handoffs.answer_handoff,
        answers=TASK | {"handoff": "object"},
        urgent=True,
    ),
    Tool(
        name="reserve_files",
        title="Reserve files",
        request=ask_reservations.ReserveFiles,
        desk="mcp-integrator",
        unit=reservations.reserve_files,
        answers={"granted": "boolean"},
        idempotent=True,
    ),
    Tool(
        name="release_files",
        title="Give files back",
        request=ask_reservations.ReleaseFiles,
        desk="mcp-integrator",
        unit=reservations.release_files,
        answers={"released": "array"},
        urgent=True,
    ),
    Tool(
        name="request_help",
        title="Ask for help",
        request=ask_team.RequestHelp,
        desk="mcp-integrator",
        unit=escalating.request_help,
        answers=MESSAGE,
        urgent=True,
    ),
    Tool(
        name="set_pause",
        title="Hold back or go on",
        request=ask_team.SetPause,
        desk="backend",
        unit=pausing.set_pause,
        answers={"paused": "array"},
        idempotent=True,
        urgent=True,
    ),
    Tool(
        name="add_knowledge",
        title="Keep what was found out",
        request=ask_knowledge.AddKnowledge,
        desk="docs",
        unit=knowledge.add_knowledge,
        answers={"id": "integer", "title": "string", "kind": "string"},
    ),
    Tool(
        name="search",
        title="Find words",
        request=ask_knowledge.Search,
        desk="docs",
        unit=knowledge.searched,
        answers=PAGE,
        reads=True,
    ),
    Tool(
        name="get_project_overview",
        title="How the project stands",
        request=ask_team.GetProjectOverview,
        desk="qa",
        unit=overview.get_project_overview,
        answers={"counts": "object", "ready": "integer", "blocked": "array", "stalled": "array"},
        reads=True,
    ),
    Tool(
        name="get_changes",
        title="What happened",
        request=ask_changes.GetChanges,
        desk="database",
        unit=changes.get_changes,
        answers=PAGE | {"next_cursor": "string"},
        reads=True,
    ),
    Tool(
        name="health_check",
        title="Check the server's health",
        request=ask_workspace.HealthCheck,
        desk="database",
        unit=health.health_check,
        answers={"status": "string", "database": "boolean", "protocol": "boolean", "timestamp": "string", "version": "string"},
        reads=True,
    ),
    Tool(
        name="get_setup_instructions",
        title="How to connect",
        request=ask_workspace.GetSetupInstructions,
        desk="docs",
        unit=workspace.workspace_facts,
        answers={"ai_tool_type": "string", "instructions": "string"},
        reads=True,
    ),
    Tool(
        name="get_agentic_workflow_description",
        title="How the team works",
        request=ask_workspace.GetAgenticWorkflowDescription,
        desk="docs",
        unit=workspace.workspace_facts,
        answers={"workflow_description": "string", "recommended_agent_count": "integer", "suggested_agents": "array"},
        reads=True,
    ),
    Tool(
        name="get_instructions_for_main_ai_file",
        title="Text for the main AI file",
        request=ask_workspace.GetInstructionsForMainAiFile,
        desk="docs",
        unit=workspace.workspace_facts,
        answers={"file_name": "string", "content": "string"},
        reads=True,
    ),
    Tool(
        name="create_main_ai_file",
        title="Write the main AI file",
        request=ask_workspace.CreateMainAiFile,
        desk="docs",
        unit=workspace.request_main_file,
        answers={"file_name": "string", "written": "boolean", "sections": "array"},
        destructive=True,
        idempotent=True,
    ),
    Tool(
        name="get_workspace_manifest",
        title="The workspace as data",
        request=ask_workspace.GetWorkspaceManifest,
        desk="docs",
        unit=workspace.workspace_facts,
        answers={"project": "string", "roles": "array", "agents": "array", "tools": "array"},
        reads=True,
    ),
)
