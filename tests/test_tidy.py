"""The tree keeps its own rules; and every rule is shown to see a planted fault, since one that sees nothing guards nothing."""

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests import tidiness

ROOT = Path(__file__).parent.parent

MAY_CATCH_EVERYTHING = {
    "src/taskactors/runtime/": "turns whatever an actor raises into an answer, a restart or a report",
    "src/taskactors/storage/transaction.py": "the unit boundary: one bad unit never spoils the batch",
    "src/taskactors/actors/store.py": "the unit boundary: a bug in one unit is answered to its caller alone",
    "src/taskactors/actors/seat.py": "the edge of one project: its end must not reach its neighbours",
    "src/taskactors/transports/websocket.py": "the edge of one connection: its end must not reach the others",
    "src/taskactors/transports/http_guards.py": "the edge of one connection: its end must not reach the others",
    "src/taskactors/mcp_server/peer.py": "the edge that answers a client: it must hear something",
    "src/taskactors/mcp_server/dispatcher.py": "the edge that answers a client: it must hear something",
    "src/taskactors/transports/rpc.py": "the edge that answers a client: it must hear something",
    "src/taskactors/transports/control.py": "the edge that answers a client: it must hear something",
}


def files_of_the_project() -> list[str]:
    """Every file that git tracks or would, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return sorted(path for path in set(listed.stdout.split("\0")) if path and (ROOT / path).is_file())


FILES = files_of_the_project()
PYTHON = [path for path in FILES if path.endswith(".py") or path == "run"]
OURS = [path for path in PYTHON if path.startswith("src/")]
TESTS = [path for path in PYTHON if path.startswith("tests/")]
LOCKS = [path for path in FILES if path.endswith((".lock", "package-lock.json"))]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def tree_of(path: str) -> ast.Module:
    return ast.parse(text_of(path), path)


def conftests_above(path: str) -> tuple[ast.Module, ...]:
    folders = Path(path).parents
    return tuple(tree_of(str(folder / "conftest.py")) for folder in folders if (ROOT / folder / "conftest.py").is_file())


def found_in(paths: Iterable[str], rule: Callable[[str], Iterable[str]]) -> list[str]:
    return [f"{path}:{finding}" for path in paths for finding in rule(path)]


def refuse(findings: list[str]) -> None:
    assert not findings, "\n" + "\n".join(findings)


def test_no_function_is_too_long() -> None:
    refuse(found_in(PYTHON, lambda path: tidiness.long_functions(tree_of(path))))


def test_no_file_is_too_long() -> None:
    readable = [path for path in FILES if path.endswith((".py", ".sh", ".mjs", ".js", ".ts")) or path in {"run", ".ci/run"}]
    refuse(found_in(readable, lambda path: tidiness.long_file(text_of(path))))


def test_every_file_and_folder_is_named_for_what_it_owns() -> None:
    refuse(found_in(FILES, tidiness.banned_name))


def test_every_module_says_what_it_owns() -> None:
    refuse(found_in(OURS, lambda path: tidiness.undescribed_module(tree_of(path))))


def test_nothing_is_left_for_later() -> None:
    refuse(found_in([path for path in FILES if path not in LOCKS], lambda path: tidiness.unfinished(text_of(path))))


def test_nothing_is_tied_to_one_machine() -> None:
    refuse(found_in(FILES, lambda path: tidiness.tied_to_one_machine(text_of(path))))


def test_only_the_named_edges_catch_every_exception() -> None:
    guarded = [path for path in PYTHON if not path.startswith(tuple(MAY_CATCH_EVERYTHING))]
    refuse(found_in(guarded, lambda path: tidiness.blind_handlers(tree_of(path))))


def test_every_place_that_may_catch_everything_does() -> None:
    catching = {finding.partition(":")[0] for finding in found_in(OURS, lambda path: tidiness.blind_handlers(tree_of(path)))}
    assert [place for place in MAY_CATCH_EVERYTHING if not any(path.startswith(place) for path in catching)] == []


def test_no_test_is_skipped_or_expected_to_fail_without_a_reason() -> None:
    refuse(found_in(TESTS, lambda path: tidiness.unexplained_skips(tree_of(path))))


def test_no_test_waits_on_the_real_clock() -> None:
    refuse(found_in(TESTS, lambda path: tidiness.real_sleeps(tree_of(path), conftests_above(path))))


def test_what_starts_with_an_interpreter_may_be_run_and_nothing_else() -> None:
    wrong = [path for path in FILES if os.access(ROOT / path, os.X_OK) != (ROOT / path).read_bytes().startswith(b"#!")]
    assert wrong == []


def test_the_commands_of_the_readme_are_there_to_run() -> None:
    assert [path for path in ("run", "log.sh", ".ci/run") if not os.access(ROOT / path, os.X_OK)] == []


def test_the_generated_pages_are_fresh() -> None:
    checked = subprocess.run([sys.executable, "-m", "docs.generate", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def lines(count: int) -> str:
    return "".join(f"    x = {number}\n" for number in range(count))


FAULTS: dict[str, tuple[Callable[[ast.Module], Iterable[str]], str]] = {
    "a function of 71 lines": (tidiness.long_functions, "def f():\n" + lines(70)),
    "an async method of 71 lines": (
        tidiness.long_functions,
        "class C:\n    async def f(self):\n" + lines(70).replace("    x", "        x"),
    ),
    "a module without a docstring": (tidiness.undescribed_module, "x = 1"),
    "a bare except": (tidiness.blind_handlers, "try: f()\nexcept: pass"),
    "except Exception": (tidiness.blind_handlers, "try: f()\nexcept Exception as e: g(e)"),
    "except BaseException that raises another": (tidiness.blind_handlers, "try: f()\nexcept BaseException: raise ValueError"),
    "except among others": (tidiness.blind_handlers, "try: f()\nexcept (OSError, Exception): pass"),
    "a group handler": (tidiness.blind_handlers, "try: f()\nexcept* Exception: pass"),
    "a suppressed Exception": (tidiness.blind_handlers, "with contextlib.suppress(Exception): f()"),
    "a bare skip": (tidiness.unexplained_skips, "@pytest.mark.skip\ndef test(): f()"),
    "skipif without a reason": (tidiness.unexplained_skips, "@pytest.mark.skipif(True)\ndef test(): f()"),
    "xfail with an empty reason": (tidiness.unexplained_skips, "@pytest.mark.xfail(reason=' ')\ndef test(): f()"),
    "skip() within a test": (tidiness.unexplained_skips, "def test(): pytest.skip()"),
    "time.sleep, clock or not": (tidiness.real_sleeps, "def test(autojump_clock): time.sleep(1)"),
    "trio.sleep in a test without the clock": (tidiness.real_sleeps, "async def test(): await trio.sleep(1)"),
    "trio.sleep beside a test with the clock": (
        tidiness.real_sleeps,
        "def test_a(autojump_clock): f()\nasync def test_b(): await trio.sleep(1)",
    ),
    "trio.sleep in what only such tests use": (tidiness.real_sleeps, "async def f(): await trio.sleep(1)\nasync def test(): await f()"),
    "sleep under its own name": (tidiness.real_sleeps, "from trio import sleep as rest\nasync def test(): await rest(1)"),
}

FINE: dict[str, tuple[Callable[[ast.Module], Iterable[str]], str]] = {
    "a function of 70 lines": (tidiness.long_functions, "def f():\n" + lines(69)),
    "an empty module": (tidiness.undescribed_module, ""),
    "cleaning up and raising on": (tidiness.blind_handlers, "try: f()\nexcept BaseException:\n    g()\n    raise"),
    "a handler of something": (tidiness.blind_handlers, "try: f()\nexcept (OSError, ValueError): pass"),
    "a skip that says why": (tidiness.unexplained_skips, "@pytest.mark.skipif(True, reason='no disk')\ndef test(): pytest.skip('no disk')"),
    "a sleep on the jumping clock": (tidiness.real_sleeps, "async def test(autojump_clock): await trio.sleep(1)"),
    "a sleep on a clock of one's own": (
        tidiness.real_sleeps,
        "def test(): trio.run(f, clock=MockClock())\nasync def f(): await trio.sleep(1)",
    ),
    "a sleep on a clock that a fixture brings": (
        tidiness.real_sleeps,
        "@pytest.fixture\ndef a(autojump_clock): ...\n@pytest.fixture\ndef b(a): ...\nasync def test(b): await trio.sleep(1)",
    ),
    "letting others run": (tidiness.real_sleeps, "async def test(): await trio.sleep(0)"),
}

PLANTED_TEXT: dict[str, tuple[Callable[[str], Iterable[str]], str]] = {
    "a file of 501 lines": (tidiness.long_file, "\n" * 501),
    "a name that says nothing": (tidiness.banned_name, "src/taskactors/utils/time.py"),
    "a module that says nothing": (tidiness.banned_name, "src/taskactors/board/_helpers.py"),
    "work left undone": (tidiness.unfinished, "# TO" + "DO: later"),
    "a path of one machine": (tidiness.tied_to_one_machine, "open('/wo" + "rk/main/x')"),
    "a path of one machine's user": (tidiness.tied_to_one_machine, "see /ro" + "ot/.config"),
    "a folder for all": (tidiness.tied_to_one_machine, 'data = "/tm' + 'p"'),
    "a package index": (tidiness.tied_to_one_machine, "https://files.python" + "hosted.org/x"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str) -> None:
    rule, source = FAULTS[fault]
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize("fine", FINE)
def test_what_is_fine_is_left_alone(fine: str) -> None:
    rule, source = FINE[fine]
    assert list(rule(ast.parse(source))) == []


@pytest.mark.parametrize("fault", PLANTED_TEXT)
def test_a_fault_planted_in_text_is_seen(fault: str) -> None:
    rule, text = PLANTED_TEXT[fault]
    assert list(rule(text))


def report() -> None:
    """Print what is longer than wanted; nobody has to do anything about it."""
    longer = found_in(PYTHON, lambda path: tidiness.long_functions(tree_of(path), tidiness.WANTED_FUNCTION_LINES))
    longer += found_in(PYTHON, lambda path: tidiness.long_file(text_of(path), tidiness.WANTED_FILE_LINES))
    for finding in longer:
        print("longer than wanted:", finding.replace("are allowed", "are wanted"))


if __name__ == "__main__":
    report()
