"""Command ids: what a command's events go by, random so that no two are ever the same, over all starts of all servers."""

import secrets
from collections.abc import Iterator

ID_BYTES = 8

AT_ONCE = 512
"""Ids drawn from the system in one go: to ask it costs as much as to check a call."""


def command_ids() -> Iterator[str]:
    """New ones, for ever."""
    while True:
        drawn = secrets.token_hex(AT_ONCE * ID_BYTES)
        for at in range(0, len(drawn), 2 * ID_BYTES):
            yield drawn[at : at + 2 * ID_BYTES]
