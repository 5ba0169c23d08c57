"""Names: what a code, a prefix and an agent may be called, at and beyond every limit."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.agent import RESERVED_NAMES, ROLES, provisional, role_of_name
from taskactors.domain.codes import CODE_LENGTHS, agent_name_problem, code_problem, is_prefix, numbered


@pytest.mark.parametrize("code", ["ARCH-01", "a-b", "A1b", "x" + "9" * 19, "SEC", "a", "Z" * 16, "a-1-b-2"])
def test_a_good_code_or_prefix_is_taken(code: str) -> None:
    assert code_problem(code) is None


@pytest.mark.parametrize(
    "code",
    ["", "A1", "1AB", "-AB", "AB-", "A--B", "A_B", "A B-1", "x" + "9" * 20, "Z" * 17, "ÄÖÜ-1", "ÄÖÜ", "A-1\n", "A-\x00", "A-1 ", "А-1"],
)
def test_a_bad_one_is_refused(code: str) -> None:
    assert code_problem(code)


def test_letters_alone_are_a_prefix_and_anything_else_is_a_code() -> None:
    assert is_prefix("SEC")
    assert is_prefix("s")
    assert not any(map(is_prefix, ["SEC-1", "SEC1", "", "Z" * 17, "SEC\n"]))


@given(st.text(string.ascii_letters, min_size=1, max_size=16), st.integers(1, 999))
def test_every_number_of_a_series_is_a_good_code(prefix: str, number: int) -> None:
    code = numbered(prefix, number)
    assert code_problem(code) is None
    assert not is_prefix(code)
    assert code == f"{prefix.upper()}-{number:03d}"


def promised(code: str) -> bool:
    """Letter first, then letters, digits and hyphens, never two hyphens in a row nor one at the end, 3 to 20 characters."""
    letters, rest = string.ascii_letters, string.ascii_letters + string.digits + "-"
    return (
        CODE_LENGTHS[0] <= len(code) <= CODE_LENGTHS[1]
        and code[0] in letters
        and all(each in rest for each in code)
        and "--" not in code
        and not code.endswith("-")
    )


@given(st.text("aZ09-_ é", max_size=22))
def test_a_whole_code_is_good_exactly_when_it_is_as_promised(code: str) -> None:
    if not code.isalpha():
        assert (code_problem(code) is None) == promised(code)


@pytest.mark.parametrize("name", ["a", "0", "ada", "backend-2", "a-b-c", "x" * 50, *ROLES])
def test_a_good_agent_name_is_taken(name: str) -> None:
    assert agent_name_problem(name) is None


@pytest.mark.parametrize(
    "name", ["", "Ada", "-a", "a-", "a--b", "---", "a b", "a_b", "x" * 51, "role:qa", "a:b", "é", "ada\n", "../x", *sorted(RESERVED_NAMES)]
)
def test_a_bad_one_or_one_that_means_somebody_else_is_refused(name: str) -> None:
    assert agent_name_problem(name)


@given(st.text("aZ0-: ", max_size=52))
def test_whatever_is_taken_is_kebab_case(name: str) -> None:
    if agent_name_problem(name) is None:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert len(name) <= 50


def test_a_name_seen_for_the_first_time_gets_the_role_of_that_name_or_backend() -> None:
    assert [role_of_name(role) for role in ROLES] == list(ROLES)
    newcomer = provisional("ada", 5)
    assert (newcomer.role, newcomer.provisional, newcomer.capabilities) == ("backend", True, ())
