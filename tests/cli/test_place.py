"""Which server is meant, wherever a command is run."""

import json
from pathlib import Path

import pytest

from taskactors.cli.errors import NoServer
from taskactors.cli.place import Place, at, meant, new_data_folder


def served(data: Path, **facts: object) -> Path:
    data.mkdir(parents=True)
    (data / "server.lock").touch()
    (data / "server.json").write_text(json.dumps({"ws": "ws://127.0.0.1:8765/mcp", "control": str(data / "control.sock")} | facts))
    return data


def found(url: str | None, start: Path) -> Place:
    place = meant(url, str(start))
    assert place is not None
    return place


def worktree(main: Path, linked: Path) -> None:
    git = main / ".git" / "worktrees" / linked.name
    git.mkdir(parents=True)
    linked.mkdir(parents=True)
    (linked / ".git").write_text(f"gitdir: {git}\n")


def test_the_server_of_this_folder_is_meant(project: Path) -> None:
    data = served(project / ".taskactors")
    assert (found(None, project).data, found(None, project).socket) == (str(data), str(data / "control.sock"))


def test_the_server_of_a_folder_further_up_is_meant(project: Path) -> None:
    served(project / ".taskactors")
    (project / "src" / "deep").mkdir(parents=True)
    assert found(None, project / "src" / "deep").data == str(project / ".taskactors")


def test_the_nearest_folder_decides(project: Path) -> None:
    served(project / ".taskactors")
    served(project / "inner" / ".taskactors")
    assert found(None, project / "inner").data == str(project / "inner" / ".taskactors")


def test_a_stopped_server_is_not_mistaken_for_one_further_up(project: Path) -> None:
    served(project / ".taskactors")
    (served(project / "inner" / ".taskactors") / "server.json").unlink()
    assert found(None, project / "inner").data == str(project / "inner" / ".taskactors")


def test_a_folder_that_only_keeps_lines_is_no_server(project: Path) -> None:
    served(project / ".taskactors")
    (project / "inner" / ".taskactors").mkdir(parents=True)
    assert found(None, project / "inner").data == str(project / ".taskactors")


def test_no_server_at_all_is_none(project: Path) -> None:
    assert meant(None, str(project)) is None


def test_a_linked_worktree_belongs_to_the_server_of_the_main_one(project: Path, tmp_path: Path) -> None:
    served(project / ".taskactors")
    worktree(project, tmp_path / "elsewhere" / "feature")
    (tmp_path / "elsewhere" / "feature" / "src").mkdir()
    assert found(None, tmp_path / "elsewhere" / "feature" / "src").data == str(project / ".taskactors")


def test_a_linked_worktree_with_a_server_of_its_own_keeps_it(project: Path, tmp_path: Path) -> None:
    served(project / ".taskactors")
    worktree(project, tmp_path / "feature")
    served(tmp_path / "feature" / ".taskactors")
    assert found(None, tmp_path / "feature").data == str(tmp_path / "feature" / ".taskactors")


def test_a_relative_gitdir_is_followed(project: Path, tmp_path: Path) -> None:
    served(project / ".taskactors")
    worktree(project, tmp_path / "feature")
    (tmp_path / "feature" / ".git").write_text("gitdir: ../project/.git/worktrees/feature\n")
    assert found(None, tmp_path / "feature").data == str(project / ".taskactors")


@pytest.mark.parametrize(
    "text", ["", "gitdir:", "gitdir: /nowhere/at/all", "something else", "gitdir: ../project/.git/modules/inner", "\0\xff"]
)
def test_a_git_file_that_names_no_worktree_leads_nowhere(text: str, project: Path, tmp_path: Path) -> None:
    served(project / ".taskactors")
    (project / ".git" / "modules" / "inner").mkdir(parents=True)
    (tmp_path / "feature").mkdir()
    (tmp_path / "feature" / ".git").write_text(text, encoding="latin-1")
    assert meant(None, str(tmp_path / "feature")) is None


def test_the_named_data_folder_alone_counts(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(project / ".taskactors")
    monkeypatch.setenv("TASKACTORS_DATA", str(tmp_path / "data"))
    assert meant(None, str(project)) is None
    served(tmp_path / "data")
    assert found(None, project).data == str(tmp_path / "data")


@pytest.mark.parametrize("content", ["", "[]", '{"control": 5}', "{", "\xff"])
def test_a_damaged_server_file_still_leaves_the_usual_socket(content: str, project: Path) -> None:
    data = served(project / ".taskactors")
    (data / "server.json").write_text(content, encoding="latin-1")
    assert found(None, project).socket == str(data / "control.sock")


def test_a_socket_elsewhere_is_where_the_server_says(project: Path, tmp_path: Path) -> None:
    data = served(project / ".taskactors", control=str(tmp_path / "run" / "ta.sock"))
    assert at(str(data)).socket == str(tmp_path / "run" / "ta.sock")


def test_a_folder_that_was_moved_has_its_socket_with_it(project: Path) -> None:
    data = served(project / ".taskactors", control="/gone/control.sock")
    (data / "control.sock").touch()
    assert at(str(data)).socket == str(data / "control.sock")


def test_a_url_may_be_a_data_folder_or_a_socket(project: Path, tmp_path: Path) -> None:
    data = served(tmp_path / "data")
    assert found(str(data), project).data == str(data)
    assert found("../data", project).data == str(data)
    by_socket = found(str(data / "control.sock"), project)
    assert (by_socket.data, by_socket.socket) == (str(data), str(data / "control.sock"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_address_of_this_machine_finds_the_socket_with_its_project_and_agent(host: str, project: Path) -> None:
    data = served(project / ".taskactors", ws="ws://127.0.0.1:4567/mcp")
    place = found(f"ws://{host}:4567/mcp/web?agent=ada", project)
    assert (place.data, place.project, place.agent) == (str(data), "web", "ada")
    assert found(f"ws://{host}:4567/mcp", project).project is None


@pytest.mark.parametrize(
    "url", ["ws://build-7.example:8765/mcp", "wss://10.0.0.5/mcp", "ws://127.0.0.1:9/mcp", "ws://127.0.0.1:port/mcp", "ws://[::1/mcp"]
)
def test_an_address_that_has_no_socket_here_is_said_plainly(url: str, project: Path) -> None:
    served(project / ".taskactors")
    with pytest.raises(NoServer) as no:
        meant(url, str(project))
    assert url in no.value.cause
    assert no.value.remedy


def test_a_new_data_folder_is_at_the_top_of_the_repository(project: Path, tmp_path: Path) -> None:
    (project / "src").mkdir()
    assert new_data_folder(str(project / "src")) == str(project / ".taskactors")
    worktree(project, tmp_path / "feature")
    assert new_data_folder(str(tmp_path / "feature")) == str(project / ".taskactors")
    (tmp_path / "anywhere").mkdir()
    assert new_data_folder(str(tmp_path / "anywhere")) == str(tmp_path / "anywhere" / ".taskactors")
