"""The list of tools: small, in one order, and the same bytes for whoever asks."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from taskactors.actors.argument_schema import required_fields
from taskactors.actors.arguments import Arguments
from taskactors.actors.profiles import MEMBERS, PROFILES
from taskactors.actors.tools import TOOLS
from taskactors.mcp_server.instructions import INSTRUCTIONS
from taskactors.mcp_server.server import LIST_FRESH_MS
from taskactors.mcp_server.tool_listing import listed
from tests.support.fake_front import FakeFront, connected, introduced, legacy, modern, serving

DESCRIPTION_CHARACTERS = 600
ANSWER_SCHEMA_CHARACTERS = 300
INSTRUCTIONS_BYTES = 2048
CHARACTERS_A_TOKEN = 4
TOKENS = {"full": 9_000, "worker": 3_000}
"""The most that a model should have to read of the tools of a profile."""

LISTED: list[dict[str, Any]] = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in listed(TOOLS)]


@pytest.mark.parametrize(("era", "request_of"), [(connected, modern), (introduced, legacy)], ids=["2026", "2025"])
async def test_everybody_gets_the_same_bytes(era: Any, request_of: Any) -> None:
    async with serving(FakeFront()) as (url, _), era(url) as one, era(f"{url}/other?agent=ada") as other:
        replies = [await peer.ask(request_of("tools/list")) for peer in (one, other, one)]
    assert len({json.dumps(reply["result"]["tools"]) for reply in replies}) == 1
    assert [tool["name"] for tool in replies[0]["result"]["tools"]] == list(TOOLS)


async def test_both_eras_are_told_of_the_same_tools() -> None:
    """Their bytes differ in one thing alone: the SDK sorts the top-level keys of a schema in its own way for each era."""
    async with serving(FakeFront()) as (url, _), connected(url) as new, introduced(url) as old:
        tools = (await new.ask(modern("tools/list")))["result"]["tools"]
        assert (await old.ask(legacy("tools/list")))["result"]["tools"] == tools


async def test_the_list_may_be_kept_for_a_while_by_whoever_asked_for_it() -> None:
    async with serving(FakeFront()) as (url, _), connected(url) as peer:
        # What is listed follows the role that a token gives, so that nobody may keep it for others.
        for method, scope in (("tools/list", "private"), ("server/discover", "public")):
            result = (await peer.ask(modern(method)))["result"]
            assert (result["ttlMs"], result["cacheScope"]) == (LIST_FRESH_MS, scope)


async def test_the_server_says_who_it_is_and_how_to_work_here() -> None:
    async with serving(FakeFront()) as (url, _), connected(url) as peer:
        result = (await peer.ask(modern("server/discover")))["result"]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "taskactors"
    assert result["instructions"] == INSTRUCTIONS
    assert "2026-07-28" in result["supportedVersions"]


@pytest.mark.parametrize("tool", LISTED, ids=lambda tool: tool["name"])
def test_a_tool_says_all_that_a_client_decides_by(tool: dict[str, Any]) -> None:
    assert tool["title"]
    assert 20 <= len(tool["description"]) <= DESCRIPTION_CHARACTERS
    assert "\n" not in tool["description"]
    assert tool["annotations"].keys() == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
    assert tool["annotations"]["openWorldHint"] is False
    assert not (tool["annotations"]["readOnlyHint"] and tool["annotations"]["destructiveHint"])


@pytest.mark.parametrize("tool", LISTED, ids=lambda tool: tool["name"])
def test_an_answers_schema_is_small_and_leaves_what_is_inside_open(tool: dict[str, Any]) -> None:
    schema = tool["outputSchema"]
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert len(json.dumps(schema, separators=(",", ":"))) <= ANSWER_SCHEMA_CHARACTERS
    assert "additionalProperties" not in schema
    assert all(inner.keys() == {"type"} for inner in schema["properties"].values())


def tokens_of(profile: str) -> int:
    tools = [tool for tool in LISTED if tool["name"] in PROFILES[profile]]
    read = "".join(tool["name"] + tool["description"] + json.dumps(tool["inputSchema"], separators=(",", ":")) for tool in tools)
    return round(len(read) / CHARACTERS_A_TOKEN)


def test_what_a_model_reads_of_the_tools_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\ntokens of the tools:", ", ".join(f"{profile} {tokens_of(profile):,} ({len(PROFILES[profile])})" for profile in PROFILES))
    assert all(tokens_of(profile) <= limit for profile, limit in TOKENS.items())


@pytest.mark.parametrize("profile", PROFILES)
async def test_an_endpoint_lists_the_tools_of_its_profile_in_the_order_of_the_table(profile: str) -> None:
    async with serving(FakeFront()) as (url, _), connected(f"{url}?tools={profile}") as peer:
        names = [tool["name"] for tool in (await peer.ask(modern("tools/list")))["result"]["tools"]]
    assert names == [name for name in TOOLS if name in PROFILES[profile]]


async def test_a_tool_that_a_profile_does_not_list_can_still_be_called() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(f"{url}?tools=worker") as peer:
        await peer.ask(modern("tools/call", {"name": "list_tasks", "arguments": {}}))
    assert [tool for _, tool, _ in front.called] == ["list_tasks"]


def test_the_profile_of_older_servers_has_their_tools_and_every_profile_only_tools_that_there_are() -> None:
    assert len(PROFILES["axon"]) == 22
    assert len(TOOLS) == 45
    assert all(members <= TOOLS.keys() for members in MEMBERS.values())


@pytest.mark.parametrize("tool", LISTED, ids=lambda tool: tool["name"])
def test_whatever_is_accepted_fits_what_is_listed_but_for_other_spellings(tool: dict[str, Any]) -> None:
    request = TOOLS[tool["name"]].request
    whole, shown = Arguments(request).schema, tool["inputSchema"]
    assert shown["properties"].keys() == whole["properties"].keys() - request.spellings.keys()
    assert shown["additionalProperties"] is False
    assert tuple(shown.get("required", ())) == required_fields(request)
    for name, schema in shown["properties"].items():
        # Every word that is left says the same as the whole schema does.
        assert all(schema[key] == whole["properties"][name][key] for key in schema if not isinstance(schema[key], dict | list))


def test_the_instructions_teach_the_loop_in_two_kilobytes() -> None:
    assert len(INSTRUCTIONS.encode()) <= INSTRUCTIONS_BYTES
    for word in ("next_task", "claim_task", "complete_task", "fence", "lease", "read_inbox", "next_cursor", "Review", "Done"):
        assert word in INSTRUCTIONS
    named = {word.strip(".,;:()") for word in INSTRUCTIONS.split() if "_" in word}
    arguments = {name for tool in LISTED for name in tool["inputSchema"]["properties"]} | {"next_cursor", "stale_claim", "not_holder"}
    assert named <= TOOLS.keys() | arguments
