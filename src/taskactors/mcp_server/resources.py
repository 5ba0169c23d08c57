"""Resources: what a client can look at by its address. Each is read by a tool, so that nobody sees more here than there."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import mcp_types as types
from attrs import frozen

from ..actors.calls import Connection
from ..actors.updates import AGENTS, EVENTS, OVERVIEW, TASKS, inbox_name, task_name

SCHEME = "taskactors://"
JSON = "application/json"

INBOX = "inbox"
ROLES = "roles"

SHOWN = 50
"""How many entries a list shows as a resource; its tool has the rest."""


@frozen
class Resource:
    """One thing to look at: its path after the scheme, and the tool that reads it, with arguments from the path."""

    path: str
    title: str
    description: str
    tool: str
    arguments: Callable[[str], Mapping[str, Any]]

    @property
    def is_template(self) -> bool:
        return "{" in self.path

    @property
    def name(self) -> str:
        return self.path.partition("/")[0] if not self.is_template else self.path.split("/")[0].removesuffix("s")


def _always(**arguments: Any) -> Callable[[str], Mapping[str, Any]]:
    return lambda path: arguments


def _of_code(path: str) -> Mapping[str, Any]:
    return {"code": path.partition("/")[2]}


RESOURCES = (
    Resource(OVERVIEW, "How the project stands", "Counts, what is blocked, waiting or stalled and why", "get_project_overview", _always()),
    Resource(TASKS, "Tasks", f"The newest {SHOWN} tasks in short", "list_tasks", _always(limit=SHOWN)),
    Resource("tasks/{code}", "A task", "One task, whole, by its code", "get_task_by_code", _of_code),
    Resource(INBOX, "Your inbox", "Your messages that you have not confirmed, oldest first", "read_inbox", _always(limit=SHOWN)),
    Resource(EVENTS, "What happened", f"The last {SHOWN} events, in order", "get_changes", _always(cursor="latest", limit=SHOWN)),
    Resource(AGENTS, "The team", "Who is here, what each can do and holds", "list_agents", _always()),
    Resource(ROLES, "The roles", "The six roles, their tools, and the workspace as data", "get_workspace_manifest", _always()),
)

TASK_PATH = re.compile(r"tasks/[A-Za-z][A-Za-z0-9-]{0,19}")


def found(uri: str) -> Resource | None:
    """The resource at that address, or None."""
    path = path_of(uri)
    if path is not None and TASK_PATH.fullmatch(path):
        path = "tasks/{code}"
    return next((each for each in RESOURCES if each.path == path), None)


def path_of(uri: str) -> str | None:
    """What comes after the scheme; None for an address of another kind."""
    return uri.removeprefix(SCHEME) if uri.startswith(SCHEME) else None


def update_name(uri: str, connection: Connection) -> str | None:
    """Under which name that resource's changes are heard of by this connection; None for one that never changes or is not there."""
    resource, path = found(uri), path_of(uri)
    if resource is None or path is None or path == ROLES:
        return None
    if path == INBOX:
        return inbox_name(connection.name)
    return task_name(path.partition("/")[2]) if resource.is_template else path


def listed(resource: Resource) -> types.Resource | types.ResourceTemplate:
    """The resource as clients find it in their lists."""
    uri, name, title, said = SCHEME + resource.path, resource.name, resource.title, resource.description
    if resource.is_template:
        return types.ResourceTemplate(uri_template=uri, name=name, title=title, description=said, mime_type=JSON)
    return types.Resource(uri=uri, name=name, title=title, description=said, mime_type=JSON)
