"""Profiles: which tools an endpoint lists. Each listed tool costs every agent tokens, and nobody needs all of them.

A profile is about what is worth reading, not about what is allowed: a tool that is not listed can still be called.
"""

from collections.abc import Mapping

from ..domain.token import Scope
from .tools import TOOLS, Tool

WHOLE = "full"
"""What is listed to whoever asks for nothing else."""

MEMBERS: Mapping[str, frozenset[str]] = {
    "worker": frozenset(
        {
            "register_agent",
            "next_task",
            "claim_task",
            "get_task_by_code",
            "report_progress",
            "complete_task",
            "advance_task_workflow",
            "release_task",
            "read_inbox",
            "send_message",
            "request_help",
            "offer_handoff",
            "answer_handoff",
            "reserve_files",
            "release_files",
            "search",
        }
    ),
    "planner": frozenset(
        {
            "register_agent",
            "create_task",
            "update_task",
            "assign_task",
            "set_task_state",
            "get_task_by_code",
            "list_tasks",
            "archive_task",
            "plan_tasks",
            "edit_dependencies",
            "get_dependency_graph",
            "define_workflow",
            "list_agents",
            "get_project_overview",
            "get_changes",
            "set_pause",
            "send_message",
            "read_inbox",
            "add_knowledge",
            "search",
        }
    ),
    "reviewer": frozenset(
        {
            "register_agent",
            "list_tasks",
            "get_task_by_code",
            "get_task_messages",
            "review_task",
            "create_task_message",
            "send_message",
            "read_inbox",
            "answer_handoff",
            "get_changes",
            "add_knowledge",
            "search",
        }
    ),
    "axon": frozenset(
        {
            "create_task",
            "update_task",
            "assign_task",
            "set_task_state",
            "get_task_by_id",
            "get_task_by_code",
            "list_tasks",
            "archive_task",
            "health_check",
            "discover_work",
            "claim_task",
            "release_task",
            "start_work_session",
            "end_work_session",
            "create_task_message",
            "get_task_messages",
            "register_agent",
            "get_setup_instructions",
            "get_agentic_workflow_description",
            "get_instructions_for_main_ai_file",
            "create_main_ai_file",
            "get_workspace_manifest",
        }
    ),
    WHOLE: frozenset(TOOLS),
}

PROFILES: Mapping[str, Mapping[str, Tool]] = {
    profile: {name: tool for name, tool in TOOLS.items() if name in members} for profile, members in MEMBERS.items()
}
"""The tools of every profile, in the order of the table."""

_OF_ROLE = {"architect": "planner", "qa": "reviewer"}


def of_role(role: str | None, scope: Scope) -> str:
    """What is listed to an agent that its token gives this role, unless it asks for something else."""
    return WHOLE if role is None or scope is Scope.ADMIN else _OF_ROLE.get(role, "worker")
