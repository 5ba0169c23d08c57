"""Requests about handoffs: offer a task, answer an offer."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from .fields import Artifacts, Fence, Id, Reason, Share, Text
from .request import AboutTask, Mutation

Expiry = Annotated[int, Meta(ge=1, le=604_800, description="seconds until the offer ends; default 3600")]
Limitations = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=1_000)], ...], Meta(max_length=32)]
HandoffAddress = Annotated[str, Meta(min_length=1, max_length=80, description="an agent, role:qa, or capability:sql")]


@frozen(kw_only=True)
class OfferHandoff(AboutTask):
    """Offer a task you hold to somebody else. It stays yours until they accept; less confident than it asks for, it is reviewed first."""

    fence: Annotated[Fence, Meta(description="your claim's fence")]
    to: HandoffAddress
    summary: Annotated[Text, Meta(description="where it stands")]
    artifacts: Annotated[Artifacts, Meta(description="paths or links")] = ()
    known_limitations: Annotated[Limitations, Meta(description="what does not work yet")] = ()
    next_steps: Annotated[Text | None, Meta(description="what to do next")] = None
    confidence: Annotated[Share | None, Meta(description="0 to 1")] = None
    expires_s: Expiry | None = None


@frozen(kw_only=True)
class AnswerHandoff(Mutation):
    """Accept a task that was offered to you, or decline it. Whoever offered it takes the offer back by declining."""

    handoff_id: Annotated[Id, Meta(description="from the offer")]
    accept: Annotated[bool, Meta(description="true: the task is yours")]
    reason: Annotated[Reason | None, Meta(description="why not")] = None
