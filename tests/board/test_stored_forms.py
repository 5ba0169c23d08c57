"""What was stored once is read for ever: one record of each kind, as the first version wrote it."""

from typing import Any

import pytest
from attrs import evolve

from taskactors.board.stored import AGENT, EVENT, MESSAGE, REPLY, SESSION, TASK, Reply
from taskactors.domain.agent import Agent
from taskactors.domain.events import Event, EventKind
from taskactors.domain.message import Importance, Message
from taskactors.domain.session import Session
from taskactors.domain.task import Claim, Dependency, Note, State, Task
from taskactors.storage.records import RecordType

NOW = 1_790_000_000_000

# Never changed: a test that fails here tells of a record that a running project could not read any more.
WRITTEN: list[tuple[RecordType[Any], bytes, Any]] = [
    (
        TASK,
        (
            b'\x01{"claim":{"agent":"ada","claimed_at":1790000000000,"deadline":1790086400000,"expires_at":1790000900000,"fence":1,'
            b'"lease_s":900},"code":"T-1","created_by":"ada","depends_on":[{"code":"B-1"}],"description":"to be done",'
            b'"due_at":1893456000000,"fence":1,"id":2,"implementer":"ada","inserted_at":1790000000000,"labels":["x"],"name":"a task",'
            b'"notes":[{"at":1790000000000,"by":"ada","text":"hm"}],"owner_agent_name":"ada","required_capabilities":["python"],"rev":3,'
            b'"started_at":1790000000000,"state":"InProgress","updated_at":1790000000000}'
        ),
        Task(
            id=2,
            code="T-1",
            name="a task",
            description="to be done",
            state=State.IN_PROGRESS,
            inserted_at=NOW,
            updated_at=NOW,
            created_by="ada",
            rev=3,
            owner_agent_name="ada",
            required_capabilities=("python",),
            labels=("x",),
            depends_on=(Dependency("B-1"),),
            due_at=1_893_456_000_000,
            fence=1,
            claim=Claim(1, "ada", NOW, 900, NOW + 900_000, NOW + 86_400_000),
            notes=(Note(NOW, "ada", "hm"),),
            started_at=NOW,
            implementer="ada",
        ),
    ),
    (
        AGENT,
        (
            b'\x01{"agent_type":"dev","capabilities":["python"],"max_concurrent_tasks":2,"name":"ada","registered_at":1790000000000,'
            b'"role":"qa","updated_at":1790000000000}'
        ),
        Agent(
            name="ada",
            role="qa",
            registered_at=NOW,
            updated_at=NOW,
            agent_type="dev",
            capabilities=("python",),
            max_concurrent_tasks=2,
        ),
    ),
    (
        MESSAGE,
        (
            b'\x01{"author_agent_name":"ada","content":"hi","created_at":1790000000000,"id":1,"importance":"high",'
            b'"message_type":"comment","task_code":"T-1","task_id":2,"to":"role:qa"}'
        ),
        Message(
            id=1,
            author_agent_name="ada",
            to="role:qa",
            message_type="comment",
            content="hi",
            created_at=NOW,
            task_id=2,
            task_code="T-1",
            importance=Importance.HIGH,
        ),
    ),
    (
        SESSION,
        b'\x01{"agent_name":"ada","id":1,"started_at":1790000000000,"task_code":"B-1","task_id":1}',
        Session(id=1, task_id=1, task_code="B-1", agent_name="ada", started_at=NOW),
    ),
    (
        EVENT,
        (
            b'\x01{"at":1790000000000,"by":"ada","command":"command-4","data":{"agent":"ada","task":"B-1"},"kind":"session_started",'
            b'"seq":4,"subject":"session:1"}'
        ),
        Event(
            seq=4,
            at=NOW,
            kind=EventKind.SESSION_STARTED,
            by="ada",
            subject="session:1",
            command="command-4",
            data={"agent": "ada", "task": "B-1"},
        ),
    ),
    (REPLY, b'\x01{"answer":"{}","at":1790000000000,"digest":"d"}', Reply("d", "{}", NOW)),
]

each_kind = pytest.mark.parametrize(("kind", "stored", "value"), WRITTEN, ids=[kind.name for kind, _, _ in WRITTEN])


@each_kind
def test_a_record_of_the_first_version_is_read_as_it_was_meant(kind: RecordType[Any], stored: bytes, value: object) -> None:
    assert kind.decode(stored) == value


@each_kind
def test_a_record_that_was_read_is_written_so_that_it_can_be_read_again(kind: RecordType[Any], stored: bytes, value: object) -> None:
    assert kind.decode(kind.encode(kind.decode(stored))) == value


@pytest.mark.parametrize("state", State)
def test_every_state_is_stored_by_the_name_that_it_has_on_the_wire(state: State) -> None:
    _, _, task = WRITTEN[0]
    assert isinstance(task, Task)
    assert f'"state":"{state.value}"'.encode() in TASK.encode(evolve(task, state=state))
