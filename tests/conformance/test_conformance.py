"""The official suite: a core of it in both eras, with a control. The whole of it is a session of its own."""

from collections.abc import Iterator

import pytest

from tests.conformance.judging import judged, under_test

MODERN, LEGACY = ("--spec-version", "2026-07-28"), ("--spec-version", "2025-11-25")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with every fixture, one of them broken."""
    with under_test("--broken") as served:
        yield served


@pytest.mark.parametrize(
    ("scenario", "era"),
    [("server-stateless", MODERN), ("dns-rebinding-protection", MODERN), ("server-initialize", LEGACY), ("tools-call-image", LEGACY)],
)
def test_the_product_with_the_suites_fixtures_passes_each_scenario_of_the_core(url: str, scenario: str, era: tuple[str, ...]) -> None:
    verdict = judged(url, "--scenario", scenario, *era)
    assert verdict.passed, verdict.failures or verdict.printed
    assert verdict.scenarios == 1


@pytest.mark.parametrize("era", [MODERN, LEGACY])
def test_the_broken_fixture_fails_its_scenario_so_that_the_others_mean_something(url: str, era: tuple[str, ...]) -> None:
    verdict = judged(url, "--scenario", "tools-call-simple-text", *era)
    assert not verdict.passed
    assert verdict.exit_code == 1
    assert any("tools-call-simple-text" in failure for failure in verdict.failures)


def test_a_server_that_is_not_there_passes_nothing() -> None:
    assert not judged("http://127.0.0.1:1/mcp", "--scenario", "server-initialize", *LEGACY).passed
