"""The operator's page: every metric, log line and command that it names is there, and none of ours is missing on it."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import httpx2
import pytest

from taskactors.cli.arguments import parser_of
from taskactors.cli.commands import COMMANDS
from tests.support.server_process import running

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "operations.md").read_text()
RULES = (EXAMPLES / "prometheus-rules.yml").read_text()

LEVELS = ("info", "warning", "error")
SAMPLES = re.compile(r"taskactors_\w+")


def test_every_metric_is_on_the_page_and_every_one_that_the_page_or_an_alert_names_is_there(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        told = httpx2.get(str(server.facts["http"]).replace("/mcp", "/metrics")).text
    families = set(re.findall(r"^# TYPE (taskactors_\w+)", told, re.MULTILINE))
    named = set(SAMPLES.findall(PAGE))
    assert families == named
    assert {name.removesuffix("_bucket") for name in SAMPLES.findall(RULES)} <= families


def table(after: str) -> list[list[str]]:
    """What is in backticks in the first column of the first table after a heading, row by row."""
    rows = PAGE.partition(f"\n## {after}\n")[2].partition("\n## ")[0]
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in rows.splitlines() if line.startswith("| `")]


def said_by(tree: ast.Module) -> Iterator[str]:
    """The events of a module's log lines, and what it says of a fault."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[ast.Constant(value=str(event)), *_]):
                if level in LEVELS:
                    yield event
            case ast.Call(func=ast.Name(id="internal"), args=[_, ast.Constant(value=str(event)), *_]):
                yield event


def test_every_log_line_is_on_the_page_and_every_one_on_it_is_said() -> None:
    on_the_page = {line for row in table("The log") for line in row}
    said = {event for path in (ROOT / "src").rglob("*.py") for event in said_by(ast.parse(path.read_text()))}
    assert len(said) > 30
    assert on_the_page == said


def commands() -> list[str]:
    """What the page has somebody type that is a command of ours."""
    lines = [line[2:] for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    return [line for line in lines if line.startswith("taskactors ")]


def test_the_page_has_commands() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_on_the_page_is_one_that_is_understood(line: str) -> None:
    _, name, *words = shlex.split(line.partition(" < ")[0])
    parser = parser_of(name, COMMANDS[name])
    import_module(f"taskactors.cli.{name}").add_arguments(parser)
    parser.parse_args(words)


def test_the_example_of_a_unit_is_one_and_calls_a_command_that_is_understood(tmp_path: Path) -> None:
    unit = (EXAMPLES / "taskactors.service").read_text()
    (command,) = re.findall(r"^ExecStart=\S+/taskactors (.*)$", unit, re.MULTILINE)
    name, *words = shlex.split(command)
    parser = parser_of(name, COMMANDS[name])
    import_module(f"taskactors.cli.{name}").add_arguments(parser)
    parser.parse_args(words)
    if (analyze := shutil.which("systemd-analyze")) is not None:
        # Installed nowhere here: some other program that is there stands for it.
        there = tmp_path / "taskactors.service"
        there.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit, flags=re.MULTILINE))
        done = subprocess.run([analyze, "verify", there], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_example_alerts_are_ones_that_prometheus_takes() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES)
    assert len(alerts) == len(set(alerts)) > 15
    assert RULES.count("severity:") == RULES.count("summary:") == RULES.count("expr:") == len(alerts)
    if (promtool := shutil.which("promtool")) is not None:
        for what, file in (("check", EXAMPLES / "prometheus-rules.yml"), ("test", Path(__file__).parent / "alert_tests.yml")):
            done = subprocess.run([promtool, what, "rules", str(file)], capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr
