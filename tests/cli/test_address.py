"""Addresses: what they name, and what is no address; a token in one is in no message."""

import pytest

from taskactors.cli.address import Address, read
from taskactors.cli.errors import NoServer


def named(address: Address) -> tuple[str, int, str | None, str | None]:
    return address.host, address.port, address.project, address.agent


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://board.example", ("board.example", 443, None, None)),
        ("https://board.example:8766/", ("board.example", 8766, None, None)),
        ("http://board.example:8766/rpc/web", ("board.example", 8766, "web", None)),
        ("http://board.example/mcp/web/?agent=ada", ("board.example", 80, "web", "ada")),
        ("ws://[::1]:8765/mcp", ("::1", 8765, None, None)),
        ("wss://ada:ta_ada_secret@board.example:8765/mcp/web", ("board.example", 8765, "web", None)),
    ],
)
def test_an_address_names_a_server_and_perhaps_a_project_and_an_agent(url: str, wanted: tuple[object, ...]) -> None:
    assert named(read(url)) == wanted
    assert "secret" not in read(url).shown


@pytest.mark.parametrize(
    "url",
    ["https://", "http://board.example/other", "https://board.example/mcp/a/b", "ws://board:port", "wss://[::1", "https://x:99999999"],
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(NoServer) as no:
        read(url.replace("://", "://ada:ta_ada_secret@"))
    assert "secret" not in str(no.value)
    assert "https://board.example:8766" in no.value.remedy
