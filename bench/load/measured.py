"""What one stretch of load gave, as it is printed and read back."""

import cattrs
import msgspec
from attrs import frozen

from .timing import Times


@frozen
class Measured:
    """The calls of the agents, who used how much of a core meanwhile, and what else was watched."""

    work: str
    agents: int
    seconds: float
    calls: Times
    errors: int
    first_error: str | None
    generator_busy: float
    server_busy: float
    foreign_busy: float
    server_us_per_call: float
    prepared_s: float
    """How long everybody took to connect and to do what is done once."""
    server_kib: int
    """The server's memory at the end."""
    server_grew_kib: int
    """How much of it came with the agents."""
    inbox: Times | None = None
    """From a message sent to the parked reader's answer."""
    changes: Times | None = None
    """From a change made to the parked follower's answer."""


def printed(measured: Measured) -> str:
    return msgspec.json.encode(cattrs.unstructure(measured)).decode()


def read(line: str) -> Measured:
    return cattrs.structure(msgspec.json.decode(line), Measured)
