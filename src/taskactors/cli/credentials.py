"""Credentials: the token that a command of ours shows to a server, found without being asked for."""

from __future__ import annotations

import os

from .errors import CliError

LOCAL_FILE = "local.token"
TOKEN_VARIABLE = "TASKACTORS_TOKEN"


def token_for(data_folder: str | None) -> str | None:
    """The token in $TASKACTORS_TOKEN, else that of the person here for the server of this data folder; None when there is neither.

    Raises CliError for what can be no token: the libraries below would repeat it in their complaint.
    """
    if named := os.environ.get(TOKEN_VARIABLE, "").strip():
        return whole(named, TOKEN_VARIABLE)
    if data_folder is None:
        return None
    try:
        with open(os.path.join(data_folder, LOCAL_FILE), encoding="ascii") as file:
            found = file.read(1024).strip()
    except (OSError, UnicodeDecodeError):
        return None
    return whole(found, LOCAL_FILE) if found else None


def whole(token: str, where: str) -> str:
    """The token, if it can be one. Raises CliError."""
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise CliError(f"what {where} holds is no token", "make one with `taskactors token add NAME`")
    return token
