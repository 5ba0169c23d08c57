"""What a person may set about a project's board."""

from attrs import frozen

from ..domain.claiming import DEFAULT_LEASE_S
from ..domain.task import Seconds


@frozen(kw_only=True)
class BoardSettings:
    """`open_registration`: an agent name seen for the first time is registered on the spot, with an event saying so.
    Held work without a change for `stall_after_s` is stalled.
    """

    project: str = "default"
    lease_s: Seconds = DEFAULT_LEASE_S
    stall_after_s: Seconds = 1_800
    open_registration: bool = True
