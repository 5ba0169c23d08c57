"""The control socket: newline-delimited JSON-RPC on a Unix socket that only whoever runs the server can reach."""

import uuid
from pathlib import Path

import trio
from attrs import Factory, define

from ..actors.calls import Connection, Front, UnknownTool
from ..actors.faults import internal, whence
from ..actors.patience import waited_for_s
from ..domain.errors import Refusal
from .control_lines import (
    TOO_LONG,
    ControlRequest,
    LineCutter,
    NotTaken,
    answer_line,
    half_a_line,
    not_taken_line,
    read_request,
    refusal_line,
    too_long,
    unknown_method,
)
from .control_socket import has_hung_up, listening_at
from .refusal_log import CONTROL, Reason, RefusalLog

READ_BYTES = 64 << 10
IN_FLIGHT_LIMIT = 32
"""Requests of one client under way at once; further lines wait in the socket."""

CONNECTIONS_LIMIT = 256
"""Short commands come and go; this many at once are a loop gone wrong, and each holds up to a line in memory."""

WRITE_WITHIN_S = 5.0
"""A client that does not read an answer for this long is dead, or may as well be."""


@define(eq=False)
class ControlDoor:
    """Serves the control socket. What one client sends touches no other."""

    front: Front
    refusals: RefusalLog = Factory(RefusalLog)
    _reading: set[trio.CancelScope] = Factory(set)
    _connections: int = 0
    _under_way: int = 0
    _none_under_way: trio.Event = Factory(trio.Event)
    _draining: bool = False

    async def listen(self, path: Path, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; the socket's file is gone afterwards. Raises OSError when there can be no socket at `path`."""
        with listening_at(path) as listener:
            task_status.started()
            await trio.serve_listeners(self._serve, [trio.SocketListener(trio.socket.from_stdlib_socket(listener))])

    async def drain(self) -> None:
        """Take no more requests, and wait until those that were taken are answered."""
        self._draining = True
        for scope in self._reading:
            scope.cancel()
        while self._under_way:
            self._none_under_way = trio.Event()
            await self._none_under_way.wait()

    def began(self) -> None:
        """A request was taken."""
        self._under_way += 1

    def ended(self) -> None:
        """It was answered, or there is nobody to answer."""
        self._under_way -= 1
        if not self._under_way:
            self._none_under_way.set()

    async def _serve(self, stream: trio.SocketStream) -> None:
        self._connections += 1
        try:
            if self._connections > CONNECTIONS_LIMIT:
                self.refusals.note(Reason.CROWDED, CONTROL)
            elif not self._draining:
                await self._converse(stream)
        except Exception as error:  # one client's end must not reach the others
            self.refusals.note(Reason.BROKEN, CONTROL, error=whence(error))
        finally:
            self._connections -= 1
            await trio.aclose_forcefully(stream)

    async def _converse(self, stream: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            client = _Client(self, stream, nursery)
            with trio.CancelScope() as reading:
                self._reading.add(reading)
                try:
                    await client.read()
                finally:
                    self._reading.discard(reading)


class _Client:
    """One connection. Its requests are answered as they finish."""

    def __init__(self, door: ControlDoor, stream: trio.SocketStream, nursery: trio.Nursery) -> None:
        self._door = door
        self._stream = stream
        self._nursery = nursery
        self._places = trio.Semaphore(IN_FLIGHT_LIMIT)
        self._writing = trio.Lock()
        self._waits: set[trio.CancelScope] = set()
        self._gone = False
        self._id = uuid.uuid4().hex

    async def read(self) -> None:
        """Take line after line until the client closes its side."""
        cutter = LineCutter()
        while chunk := await self._received():
            for line in cutter.feed(chunk):
                if line is TOO_LONG:
                    await self._take(too_long())
                elif line.strip():
                    await self._take(line)
        if cutter.unfinished().strip():
            await self._take(half_a_line())
        if has_hung_up(self._stream.socket.fileno()):
            # Not merely that it asks no more: what it waits for is for nobody. What it told us to do is done all the same.
            self._gone = True
            for wait in self._waits:
                wait.cancel()

    async def _received(self) -> bytes:
        try:
            return bytes(await self._stream.receive_some(READ_BYTES))
        except trio.BrokenResourceError:
            # It died with answers unread; what it asked for before is done all the same.
            return b""

    async def _take(self, line: bytes | NotTaken) -> None:
        await self._places.acquire()
        self._door.began()
        self._nursery.start_soon(self._answer, line)

    async def _answer(self, line: bytes | NotTaken) -> None:
        try:
            await self._send(await self._reply(line))
        finally:
            self._places.release()
            self._door.ended()

    async def _reply(self, line: bytes | NotTaken) -> bytes:
        try:
            if isinstance(line, NotTaken):
                return not_taken_line(line)
            request = read_request(line)
        except NotTaken as no:
            return not_taken_line(no)
        caller = Connection(id=self._id, project=request.project, agent=request.agent, operator=request.agent is None, patient=True)
        with trio.CancelScope() as wait:
            if waited_for_s(request.arguments):
                self._waits.add(wait)
                if self._gone:
                    wait.cancel()
            try:
                return await self._called(request, caller)
            finally:
                self._waits.discard(wait)
        return b""

    async def _called(self, request: ControlRequest, caller: Connection) -> bytes:
        try:
            return answer_line(request.id, await self._door.front.call(caller, request.method, request.arguments))
        except UnknownTool as unknown:
            return not_taken_line(unknown_method(request.id, unknown.tool))
        except Refusal as refusal:
            return refusal_line(request.id, refusal)
        except Exception as error:  # the edge that answers a client
            return refusal_line(request.id, internal(error, "a control call failed", method=request.method))

    async def _send(self, frame: bytes) -> None:
        async with self._writing:
            try:
                with trio.fail_after(WRITE_WITHIN_S):
                    await self._stream.send_all(frame)
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
                # There is nobody to answer any more, also for what else it asked.
                self._nursery.cancel_scope.cancel()
