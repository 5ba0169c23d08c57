"""A server's settings are right or refused, each refusal naming the argument and what to do."""

import string
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

import taskactors.app
from taskactors.config import LARGEST_PORT, LOG_LEVELS, BadConfig, Config, make_config
from tests.cli.conftest import Run


def config(**given: object) -> Config:
    return make_config(**{"environment": {}, **given})  # type: ignore[arg-type]


def refused(**given: object) -> BadConfig:
    with pytest.raises(BadConfig) as no:
        config(**given)
    assert no.value.remedy
    return no.value


def test_without_arguments_it_serves_this_folder_on_loopback(project: Path) -> None:
    made = config()
    assert made == Config(data=project / ".taskactors", http_port=8766)
    assert (made.host, made.ws_port, made.http_port, made.no_auth, made.json, made.log_level) == (
        "127.0.0.1",
        8765,
        8766,
        False,
        False,
        "info",
    )


def test_the_data_folder_is_the_argument_else_the_variable_else_under_the_root(project: Path, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    root = [str(tmp_path / "base")]
    variable = {"TASKACTORS_DATA": str(tmp_path / "v")}
    assert config(data="d", roots=root, environment=variable).data == project / "d"
    assert config(roots=root, environment=variable).data == tmp_path / "v"
    assert config(roots=root).data == tmp_path / "base" / ".taskactors"
    assert config(roots=[f"web={tmp_path / 'base'}"]).data == project / ".taskactors"
    assert config(environment={"TASKACTORS_DATA": ""}).data == project / ".taskactors"


def test_a_home_folder_is_meant_by_a_tilde(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "base").mkdir()
    assert config(data="~/data", roots=["~/base"]).data == tmp_path / "data"
    assert config(roots=["~/base"]).roots == {"default": tmp_path / "base"}
    assert "--data" in refused(data="~nobody-of-that-name/x").cause


@pytest.mark.parametrize("data", ["", "file", "file/below", "n" * 300])
def test_a_data_folder_that_cannot_be_is_refused_by_its_name(data: str, project: Path) -> None:
    (project / "file").touch()
    assert "--data" in refused(data=data).cause
    if data:
        assert "TASKACTORS_DATA" in refused(environment={"TASKACTORS_DATA": data}).cause


def test_every_project_may_have_a_root(project: Path) -> None:
    for name in ("a", "b", "c=d"):
        (project / name).mkdir()
    made = config(roots=["a", f"web={project / 'b'}", "api=../project/b/../a"])
    assert made.roots == {"default": project / "a", "web": project / "b", "api": project / "a"}
    assert config(roots=["./c=d"]).roots == {"default": project / "c=d"}


def test_a_root_is_followed_to_where_it_really_is(project: Path) -> None:
    (project / "real").mkdir()
    (project / "link").symlink_to("real")
    assert config(roots=["link"]).roots == {"default": project / "real"}


@pytest.mark.parametrize(
    "roots",
    [["missing"], [""], ["web="], ["="], ["=a"], ["Web=a"], ["we b=a"], ["file"], ["a", "a"], ["web=a", "web=b"], ["default=a", "b"]],
)
def test_a_root_that_cannot_be_is_refused(roots: list[str], project: Path) -> None:
    (project / "a").mkdir()
    (project / "b").mkdir()
    (project / "file").touch()
    assert "--root" in refused(roots=roots).cause


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_served(host: str, project: Path) -> None:
    assert config(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "localhost.example.org", "127.0.0.1 ", "0", "[::1]"])
def test_anything_else_is_refused_without_tokens(host: str, project: Path) -> None:
    no = refused(host=host, no_auth=True)
    assert "--host" in no.cause
    assert "loopback" in no.cause


@given(st.integers(0, LARGEST_PORT))
def test_every_port_may_be_given(port: int) -> None:
    assert config(ws_port=str(port), http_port=port + 1 if port < LARGEST_PORT else 1).ws_port == port


@given(
    st.integers(LARGEST_PORT + 1, 10**30)
    | st.integers(-(10**6), -1)
    | st.text(string.ascii_letters + " .+-_e²٣", min_size=1, max_size=6)
    | st.just("")
)
def test_nothing_else_is_a_port(port: int | str) -> None:
    assert "--ws-port" in refused(ws_port=port).cause
    assert "--http-port" in refused(http_port=port).cause


def test_two_doors_have_two_ports(project: Path) -> None:
    assert "--http-port" in refused(ws_port=9000, http_port=9000).cause
    assert config(ws_port=0, http_port=0).http_port == 0


def test_http_is_at_the_next_port_or_at_any_free_one_or_nowhere(project: Path) -> None:
    assert config(ws_port=9000).http_port == 9001
    assert config(ws_port=0).http_port == 0
    assert config(no_http=True).http_port is None
    assert "--http-port" in refused(ws_port=LARGEST_PORT).cause


def test_log_levels_are_those_there_are(project: Path) -> None:
    assert [config(log_level=level).log_level for level in LOG_LEVELS] == list(LOG_LEVELS)
    assert "--log-level" in refused(log_level="loud").cause


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings that servers were started with; they all end with 1."""
    started: list[Config] = []

    def serve(config: Config) -> int:
        started.append(config)
        return 1

    monkeypatch.setattr(taskactors.app, "serve", serve)
    return started


def test_serve_hands_every_option_on_and_ends_as_the_server_does(served: list[Config], run: Run, project: Path) -> None:
    ran = run("serve", "--data", "d", "--root", "web=.", "--host", "::1", "--ws-port", 0, "--no-auth", "--json", "--log-level", "debug")
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    assert served == [
        Config(data=project / "d", roots={"web": project}, host="::1", ws_port=0, http_port=0, no_auth=True, json=True, log_level="debug"),
    ]


def test_serve_knows_where_http_is_wanted(served: list[Config], run: Run) -> None:
    for argv in ((), ("--http-port", "9000"), ("--no-http",)):
        assert run("serve", *argv).err == ""
    assert [each.http_port for each in served] == [8766, 9000, None]


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--host", "0.0.0.0", "--no-auth"], "--host"),
        (["--ws-port", "70000"], "--ws-port"),
        (["--http-port", "x"], "--http-port"),
        (["--root", "missing"], "--root"),
        (["--data", ""], "--data"),
        (["--log-level", "loud"], "--log-level"),
    ],
)
def test_serve_refuses_what_cannot_be_before_anything_starts(argv: list[str], named: str, served: list[Config], run: Run) -> None:
    ran = run("serve", *argv)
    assert (ran.code, ran.out) == (2, "")
    cause, remedy = ran.err.splitlines()
    assert named in cause
    assert remedy.strip()
    assert served == []


def test_what_is_kept_is_as_asked_and_everything_only_when_asked() -> None:
    made = config(backup_every="0", keep_backups="2", keep_days="0", keep_events="5")
    assert (made.backup_every_h, made.keep_backups, made.keep_days, made.keep_events) == (0, 2, 0, 5)
    usual = config()
    assert (usual.backup_every_h, usual.keep_backups, usual.keep_days, usual.keep_events) == (24, 7, 90, 10_000)


def test_backups_are_in_the_data_folder_unless_they_are_to_be_elsewhere(project: Path, tmp_path: Path) -> None:
    assert config().backups_folder == project / ".taskactors" / "backups"
    assert config(backups=str(tmp_path / "safe")).backups_folder == tmp_path / "safe"


@pytest.mark.parametrize("given", [{"keep_backups": "0"}, {"backup_every": "-1"}, {"keep_days": "36501"}, {"keep_events": "many"}])
def test_what_cannot_be_kept_is_refused_by_its_name(given: dict[str, str]) -> None:
    [name] = given
    assert f"--{name.replace('_', '-')}" in refused(**given).cause
