"""What log lines mean."""

import string

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from taskactors.cli import logline
from taskactors.cli.errors import Usage
from taskactors.cli.logline import LONGEST_TEXT, parse
from taskactors.domain.agent import RESERVED_NAMES, ROLES
from taskactors.domain.codes import agent_name_problem

# line: to, content, role, agent
LINES: dict[str, tuple[str, str, str | None, str | None]] = {
    "BACKEND → QA: schema is ready": ("role:qa", "schema is ready", "backend", None),
    "BACKEND -> QA: schema is ready": ("role:qa", "schema is ready", "backend", None),
    "BACKEND â†’ QA: schema is ready": ("role:qa", "schema is ready", "backend", None),
    "backend→qa:schema is ready": ("role:qa", "schema is ready", "backend", None),
    "  Backend  →  Qa :  schema is ready  ": ("role:qa", "schema is ready", "backend", None),
    "ARCHITECT → DATABASE: x": ("role:database", "x", "architect", None),
    "DATABASE → DOCS: x": ("role:docs", "x", "database", None),
    "DOCS → ARCHITECT: x": ("role:architect", "x", "docs", None),
    "QA → MCP-INTEGRATOR: x": ("role:mcp-integrator", "x", "qa", None),
    "QA → mcp_integrator: x": ("role:mcp-integrator", "x", "qa", None),
    "MCP INTEGRATOR → QA: x": ("role:qa", "x", "mcp-integrator", None),
    "INTEGRATOR → MCP: x": ("role:mcp-integrator", "x", "mcp-integrator", None),
    "QA → TEAM: x": ("all", "x", "qa", None),
    "QA → all: x": ("all", "x", "qa", None),
    "QA → role:docs: x": ("role:docs", "x", "qa", None),
    "QA → ada: x": ("ada", "x", "qa", None),
    "QA → Backend-2: x": ("backend-2", "x", "qa", None),
    "ada → bob: x": ("bob", "x", None, "ada"),
    "TEAM → QA: x": ("role:qa", "TEAM → QA: x", None, None),
    "QA → DOCS: a → b: c": ("role:docs", "a → b: c", "qa", None),
    "QA → DOCS: https://example.org/x": ("role:docs", "https://example.org/x", "qa", None),
    "QA → DOCS: line one\nline two": ("role:docs", "line one line two", "qa", None),
    "schema is ready": ("all", "schema is ready", None, None),
    "moved a -> b: done": ("all", "moved a -> b: done", None, None),
    "note: a -> b: c": ("all", "note: a -> b: c", None, None),
    "BACKEND → QA without a colon": ("all", "BACKEND → QA without a colon", None, None),
    "-> QA: from nobody": ("all", "-> QA: from nobody", None, None),
    "päckchen ✓ 世界": ("all", "päckchen ✓ 世界", None, None),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_means(line: str) -> None:
    said = parse(line)
    assert (said.to, said.text, said.role, said.agent) == LINES[line]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "\n\n",
        "BACKEND → QA:",
        "BACKEND → QA:   ",
        "BACKEND → : x",
        "BACKEND → Bob Smith: x",
        "BACKEND → bob_1: x",
        "BACKEND → -bob: x",
        "BACKEND → bob--1: x",
        "BACKEND → local: x",
        "BACKEND → role:pilot: x",
        "BACKEND → " + "b" * 51 + ": x",
        "Ünal → QA: x",
        "local → QA: x",
        "BACKEND → QA: " + "x" * LONGEST_TEXT,
    ],
)
def test_a_line_that_cannot_be_sent_is_refused_with_what_to_do(line: str) -> None:
    with pytest.raises(Usage) as no:
        parse(line)
    assert no.value.remedy


def test_a_line_of_the_longest_text_is_taken() -> None:
    assert len(parse("x" * LONGEST_TEXT).text) == LONGEST_TEXT


def test_every_role_has_its_word() -> None:
    assert set(logline.ROLE_WORDS.values()) == set(ROLES)


@given(st.text(string.ascii_lowercase + string.digits + "-_.é", min_size=1, max_size=8) | st.sampled_from(sorted(RESERVED_NAMES)))
def test_the_names_of_agents_are_those_of_the_board(name: str) -> None:
    assume(name.replace("_", "-").upper() not in (*logline.ROLE_WORDS, *logline.EVERYBODY))
    try:
        taken = parse(f"QA → {name}: x").to == name
    except Usage:
        taken = False
    assert taken == (agent_name_problem(name) is None)


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(line: str) -> None:
    try:
        said = parse(line)
    except Usage:
        return
    assert said.text.strip()
    assert "\n" not in said.text
