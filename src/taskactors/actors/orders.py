"""What a project's store is sent: the orders that others make, and it carries out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from ..storage.engine import Snapshot, Transaction


@frozen
class Read:
    """Answer with what this function reads from a snapshot. When that is another Read, it is done on a later turn of the loop."""

    fn: Callable[[Snapshot], Any]


@frozen
class Write:
    """Run this unit in a batch; answer once it is durable. The command id names it when its outcome is unknown."""

    unit: Callable[[Transaction], Any]
    command: str
    woken: bool = False
    """Somebody who waited was woken for it: they have waited for long enough, and it for no others to share its commit."""


@frozen
class Copy:
    """Write a copy of everything into this folder; answer when it is there. It ends early when nobody waits for it any more."""

    folder: Path


@frozen
class Examine:
    """Answer with what a check, named as `module:function`, finds in one moment of everything."""

    check: str
