"""The states a task may be in and who may move it, written down once more from what users are told: the model's own table."""

ANYONE, HOLDER, MANAGER, OVERRIDER, APPROVER, NOBODY = "anyone", "holder", "manager", "overrider", "approver", "nobody"

ASIDE = {"Quarantined": MANAGER, "Cancelled": MANAGER}

WHO_MAY: dict[str, dict[str, str]] = {
    "Created": {"InProgress": ANYONE, "WaitingForDependency": ANYONE, "PendingDecomposition": ANYONE, **ASIDE},
    "InProgress": {
        "Blocked": HOLDER,
        "Review": HOLDER,
        "Done": HOLDER,
        "PendingHandoff": HOLDER,
        "PendingDecomposition": HOLDER,
        "WaitingForDependency": HOLDER,
        "Created": HOLDER,
        **ASIDE,
    },
    "Blocked": {"InProgress": HOLDER, "Created": HOLDER, **ASIDE},
    "Review": {"Done": APPROVER, "InProgress": ANYONE, "Created": ANYONE, **ASIDE},
    "PendingHandoff": {"InProgress": HOLDER, "Created": HOLDER, **ASIDE},
    "PendingDecomposition": {"WaitingForDependency": ANYONE, "Created": ANYONE, **ASIDE},
    "WaitingForDependency": {"Created": ANYONE, "Done": NOBODY, "PendingDecomposition": ANYONE, **ASIDE},
    "Quarantined": {"Created": OVERRIDER, "Cancelled": MANAGER},
    "Done": {"Archived": ANYONE, "Created": ANYONE},
    "Cancelled": {"Archived": ANYONE, "Created": ANYONE},
    "Archived": {},
}

REASON_NEEDED = {("Quarantined", "Created"), ("Done", "Created"), ("Cancelled", "Created")}

RUNNING = {"InProgress", "Blocked"}
SUSPENDED = {"Review", "PendingHandoff"}
CLOSED = {"Done", "Archived", "Cancelled"}
SET_BY_HAND = {"WaitingForDependency", "PendingDecomposition", "PendingHandoff"}
