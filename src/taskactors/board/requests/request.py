"""What every request has in common: it is a frozen value, it names its other spellings, and it can say what is wrong with it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from attrs import field, frozen
from msgspec import Meta

from .fields import Code, Id, IdempotencyKey


@frozen(kw_only=True)
class Request:
    """One call of one tool. The class gives the tool its schema, its check and its documentation.

    `spellings` maps other accepted names of an argument to the field that takes it; `speaks_as` is the argument in which
    the caller may say who they are. An argument given as null counts as
    not given.
    """

    spellings: ClassVar[Mapping[str, str]] = {}
    speaks_as: ClassVar[str | None] = None

    def problems(self) -> tuple[str, ...]:
        """What is wrong between arguments, each problem with the path of the argument; empty when nothing is."""
        return ()


@frozen(kw_only=True)
class Mutation(Request):
    """A request that changes something, and may be repeated safely under a key."""

    idempotency_key: Annotated[IdempotencyKey | None, Meta(description="repeats under it act once")] = field(default=None)


@frozen(kw_only=True)
class AboutTask(Mutation):
    """A change of one task, named by its id or its code."""

    id: Annotated[Id | None, Meta(description="task id")] = None
    code: Annotated[Code | None, Meta(description="or task code")] = None

    def problems(self) -> tuple[str, ...]:
        """Exactly one task has to be named."""
        if self.id is None and self.code is None:
            return ("id: name the task by id or by code",)
        return ()
