"""The team: one agent for each role, by name."""

from collections.abc import Mapping

from ..domain.agent import ROLES

NAMES: Mapping[str, str] = {
    "architect": "ada",
    "backend": "ben",
    "database": "dina",
    "mcp-integrator": "mia",
    "qa": "quinn",
    "docs": "dora",
}
assert tuple(NAMES) == ROLES, "every role has its agent"

REVIEWER = "qa"
"""The role that reviews what others have done."""

REVIEWER_OF_REVIEWER = "architect"
"""Nobody approves their own work, so somebody else has to review what the reviewer did."""
