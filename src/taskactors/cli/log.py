"""taskactors log, and log.sh: one line from one role to another, noted, printed, and delivered now or later."""

from __future__ import annotations

import os
import sys
import time

from .errors import FAILED, CliError, NoServer
from .escaping import escaped
from .logline import LogLine, one_line, parse
from .place import Place, at, in_repository, meant, new_data_folder
from .server import agent_here, connected, notes_of, project_here, reached, url_here
from .spool import Outcome, deliver, keep

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from .address import Address

COORDINATION_LOG = "coordination.log"
ANSWER_WITHIN_S = 5.0
"""Whoever logs goes on working; a server that needs longer gets the line with the next one."""

ESCAPES = {**{number: f"\\u{number:04x}" for number in range(32)}, ord('"'): '\\"', ord("\\"): "\\\\"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from .arguments import add_server_arguments

    add_server_arguments(parser)
    parser.add_argument("line", nargs="+", help='as in "BACKEND → QA: schema is ready"')


def run(arguments: argparse.Namespace) -> int:
    return log(" ".join(arguments.line), arguments.url, arguments.project, arguments.agent, arguments.json)


def run_words(words: Sequence[str]) -> int | None:
    """The usual case, in which the parser's time is saved; None when there are options."""
    if not words or any(word.startswith("-") and not word.startswith("->") for word in words):
        return None
    return log(" ".join(words))


def from_script(beside: str, words: Sequence[str]) -> int:
    """What log.sh runs: `taskactors log` for the project it was called in, else for the one that the script is in."""
    from .commands import run as run_command

    if url_here(None) is None and meant(None, os.getcwd()) is None and (meant(None, beside) or not in_repository(os.getcwd())):
        os.chdir(beside)
    return run_command(["log", *words])


def log(line: str, url: str | None = None, project: str | None = None, agent: str | None = None, as_json: bool = False) -> int:
    """Note, print and deliver a line. Returns 0 also when it is only kept, and 1 when it was refused or could not be noted."""
    line = _as_utf8(line)
    said = parse(line)
    where = _where(url)
    notes = notes_of(where)
    kept = _params(said, project or where.project or project_here(), agent or where.agent or agent_here())
    _keep(notes, kept)
    stamped = f"[{time.strftime('%H:%M:%S')}] {escaped(one_line(line))}"
    unwritten = _append(os.path.join(_beside(where), COORDINATION_LOG), stamped + "\n")
    outcome = _deliver(where, notes)
    if as_json:
        from .shown import show_json

        show_json({"line": stamped, "to": said.to, "delivered": kept not in outcome.refused and outcome.kept_because is None})
    else:
        print(stamped)
    _report(outcome, unwritten)
    return FAILED if kept in outcome.refused or unwritten else 0


def _as_utf8(line: str) -> str:
    """Arguments arrive in whatever encoding the locale names; what was typed is nearly always UTF-8."""
    return os.fsencode(line).decode("utf-8", "replace")


def _where(url: str | None) -> Place | Address:
    try:
        return reached(url)
    except NoServer:
        # An address that makes no sense is no reason to lose the line.
        return at(new_data_folder(os.getcwd()))


def _beside(where: Place | Address) -> str:
    """The folder of the project: the one that the server's data is in, if that is here."""
    return os.path.dirname(where.data if isinstance(where, Place) else new_data_folder(os.getcwd()))


def _params(said: LogLine, project: str, agent: str | None) -> bytes:
    """The message as it is kept and sent; its key is made with it, so that however often it is sent it is told once."""
    # By hand, since loading a JSON encoder takes longer than all else that a log line needs.
    fields = {"to": said.to, "content": said.text, "message_type": "log", "idempotency_key": f"log-{os.urandom(16).hex()}"}
    speaker = None
    if said.role is not None:
        # Sent by the person here on the role's behalf, whoever else this shell speaks as.
        fields["from_role"] = said.role
    else:
        speaker = said.agent or agent
    around = {"project": project, **({"agent": speaker} if speaker else {})}
    return f"{_object(fields)[:-1]},{_quoted('_')}:{_object(around)}}}".encode()


def _object(fields: dict[str, str]) -> str:
    return "{" + ",".join(f"{_quoted(name)}:{_quoted(value)}" for name, value in fields.items()) + "}"


def _quoted(text: str) -> str:
    return f'"{text.translate(ESCAPES)}"'


def _keep(notes: str, kept: bytes) -> None:
    try:
        keep(notes, kept)
    except OSError as error:
        raise CliError(
            f"the line could not be kept in {notes}: {error.strerror}", "make that folder yours to write, or name another with --url"
        ) from None


def _append(path: str, text: str) -> str:
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return f"{path} was not written: {error.strerror}"
    return ""


def _deliver(where: Place | Address, notes: str) -> Outcome:
    try:
        server = connected(where, ANSWER_WITHIN_S)
    except NoServer as none:
        return Outcome(kept_because=none)
    try:
        return deliver(notes, lambda line: server.tell("send_message", line))
    finally:
        server.close()


def _report(outcome: Outcome, unwritten: str) -> None:
    told: list[CliError] = list(outcome.refused.values())
    if outcome.kept_because is not None:
        told.append(
            CliError(f"not delivered yet: {outcome.kept_because.cause}", "the line is kept and will be delivered with the next one")
        )
    if unwritten:
        told.append(CliError(unwritten, "the message itself does not depend on it"))
    for each in told:
        print(f"taskactors: {escaped(each.cause)}\n  {escaped(each.remedy)}", file=sys.stderr)
