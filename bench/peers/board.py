"""A task board on SQLite as anyone would write it: one transaction a call, on disk before it answers, one log entry each."""

import sqlite3
import time
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, state TEXT NOT NULL,
    fence INTEGER NOT NULL, summary TEXT, updated_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_by_state ON tasks (state, updated_at);
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, code TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS numbers (letters TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""


class Board:
    """Tasks that are made, claimed by one, and completed by whoever holds them."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def create(self, letters: str, name: str, description: str) -> dict[str, Any]:
        with self._change() as change:
            numbered = "INSERT INTO numbers VALUES (?, 1) ON CONFLICT (letters) DO UPDATE SET last = last + 1 RETURNING last"
            (number,) = change.execute(numbered, (letters,)).fetchone()
            code = f"{letters}-{number:03}"
            change.execute("INSERT INTO tasks VALUES (?, ?, ?, 'Created', 0, NULL, ?)", (code, name, description, time.time()))
            self._note(code, "created")
        return {"code": code, "name": name, "state": "Created"}

    def claim(self, code: str) -> dict[str, Any]:
        with self._change() as change:
            claim = "UPDATE tasks SET state = 'InProgress', fence = fence + 1, updated_at = ? WHERE code = ? AND state = 'Created'"
            taken = change.execute(claim + " RETURNING name, fence", (time.time(), code)).fetchone()
            if taken is None:
                raise ValueError(f"{code} is not there to be claimed")
            self._note(code, "claimed")
        return {"code": code, "name": taken[0], "state": "InProgress", "claim": {"fence": taken[1]}}

    def complete(self, code: str, fence: int, summary: str) -> dict[str, Any]:
        with self._change() as change:
            done = "UPDATE tasks SET state = 'Done', summary = ?, updated_at = ? WHERE code = ? AND state = 'InProgress' AND fence = ?"
            row = change.execute(done + " RETURNING name", (summary, time.time(), code, fence)).fetchone()
            if row is None:
                raise ValueError(f"{code} is not held with fence {fence}")
            self._note(code, "completed")
        return {"code": code, "name": row[0], "state": "Done"}

    def _change(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database

    def _note(self, code: str, kind: str) -> None:
        self._database.execute("INSERT INTO events (code, kind, at) VALUES (?, ?, ?)", (code, kind, time.time()))
