"""What AI tools are told is how the project is now, and nothing in it is untrue."""

import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import fields
from trio.testing import MockClock

from taskactors.actors.tools import TOOLS
from taskactors.actors.workspace.ai_tools import AI_TOOLS, tool_named
from taskactors.actors.workspace.facts import Surroundings
from taskactors.actors.workspace.main_file import _sections
from taskactors.cli.commands import COMMANDS
from taskactors.domain import errors
from taskactors.domain.agent import ROLES
from taskactors.domain.codes import agent_name_problem
from taskactors.domain.errors import InvalidArguments
from taskactors.domain.lifecycle import TABLE
from tests.actors.team import Team, team

WHAT = {name: (tool.request.__doc__ or "").partition(".")[0] for name, tool in TOOLS.items()}
URL = "ws://127.0.0.1:9/mcp"
HTTP_URL = "http://127.0.0.1:10/mcp"
CLIENTS_OWN_WORDS = {"mcp_servers", "bearer_token_env_var"}
TEXTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    **{f"setup {name}": ("get_setup_instructions", {"ai_tool_type": name}) for name in AI_TOOLS},
    **{f"main file {name}": ("get_instructions_for_main_ai_file", {"file_type": name}) for name in AI_TOOLS},
    **{f"agent file {name}": ("register_agent", {"agent_name": "ada", "agent_type": name, "capabilities": []}) for name in AI_TOOLS},
    "workflow": ("get_agentic_workflow_description", {"requested_agent_count": 12, "prd_content": "a plan for a database"}),
    "manifest": ("get_workspace_manifest", {}),
}


def surroundings(**changed: Any) -> Surroundings:
    return Surroundings(
        **({"project": "default", "ws_url": URL, "http_url": HTTP_URL, "version": "1", "root": None, "tools": WHAT} | changed)
    )


@asynccontextmanager
async def working(**changed: Any) -> AsyncIterator[Team]:
    async with trio.open_nursery() as nursery, team(nursery, surroundings=surroundings(**changed)) as on:
        yield on


def words_of(answer: Any) -> str:
    match answer:
        case dict():
            return "\n".join(map(words_of, answer.values()))
        case list() | tuple():
            return "\n".join(map(words_of, answer))
        case _:
            return str(answer)


async def told(on: Team, text: str) -> str:
    tool, given = TEXTS[text]
    return words_of(await on.call("ada", tool, **given))


KNOWN_WORDS = (
    TOOLS.keys()
    | {each.name for tool in TOOLS.values() for each in fields(tool.request)}
    | {key for tool in TOOLS.values() for key in tool.answers}
    | {each.code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.Refusal)}
)


@pytest.mark.parametrize("text", TEXTS)
async def test_every_tool_argument_and_refusal_that_a_text_names_is_there(autojump_clock: MockClock, text: str) -> None:
    async with working() as on:
        named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", await told(on, text)))
        # One word of the tools' own descriptions is a value of an argument.
        assert named <= KNOWN_WORDS | CLIENTS_OWN_WORDS | {"send_back"}


@pytest.mark.parametrize("text", TEXTS)
async def test_every_command_that_a_text_names_is_one(autojump_clock: MockClock, text: str) -> None:
    async with working() as on:
        assert set(re.findall(r"`taskactors ([a-z-]+)", await told(on, text))) <= COMMANDS.keys()


async def test_any_other_client_is_told_every_address_and_the_bridge(autojump_clock: MockClock) -> None:
    async with working() as on:
        setup = await on.call("ada", "get_setup_instructions", ai_tool_type="generic")
        assert (setup["config"], setup["config_file"], setup["configs"]) == (None, None, {})
        for way in (f"{URL}?agent=YOUR-NAME", f"{HTTP_URL}?agent=YOUR-NAME", "taskactors bridge", "taskactors token add"):
            assert way in setup["instructions"]
        without = await told(on, "agent file generic")
        assert f"{URL}?agent=ada" in without


@pytest.mark.parametrize("name", AI_TOOLS)
async def test_every_text_of_a_project_leads_to_that_project(autojump_clock: MockClock, name: str) -> None:
    async with working(ws_url=f"{URL}/other", project="other") as on:
        assert (await on.call("ada", "get_workspace_manifest"))["url"] == f"{URL}/other"
        assert f"{URL}/other" in await told(on, f"main file {name}")
        assert f"{URL}/other?agent=ada" in await told(on, f"agent file {name}")


def test_where_the_address_is_not_known_the_usual_one_still_leads_to_this_project() -> None:
    assert surroundings(ws_url=None, project="other").url == "ws://127.0.0.1:8765/mcp/other"
    assert surroundings(ws_url=URL).url == URL


@pytest.mark.parametrize("text", ["setup", "main file"])
@pytest.mark.parametrize("name", AI_TOOLS)
async def test_each_text_names_its_own_ai_tools_main_file(autojump_clock: MockClock, text: str, name: str) -> None:
    async with working() as on:
        tool, given = TEXTS[f"{text} {name}"]
        answer = await on.call("ada", tool, **given)
        assert answer["ai_tool_type"] == name
        assert answer.get("file_name", answer.get("main_file_name")) == AI_TOOLS[name].main_file
        if text == "setup":
            others = {each.main_file for each in AI_TOOLS.values()} - {AI_TOOLS[name].main_file}
            assert not {other for other in others if other in answer["instructions"]}


async def test_a_main_file_may_be_asked_for_by_any_of_its_names(autojump_clock: MockClock) -> None:
    async with working() as on:
        for name, tool in AI_TOOLS.items():
            for said in (name, tool.main_file, tool.main_file.rsplit("/", 1)[-1]):
                answer = await on.call("ada", "get_instructions_for_main_ai_file", file_type=said)
                assert (answer["ai_tool_type"], answer["file_name"]) == (name, tool.main_file)
        assert (await on.call("ada", "get_instructions_for_main_ai_file"))["ai_tool_type"] == "claude-code"


@pytest.mark.parametrize(
    "said", ["../CLAUDE.md", "/etc/passwd", "claude.md", "CLAUDE.md\0", "C" * 200, "vscode", "agents/AGENTS.md"], ids=ascii
)
async def test_a_main_file_that_nobody_reads_is_refused_with_those_that_are_read(autojump_clock: MockClock, said: str) -> None:
    async with working() as on:
        with pytest.raises(InvalidArguments) as no:
            await on.call("ada", "get_instructions_for_main_ai_file", file_type=said)
        assert all(name in no.value.cause() for name in AI_TOOLS)


def test_no_two_ai_tools_share_a_file() -> None:
    assert len({tool.main_file for tool in AI_TOOLS.values()}) == len(AI_TOOLS)
    assert len({tool.agent_folder for tool in AI_TOOLS.values()}) == len(AI_TOOLS)
    assert [tool_named(name).name for name in AI_TOOLS] == list(AI_TOOLS)


async def test_texts_and_manifest_list_the_tools_of_the_moment(autojump_clock: MockClock) -> None:
    async with working() as on:
        manifest = await on.call("ada", "get_workspace_manifest")
        assert [tool["name"] for tool in manifest["tools"]] == list(TOOLS)
        assert (await on.call("ada", "get_setup_instructions"))["required_tools"] == list(TOOLS)
    async with working(tools={"only_one": "It is new"}) as on:
        assert (await on.call("ada", "get_workspace_manifest"))["tools"] == [{"name": "only_one", "what": "It is new"}]
        assert (await on.call("ada", "get_setup_instructions"))["required_tools"] == ["only_one"]
        content = (await on.call("ada", "get_instructions_for_main_ai_file"))["content"]
        assert content.partition("## Tools")[2].split() == ["-", "`only_one`:", "It", "is", "new"]


async def test_an_agent_that_changes_its_role_is_told_of_in_the_new_one_only(autojump_clock: MockClock) -> None:
    async with working() as on:
        for role in ("qa", "docs"):
            await on.call("eve", "register_agent", agent_name="eve", agent_type=role, role=role, capabilities=["french", role])
            manifest = await on.call("ada", "get_workspace_manifest")
            assert {each["role"]: each["agents"] for each in manifest["roles"]} == {each: ["eve"] * (each == role) for each in ROLES}
            assert manifest["agents"] == [
                {"name": "eve", "role": role, "capabilities": sorted(["french", role]), "coordinator": False, "holding": []}
            ]
            workflow = await on.call("ada", "get_agentic_workflow_description")
            assert workflow["missing_roles"] == [each for each in ROLES if each != role]
            assert f"- {role} (eve)" in workflow["workflow_description"]
            assert f"- `eve`: {role}" in (await on.call("ada", "get_instructions_for_main_ai_file"))["content"]
            assert (await on.call("ada", "get_setup_instructions"))["team"] == [f"eve ({role})"]


async def test_a_coordinator_is_one_in_the_manifest_and_no_longer_when_that_is_taken_back(autojump_clock: MockClock) -> None:
    async with working() as on:
        await on.call("eve", "register_agent", agent_name="eve", agent_type="qa", capabilities=[])
        for coordinator in (True, False):
            await on.call(None, "admin.promote_agent", agent_name="eve", coordinator=coordinator)
            assert (await on.call("ada", "get_workspace_manifest"))["agents"][0]["coordinator"] is coordinator


async def test_states_and_their_steps_are_those_of_the_board(autojump_clock: MockClock) -> None:
    async with working() as on:
        manifest = json.loads(json.dumps(await on.call("ada", "get_workspace_manifest")))
        assert manifest["states"] == {str(state): [str(to) for to in steps] for state, steps in TABLE.items()}
        described = (await on.call("ada", "get_agentic_workflow_description"))["workflow_description"]
        assert all(f"- {state}: {', '.join(steps) or 'final'}" in described for state, steps in TABLE.items())


@pytest.mark.parametrize("count", [1, 6, 7, 100])
async def test_as_many_agents_are_suggested_as_were_asked_for_under_free_and_proper_names(autojump_clock: MockClock, count: int) -> None:
    async with working() as on:
        for name in ("backend", "qa", "qa-2"):
            await on.call(name, "register_agent", agent_name=name, agent_type="qa", capabilities=[])
        answer = await on.call("ada", "get_agentic_workflow_description", requested_agent_count=count)
        names = [each["name"] for each in answer["suggested_agents"]]
        assert answer["recommended_agent_count"] == len(set(names)) == len(names) == count
        assert not set(names) & {"backend", "qa", "qa-2"}
        assert [agent_name_problem(name) for name in names] == [None] * count
        assert {each["role"] for each in answer["suggested_agents"]} <= set(ROLES)


async def test_telling_writes_nothing(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(root=tmp_path) as on:
        for text, (tool, _) in TEXTS.items():
            if tool != "register_agent":
                await told(on, text)
        assert os.listdir(tmp_path) == []


async def test_the_manifest_says_which_main_files_there_are_and_whether_more_can_be_written(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with working(root=tmp_path) as on:
        assert (await on.call("ada", "get_workspace_manifest"))["main_files"] == []
        for name, tool in AI_TOOLS.items():
            await on.call("ada", "create_main_ai_file", ai_tool_type=name, content="# Ours")
            manifest = await on.call("ada", "get_workspace_manifest", ai_tool_type=name)
            assert manifest["main_file_name"] == tool.main_file
            assert tool.main_file in manifest["main_files"]
        assert manifest["files_can_be_written"] is True
        (tmp_path / "CLAUDE.md").unlink()
        assert "CLAUDE.md" not in (await on.call("ada", "get_workspace_manifest"))["main_files"]
    async with working() as on:
        manifest = await on.call("ada", "get_workspace_manifest")
        assert (manifest["files_can_be_written"], manifest["main_files"]) == (False, [])


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("", []),
        ("# One\n\n## Two  \n\ntext\n###### Six", ["One", "Two", "Six"]),
        ("#no\n#\n\ntext\n####### seven\n    # indented", []),
        ("# One\n```sh\n# a comment\n```\n# Two\n~~~~\n# in\n~~~\n# still in\n~~~~\n# Three", ["One", "Two", "Three"]),
        ("# One\n```\n# never closed", ["One"]),
        ("`" * 200_000, []),
        ("```\n" * 20_000 + "# in", ["in"]),
        ("```\n" * 19_999 + "# in", []),
    ],
    ids=["none", "levels", "none that count", "fences", "an open fence", "a line of fences", "even fences", "odd fences"],
)
def test_sections_are_the_headings_that_a_reader_sees(text: str, sections: list[str]) -> None:
    assert _sections(text) == sections
