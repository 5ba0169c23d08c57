"""Who asks: the identity that a connection carries into every rule."""

from enum import StrEnum

from attrs import frozen

LOCAL_PERSON = "local"
"""The person at this machine: whoever connects without declaring an agent."""

SERVER = "server"
"""The server itself, when time or a rule acts and nobody asked."""


class Kind(StrEnum):
    __hash__ = str.__hash__

    AGENT = "agent"
    HUMAN = "human"
    SERVER = "server"


@frozen(kw_only=True)
class Caller:
    """The one whose call this is. `by` differs from `name` when somebody else acts on their behalf; events name both.

    `role` is what they become in a project that they are new to, if that is known.
    """

    name: str
    kind: Kind = Kind.AGENT
    coordinator: bool = False
    may_act_for_others: bool = False
    by: str | None = None
    role: str | None = None

    @property
    def may_override(self) -> bool:
        """People and coordinators may do what only a holder may, and it is logged as theirs."""
        return self.kind is not Kind.AGENT or self.coordinator or self.may_act_for_others

    @property
    def actor(self) -> str:
        """The name that answers for the act: whoever really called."""
        return self.by or self.name
