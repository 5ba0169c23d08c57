"""The rules of tidiness: each looks at one file and says, line by line, what it finds against the rule."""

import ast
import re
from collections.abc import Iterator

MAX_FUNCTION_LINES = 70
WANTED_FUNCTION_LINES = 40
MAX_FILE_LINES = 500
WANTED_FILE_LINES = 300

BANNED_NAMES = frozenset({"base", "common", "helper", "helpers", "manager", "managers", "misc", "service", "services", "util", "utils"})

# Spelled so that this file does not break its own rules.
_UNFINISHED = re.compile("|".join(rf"\b{first}{rest}\b" for first, rest in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"))))
_HOST_PATH = re.compile(r"(?<![\w./<-])/(" + "|".join(("wo" + "rk", "ro" + "ot", "tm" + "p", "ho" + "me")) + r")(?=/|\W|$)")
_REGISTRY = re.compile("|".join(re.escape(host) for host in ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com")))

_CLOCKS = frozenset({"autojump_clock", "mock_clock", "MockClock"})
_SLEEPS = frozenset({"sleep", "sleep_until"})
_SLEEPERS = frozenset({"trio", "time", "asyncio", "anyio"})
_UNRUN = frozenset({"skip", "skipif", "xfail", "importorskip"})

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def long_functions(tree: ast.Module, limit: int = MAX_FUNCTION_LINES) -> Iterator[str]:
    """Functions of more lines than the limit, from `def` to their end."""
    for node in ast.walk(tree):
        if isinstance(node, type_of_function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > limit:
                yield f"{node.lineno}: {node.name} has {lines} lines; {limit} are allowed"


def long_file(text: str, limit: int = MAX_FILE_LINES) -> Iterator[str]:
    lines = text.count("\n")
    if lines > limit:
        yield f"1: {lines} lines; {limit} are allowed"


def banned_name(path: str) -> Iterator[str]:
    """A file or folder whose name says nothing about what is in it."""
    for part in path.split("/"):
        if part.removesuffix(".py").strip("_") in BANNED_NAMES:
            yield f"1: a file or folder named {part} says nothing; name it for what it owns"


def undescribed_module(tree: ast.Module) -> Iterator[str]:
    """A module with anything in it says in its docstring what it owns."""
    if tree.body and not ast.get_docstring(tree):
        yield "1: no docstring says what this module owns"


def unfinished(text: str) -> Iterator[str]:
    """Notes to do something later; later has a list of its own, outside the code."""
    yield from _lines_with(_UNFINISHED, text, "is work left undone")


def tied_to_one_machine(text: str) -> Iterator[str]:
    """Paths of one machine, and hosts that packages happen to come from."""
    yield from _lines_with(_HOST_PATH, text, "is a path of one machine")
    yield from _lines_with(_REGISTRY, text, "is a host that not everybody installs from")


def blind_handlers(tree: ast.Module) -> Iterator[str]:
    """Handlers of every exception that do not raise it again, and the suppression of every exception."""
    for node in ast.walk(tree):
        match node:
            case ast.ExceptHandler(type=caught) if (caught is None or _is_any_exception(caught)) and not _ends_with_raise(node):
                yield f"{node.lineno}: catches every exception"
            case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress"), args=args) if any(map(_is_any_exception, args)):
                yield f"{node.lineno}: suppresses every exception"


def _is_any_exception(caught: ast.expr) -> bool:
    any_of = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"} for one in any_of)


def _ends_with_raise(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def unexplained_skips(tree: ast.Module) -> Iterator[str]:
    """Tests that are not run, or may fail, without saying why."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) as marked) if name in _UNRUN and _is_pytests(marked):
                reasons = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
                if name in {"skip", "xfail"}:
                    reasons += node.args
                if not any(_says_something(reason) for reason in reasons):
                    yield f"{node.lineno}: {name} without a reason"
            case ast.Attribute(attr=name) as marked if name in _UNRUN and _is_pytests(marked) and id(marked) not in called:
                yield f"{node.lineno}: {name} without a reason"


def _is_pytests(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) in {"pytest", "pytest.mark", "mark"}


def _says_something(reason: ast.expr) -> bool:
    return not isinstance(reason, ast.Constant) or (isinstance(reason.value, str) and bool(reason.value.strip()))


def real_sleeps(tree: ast.Module, fixtures_from: tuple[ast.Module, ...] = ()) -> Iterator[str]:
    """Sleeps that are not on the jumping clock; `fixtures_from` are the conftests that the module sees.

    A test or fixture that sleeps has the clock itself, or through a fixture; anything else that sleeps is in a module whose tests have it.
    `time.sleep` knows no such clock.
    """
    clocks = _clocks_among_fixtures((*fixtures_from, tree))
    anybody_has_it = _mentions(tree, clocks)
    for outer in tree.body:
        own = _mentions(outer, clocks) if isinstance(outer, type_of_function) and _is_run_by_pytest(outer) else anybody_has_it
        for call, module in _sleeps(outer, _names_of_sleeps(tree)):
            if module == "time" or not own:
                yield f"{call.lineno}: {ast.unparse(call.func)} waits on the real clock"


def _sleeps(node: ast.AST, imported: dict[str, str]) -> Iterator[tuple[ast.Call, str]]:
    for inner in ast.walk(node):
        match inner:
            case ast.Call(args=[ast.Constant(value=0)], func=ast.Attribute(value=ast.Name(id="trio"))):
                pass  # lets others run, and waits for nothing
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if module in _SLEEPERS and name in _SLEEPS:
                yield inner, module
            case ast.Call(func=ast.Name(id=name)) if name in imported:
                yield inner, imported[name]


def _names_of_sleeps(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in _SLEEPERS:
            found.update({alias.asname or alias.name: node.module for alias in node.names if alias.name in _SLEEPS})
    return found


def _is_run_by_pytest(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return function.name.startswith("test") or any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)


def _clocks_among_fixtures(trees: tuple[ast.Module, ...]) -> frozenset[str]:
    """The clock's names, and the names of the fixtures that bring it, in however many steps."""
    fixtures = [
        node
        for tree in trees
        for node in tree.body
        if isinstance(node, type_of_function) and _is_run_by_pytest(node) and not node.name.startswith("test")
    ]
    clocks = _CLOCKS
    while more := {fixture.name for fixture in fixtures if _mentions(fixture, clocks)} - clocks:
        clocks |= more
    return clocks


def _mentions(node: ast.AST, names: frozenset[str]) -> bool:
    for inner in ast.walk(node):
        match inner:
            case ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)) if name in names:
                return True
    return False


def _lines_with(pattern: re.Pattern[str], text: str, what: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := pattern.search(line):
            yield f"{number}: {found.group().strip()} {what}"
