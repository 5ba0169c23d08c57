"""Log lines: one line from one role to another, kept until a server takes it. Runs as a script of its own for log.sh."""

import json
import os
import re
import sys
import time
import uuid
from pathlib import Path
from typing import Any

ARROWS = re.compile(r"\s*(?:→|->|â†’)\s*")
HEADER = re.compile(r"(?P<names>[^:]{1,120}):\s*(?P<text>.*)", re.DOTALL)
ROLE_WORDS = {
    "ARCHITECT": "architect",
    "BACKEND": "backend",
    "DATABASE": "database",
    "MCP-INTEGRATOR": "mcp-integrator",
    "MCP_INTEGRATOR": "mcp-integrator",
    "INTEGRATOR": "mcp-integrator",
    "MCP": "mcp-integrator",
    "QA": "qa",
    "DOCS": "docs",
}
EVERYBODY = ("TEAM", "ALL")
SPOOL = "log-spool.jsonl"
COORDINATION_LOG = "coordination.log"


def parse(line: str) -> dict[str, Any]:
    """The message that a line means: `BACKEND → QA: text` goes from one role to another, a line without an arrow to all."""
    header = HEADER.fullmatch(line.strip())
    names = ARROWS.split(header["names"].strip(), maxsplit=1) if header else []
    if header is None or len(names) != 2 or not header["text"].strip():
        return {"to": "all", "content": line.strip(), "message_type": "log"}
    sender, to = names
    message = {"to": _address(to), "content": header["text"].strip(), "message_type": "log"}
    if sender.upper() in ROLE_WORDS:
        message["from_role"] = ROLE_WORDS[sender.upper()]
    else:
        message["content"] = f"{sender}: {message['content']}"
    return message


def _address(to: str) -> str:
    word = to.strip().upper()
    if word in EVERYBODY:
        return "all"
    return f"role:{ROLE_WORDS[word]}" if word in ROLE_WORDS else to.strip().lower()


def log(line: str, call: Any, data: Path) -> str:
    """Note a line in the coordination log, then deliver it and everything kept before it, in order.

    `call` is the server's, or None when there is none: the line is then kept for the next time. Each is delivered once,
    under a key made when it was written. Returns what the person is told beside the line itself.
    """
    stamped = f"[{time.strftime('%H:%M:%S')}] {line}"
    _append(data.parent / COORDINATION_LOG, stamped + "\n")
    print(stamped)
    spool = data / SPOOL
    _append(spool, json.dumps({"idempotency_key": f"log-{uuid.uuid4().hex}", **parse(line)}) + "\n")
    return deliver(spool, call) if call is not None else "no server is running; the line is kept and will be delivered with the next one"


def deliver(spool: Path, call: Any) -> str:
    """Send what is kept, oldest first, and keep the rest when the server goes away. A line it refuses is dropped, and told of."""
    taken = spool.with_name(f"{spool.name}.{os.getpid()}")
    try:
        spool.rename(taken)
    except FileNotFoundError:
        return ""
    told: list[str] = []
    lines = taken.read_text(encoding="utf-8").splitlines()
    while lines:
        message = json.loads(lines[0])
        try:
            call("send_message", **message)
        except ConnectionError as gone:
            told.append(f"the server went away ({gone}); {len(lines)} lines are kept")
            break
        except ValueError as refused:
            told.append(f"not delivered: {refused}")
        lines.pop(0)
    if lines:
        later = spool.read_text(encoding="utf-8") if spool.exists() else ""
        _append_whole(spool, "\n".join(lines) + "\n" + later)
    taken.unlink()
    return "; ".join(told)


def _append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _append_whole(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    # Beside its package, so that log.sh needs nothing installed.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from taskactors.cli import main

    sys.exit(main(["log", *sys.argv[1:]]))
