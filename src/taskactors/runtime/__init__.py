"""The actor kernel: mailboxes, letters, actors and their supervisors. Built on trio alone; it has never heard of a task."""

from taskactors.runtime.actor import Place, in_batches, one_at_a_time
from taskactors.runtime.address import Address
from taskactors.runtime.errors import (
    ActorCrashed,
    ActorGone,
    AskTimedOut,
    MailboxFull,
    NoLettersHere,
    ReturnedEarly,
    RuntimeFault,
    StartFailed,
    TooManyRestarts,
)
from taskactors.runtime.mailbox import RETRY_AFTER_MS, Letter, Mailbox
from taskactors.runtime.observe import (
    ActorCrashedEvent,
    ActorRestarted,
    ActorStarted,
    ActorStopped,
    BudgetSpent,
    ButLetters,
    LetterHandled,
    LetterTurnedAway,
    Observed,
    Observer,
    Outcome,
    silent,
)
from taskactors.runtime.restarts import RestartBudget
from taskactors.runtime.supervisor import Child, Supervisor

__all__ = [
    "RETRY_AFTER_MS",
    "ActorCrashed",
    "ActorCrashedEvent",
    "ActorGone",
    "ActorRestarted",
    "ActorStarted",
    "ActorStopped",
    "Address",
    "AskTimedOut",
    "BudgetSpent",
    "ButLetters",
    "Child",
    "Letter",
    "LetterHandled",
    "LetterTurnedAway",
    "Mailbox",
    "MailboxFull",
    "NoLettersHere",
    "Observed",
    "Observer",
    "Outcome",
    "Place",
    "RestartBudget",
    "ReturnedEarly",
    "RuntimeFault",
    "StartFailed",
    "Supervisor",
    "TooManyRestarts",
    "in_batches",
    "one_at_a_time",
    "silent",
]
