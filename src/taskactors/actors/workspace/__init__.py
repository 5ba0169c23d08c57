"""The workspace: what AI tools and agents are told about a project, made from how it is now."""

from .agent_file import agent_registered_files
from .facts import Facts, Surroundings, facts_from
from .main_file import create_main_ai_file, main_file
from .manifest import manifest
from .setup import setup_instructions
from .team_texts import workflow_description

__all__ = [
    "Facts",
    "Surroundings",
    "agent_registered_files",
    "create_main_ai_file",
    "facts_from",
    "main_file",
    "manifest",
    "setup_instructions",
    "workflow_description",
]
