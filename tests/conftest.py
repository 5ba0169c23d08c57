"""What all tests share: the option for the long regimes, how hypothesis searches in each, and where Python keeps its bytecode."""

import os
import sys

import hypothesis
import pytest
import structlog

# Every run of the suite tries the same examples, so a failure is about the change at hand; the long regime looks for new ones.
# How fast examples are made says how busy the machine is, and nothing about the code.
BUSY = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("usual", deadline=None, derandomize=True, print_blob=True, suppress_health_check=BUSY)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2_000, print_blob=True, suppress_health_check=BUSY)


# Tracebacks as a server writes them: drawn for a terminal, with every local in them, one takes seconds.
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long too, and let hypothesis search for new examples")


def pytest_configure(config: pytest.Config) -> None:
    # Each server, command and test process is a Python of its own. Where a machine forbids to keep bytecode, or an installer makes
    # none, each would first compile all that it imports: more work than most tests. Here it is in nobody's way.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    kept = os.environ.setdefault("PYTHONPYCACHEPREFIX", str(config.rootpath / ".pytest_cache" / "bytecode"))
    sys.dont_write_bytecode, sys.pycache_prefix = False, kept
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "usual")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    unasked = pytest.mark.skip(reason="a long regime: runs with --long")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(unasked)
