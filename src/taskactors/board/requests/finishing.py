"""Requests of whoever holds a task, up to its end, and of whoever reviews it."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from ...domain.finishing import Verdict
from .fields import Artifacts, Fence, Lease, Share, Text
from .request import AboutTask

YourFence = Annotated[Fence, Meta(description="your claim's fence")]
Percent = Annotated[int, Meta(ge=0, le=100, description="how far it is, 0 to 100")]
Lines = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"\S")], ...], Meta(max_length=32)]


@frozen(kw_only=True)
class RenewClaim(AboutTask):
    """Keep a task you hold: its lease starts again. Any call of yours does so too, but only when the lease runs out."""

    fence: YourFence
    lease_s: Annotated[Lease | None, Meta(description="a new length, seconds")] = None


@frozen(kw_only=True)
class ReportProgress(AboutTask):
    """Say how far your task is. Lease and deadline start again."""

    fence: YourFence
    note: Annotated[Text | None, Meta(description="for whoever reads the task")] = None
    percent: Percent | None = None
    artifacts: Annotated[Artifacts, Meta(description="paths or links, appended")] = ()


@frozen(kw_only=True)
class CompleteTask(AboutTask):
    """Hand your task in. It is Done, or goes to Review if it needs one or you are less confident than it asks for."""

    fence: YourFence
    summary: Annotated[Text, Meta(description="what was done")]
    evidence: Annotated[Lines, Meta(description="how you know: commands run, commit, test results")] = ()
    files: Annotated[Artifacts, Meta(description="files changed")] = ()
    confidence: Annotated[Share | None, Meta(description="0 to 1")] = None


@frozen(kw_only=True)
class ReviewTask(AboutTask):
    """Decide about a task in Review that you did not implement: approve it, or send it back with findings."""

    verdict: Annotated[Verdict, Meta(description="approve or send_back")]
    findings: Annotated[Lines, Meta(description="what you found, a line each; needed to send it back")] = ()

    def problems(self) -> tuple[str, ...]:
        missing = self.verdict is Verdict.SEND_BACK and not self.findings
        return (*super().problems(), *(("findings: say what has to be changed",) if missing else ()))
