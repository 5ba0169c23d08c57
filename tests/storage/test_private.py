"""Privacy: what is made is its owner's alone whatever the umask is, and what has become wider is named and refused."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskactors.storage.errors import OpenToOthers
from taskactors.storage.private import make_private, require_private, write_private


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder as a server makes it."""
    make_private(tmp_path / "data" / "projects" / "default")
    write_private(tmp_path / "data" / "projects" / "default" / "data.mdb", b"x")
    write_private(tmp_path / "data" / "local.token", b"x")
    (tmp_path / "data" / "server.json").write_text("{}")
    return tmp_path / "data"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_and_the_way_to_it_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / each) for each in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(0o755)
    make_private(tmp_path / "a" / "b")
    make_private(tmp_path / "a")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o755, 0o700)


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            make_private(folder)


def test_a_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    write_private(tmp_path / "a", b"one")
    write_private(tmp_path / "a", b"2")
    assert (mode(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (0o600, b"2")


def test_a_data_folder_as_it_is_made_is_private(data: Path) -> None:
    require_private(data)


def test_a_folder_that_others_may_only_look_into_is_private_as_long_as_nothing_of_weight_is_to_be_seen(data: Path) -> None:
    data.chmod(0o755)
    require_private(data)
    (data / "projects" / "default" / "data.mdb").chmod(0o644)
    require_private(data)


@pytest.mark.parametrize(
    ("widened", "named"),
    [
        ({".": 0o755, "local.token": 0o640}, "local.token"),
        ({".": 0o755, "local.token": 0o604}, "local.token"),
        ({".": 0o770}, "."),
        ({".": 0o702}, "."),
        ({".": 0o1777}, "."),
        ({".": 0o755, "projects": 0o755, "projects/default": 0o755, "projects/default/data.mdb": 0o644}, "projects/default/data.mdb"),
        ({".": 0o711, "projects": 0o711, "projects/default": 0o711, "projects/default/data.mdb": 0o640}, "projects/default/data.mdb"),
        ({".": 0o755, "projects": 0o777}, "projects"),
        ({".": 0o755, "projects": 0o755, "projects/default": 0o775}, "projects/default"),
    ],
)
def test_what_others_could_read_or_change_is_refused_by_name(data: Path, widened: dict[str, int], named: str) -> None:
    for name, wider in widened.items():
        (data / name).chmod(wider)
    with pytest.raises(OpenToOthers) as no:
        require_private(data)
    assert no.value.path == data / named
    assert f"chmod {'600' if no.value.path.is_file() else '700'} {data / named}" in str(no.value)
