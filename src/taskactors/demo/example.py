"""The plan that is worked when none is named: the example of the documentation, which an installed package has with it."""

from pathlib import Path

NAME = "team.toml"


def example_plan() -> Path:
    """Its file, in the package or, in a checkout, in docs/examples."""
    packaged = Path(__file__).with_name(NAME)
    return packaged if packaged.is_file() else Path(__file__).parents[3] / "docs" / "examples" / NAME
