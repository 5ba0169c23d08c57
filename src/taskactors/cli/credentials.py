"""Credentials: the token that a command of ours shows to a server, found without being asked for."""

from __future__ import annotations

import os

LOCAL_FILE = "local.token"
TOKEN_VARIABLE = "TASKACTORS_TOKEN"


def token_for(data_folder: str | None) -> str | None:
    """The token in $TASKACTORS_TOKEN, else that of the person here for the server of this data folder; None when there is neither."""
    if named := os.environ.get(TOKEN_VARIABLE, "").strip():
        return named
    if data_folder is None:
        return None
    try:
        with open(os.path.join(data_folder, LOCAL_FILE), encoding="ascii") as file:
            return file.read(1024).strip() or None
    except (OSError, UnicodeDecodeError):
        return None
