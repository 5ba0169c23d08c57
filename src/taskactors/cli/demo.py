"""taskactors demo: a real server and six agents work a plan."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from .errors import CliError


def run_words(words: Sequence[str]) -> int:
    """The demo reads its own arguments."""
    try:
        demo = import_module("taskactors.demo")
    except ImportError as error:
        raise CliError(f"the demo cannot be loaded ({error})", "install taskactors with all its dependencies") from None
    return int(demo.main(list(words)))
