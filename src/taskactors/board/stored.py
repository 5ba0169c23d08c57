"""How each kind of entity is stored: its record, with a version of its own."""

from attrs import frozen

from ..domain.agent import Agent
from ..domain.events import Event
from ..domain.handing_off import Handoff
from ..domain.knowledge import Entry
from ..domain.message import Message
from ..domain.pausing import Pause
from ..domain.reserving import Reservation
from ..domain.session import Session
from ..domain.task import Instant, Task
from ..domain.workflow import Workflow
from ..storage.records import RecordType


@frozen
class Reply:
    """The first successful answer to a call under an idempotency key, and a digest of the arguments it answered."""

    digest: str
    answer: str
    at: Instant


REMEMBERED = 1_024
"""Tasks and agents are read several times by one unit, and agents by every unit of theirs: what was read is read again soon. It is four
for each agent of a large team; with a quarter of that, 256 agents had their tasks decoded anew for every call."""

TASK = RecordType("task", Task, 1, remembered=REMEMBERED)
AGENT = RecordType("agent", Agent, 1, remembered=REMEMBERED)
ENTRY = RecordType("entry", Entry, 1)
HANDOFF = RecordType("handoff", Handoff, 1)
RESERVATION = RecordType("reservation", Reservation, 1)
PAUSE = RecordType("pause", Pause, 1)
MESSAGE = RecordType("message", Message, 1)
SESSION = RecordType("session", Session, 1)
WORKFLOW = RecordType("workflow", Workflow, 1)
EVENT = RecordType("event", Event, 1)
REPLY = RecordType("reply", Reply, 1)
