"""How a running server says no: it is busy, late, closed, or something broke. Same form as the board's own refusals."""

from typing import ClassVar

from attrs import frozen

from ..domain.errors import Refusal


@frozen(str=False)
class Overloaded(Refusal):
    """A mailbox was full. Nothing happened."""

    code: ClassVar[str] = "overloaded"
    desk: str
    retry_after_ms: int

    def cause(self) -> str:
        return f"the {self.desk} desk has more to do than it can queue"

    def remedy(self) -> str:
        return f"nothing was changed; call again in {self.retry_after_ms} ms"


@frozen(str=False)
class TimedOut(Refusal):
    """No answer within the deadline. The change may still happen."""

    code: ClassVar[str] = "timed_out"
    hint: ClassVar[str] = "the change may still be made: look before you repeat it, or repeat it with the same idempotency_key"
    tool: str
    within_s: float

    def cause(self) -> str:
        return f"{self.tool} was not answered within {self.within_s:g} s"


@frozen(str=False)
class Internal(Refusal):
    """Something broke while serving this call. The log has the details under the reference."""

    code: ClassVar[str] = "internal"
    reference: str

    def cause(self) -> str:
        return f"internal error, reference {self.reference}"

    def remedy(self) -> str:
        return "it was logged and nothing was changed; calling again may help, else tell whoever runs the server the reference"


@frozen(str=False)
class UnknownOutcome(Refusal):
    """The store failed while this was being written, and could not be asked afterwards."""

    code: ClassVar[str] = "unknown_outcome"
    command: str

    def cause(self) -> str:
        return f"the store failed in the middle of command {self.command}"

    def remedy(self) -> str:
        return "look whether the change was made before you repeat it; a repeat with the same idempotency_key acts once"


@frozen(str=False)
class StoreFullRefusal(Refusal):
    """The disk is full. Reads go on."""

    code: ClassVar[str] = "store_full"
    hint: ClassVar[str] = "nothing was changed and reading still works; whoever runs the server must free space on its disk"

    def cause(self) -> str:
        return "the server's disk is full"


@frozen(str=False)
class ProjectUnavailable(Refusal):
    """The project could not be started, or failed too often."""

    code: ClassVar[str] = "project_unavailable"
    project: str
    why: str
    retry_after_ms: int

    def cause(self) -> str:
        return f"project {self.project} is not available: {self.why}"

    def remedy(self) -> str:
        return f"it is tried again by itself; call again in {self.retry_after_ms} ms"


@frozen(str=False)
class Stopping(Refusal):
    """The server is on its way out; the call was not taken."""

    code: ClassVar[str] = "stopping"
    hint: ClassVar[str] = "nothing was changed; connect again when the server is back"

    def cause(self) -> str:
        return "the server is stopping"


@frozen(str=False)
class NoSuchProject(Refusal):
    code: ClassVar[str] = "no_such_project"
    project: str
    why: str

    def cause(self) -> str:
        return f"there is no project {self.project!r}: {self.why}"

    def remedy(self) -> str:
        return "use /mcp/default, or a name of lower-case letters, digits and hyphens, up to 39"


@frozen(str=False)
class BackupFailed(Refusal):
    """There is no new backup; the older ones are untouched."""

    code: ClassVar[str] = "backup_failed"
    hint: ClassVar[str] = "older backups are untouched; mend that and try again"
    why: str

    def cause(self) -> str:
        return f"no backup was made: {self.why}"


@frozen(str=False)
class TooManyTokens(Refusal):
    """There is no room for another token."""

    code: ClassVar[str] = "too_many_tokens"
    hint: ClassVar[str] = "revoke those that nobody uses; `taskactors token list` shows when each was last used"
    limit: int

    def cause(self) -> str:
        return f"there are {self.limit} tokens already"


@frozen(str=False)
class TooManyCalls(Refusal):
    """One caller calls faster than any agent works. Nothing happened."""

    code: ClassVar[str] = "too_many_calls"
    per_s: int
    retry_after_ms: int

    def cause(self) -> str:
        return f"you make more than {self.per_s} calls a second"

    def remedy(self) -> str:
        return f"nothing was done; wait {self.retry_after_ms} ms, and use wait_s instead of asking again and again"


@frozen(str=False)
class SearchNotReady(Refusal):
    """What the project holds is not all in the search index yet. An answer now might miss what there is."""

    code: ClassVar[str] = "search_not_ready"
    put_in: int
    left: int
    retry_after_ms: int

    def cause(self) -> str:
        return f"the search index is being made: {self.put_in} tasks, messages and entries are in it, {self.left} are still to come"

    def remedy(self) -> str:
        return f"it is made on its own; search again in {self.retry_after_ms} ms, or use list_tasks meanwhile"


@frozen(str=False)
class SearchBroken(Refusal):
    """The search index could not be written or read. Nothing that the project holds is touched by that."""

    code: ClassVar[str] = "search_broken"
    hint: ClassVar[str] = (
        "the next search makes it anew; if that fails too, whoever runs the server must free space where it keeps temporary files"
    )
    why: str

    def cause(self) -> str:
        return f"the search index broke: {self.why}"


@frozen(str=False)
class NoTokens(Refusal):
    """The server was started without tokens."""

    code: ClassVar[str] = "no_tokens"
    hint: ClassVar[str] = "start the server without --no-auth"

    def cause(self) -> str:
        return "this server knows no tokens: it lets in whoever is on this machine"


@frozen(str=False)
class NotConfirmed(Refusal):
    """It cannot be taken back, and nobody has said that it is meant. Nothing happened."""

    code: ClassVar[str] = "not_confirmed"
    tool: str
    asked: bool

    def cause(self) -> str:
        if self.asked:
            return f"the person at your client did not agree to {self.tool}"
        return f"this call of {self.tool} cannot be taken back, and nothing says that it is meant"

    def remedy(self) -> str:
        return "leave it, or ask them why" if self.asked else "call it with confirm: true if it is"
