"""The dispatcher: what one client sends, to whoever answers it: plain calls straight to the front, everything else to the SDK's kernel."""

from functools import partial
from typing import Any

import trio
from attrs import Factory, define, field
from mcp.server.lowlevel import Server
from mcp.shared.jsonrpc_dispatcher import cancelled_request_id_from_params, handler_exception_to_error_data, progress_token_from_params
from mcp.shared.message import ServerMessageMetadata
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, ErrorData
from mcp_types.jsonrpc import JSONRPCMessage, JSONRPCNotification, JSONRPCRequest

from ..actors.calls import Json, Leave, UnknownTool
from ..actors.faults import internal
from ..actors.wires import Wire, WireClosed
from ..domain.errors import Refusal
from .answers import Stamp, written_answer, written_refusal
from .connection import UnderWay
from .envelope import Malformed, read_envelope
from .frames import Id, error_frame, result_frame, written
from .kernel import INITIALIZE, Kernel, opened_by
from .line import Channel, Line
from .peer import Peer
from .plain import ListAsked, Plain, PlainCall, known_meta, read_call

EARLY_LIMIT = 8
"""Messages kept that come before the first request, which says what era they belong to; a client has one of them to send."""

INITIALIZED, CANCELLED, PROGRESS = "notifications/initialized", "notifications/cancelled", "notifications/progress"


@define(eq=False)
class Dispatcher:
    """Serves one connection. A plain call has no task: what comes of it is heard, and written where it is heard."""

    _server: Server[Any]
    _plain: Plain
    _peer: Peer
    _wire: Wire
    _under_way: UnderWay = Factory(UnderWay)
    _kernel: Kernel | None = None
    _early: list[JSONRPCMessage] = Factory(list)
    _line: Line = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._line = Line(self._wire, self._peer.nursery)

    async def run(self) -> None:
        """Serve until the wire ends. When it takes no more messages, all that was taken is answered first."""
        try:
            while await self._take_next():
                pass
            self._peer.end()
            await self._under_way.until_none()
        except WireClosed:
            pass
        finally:
            self._under_way.stop_all()

    async def _take_next(self) -> bool:
        """Take one message; False when no more shall be taken. An idle connection keeps nothing of its last one."""
        frame = await self._wire.receive(self._take_at_once)
        if frame is None:
            return False
        await self._take(frame)
        return True

    def _take_at_once(self, frame: str | bytes) -> bool:
        call = read_call(frame)
        return call is not None and self._post(call)

    async def aclose(self) -> None:
        """After everything that it began has ended."""
        if self._kernel is not None:
            await self._kernel.aclose()

    # plain calls

    def _post(self, call: PlainCall) -> bool:
        """Send a call on its way, or refuse it; False when it has to go by the kernel."""
        connection, kernel = self._peer.connection, self._kernel
        if kernel is None or not self._plain.may_call(call, connection):
            return False
        if (version := kernel.version_for(known_meta(call.params.meta))) is None:
            return False
        key = self._under_way.take(call.id)
        if isinstance(key, Malformed):
            self._refuse(key)
            return True
        heard = partial(self._heard, key, call, self._plain.stamp(version))
        try:
            leave = self._peer.front.post(connection, call.params.name, call.params.arguments or {}, heard)
        except Refusal as no:
            heard(None, no)
            return True
        if leave is None:
            self._under_way.end(key)
            return False
        self._under_way.stopped_by(key, partial(self._leave, key, leave))
        return True

    def _leave(self, key: Id, leave: Leave) -> None:
        leave()
        self._under_way.end(key)

    def _heard(self, key: Id, call: PlainCall, stamp: Stamp, answer: Json | None, error: BaseException | None) -> None:
        try:
            frame = self._frame(call, stamp, answer, error)
        except Exception as broken:
            # An answer that cannot be written: the client must hear something.
            frame = self._frame(call, stamp, None, broken)
        self._under_way.end(key)
        self._wire.post(frame)

    def _frame(self, call: PlainCall, stamp: Stamp, answer: Json | None, error: BaseException | None) -> bytes:
        notices = self._peer.front.notices
        match error:
            case None:
                assert answer is not None
                return result_frame(call.id, written_answer(answer, notices(self._peer.connection), stamp))
            case UnknownTool():
                return error_frame(call.id, ErrorData(code=INVALID_PARAMS, message=f"Unknown tool: {error.tool[:100]}"))
            case Refusal():
                return result_frame(call.id, written_refusal(error, notices(self._peer.connection), stamp))
            case _:
                refusal = internal(error, "a call failed", tool=call.params.name)
                return result_frame(call.id, written_refusal(refusal, notices(self._peer.connection), stamp))

    # everything else

    async def _take(self, frame: str | bytes) -> None:
        message = read_envelope(frame)
        if isinstance(message, JSONRPCRequest):
            await self._take_request(message)
        elif isinstance(message, Malformed):
            self._refuse(message)
        elif message is not None and self._kernel is not None:
            await self._take_other(self._kernel, message)
        elif message is not None and len(self._early) < EARLY_LIMIT:
            self._early.append(message)

    def _refuse(self, problem: Malformed) -> None:
        self._wire.post(problem.to_json().encode())

    async def _take_request(self, request: JSONRPCRequest) -> None:
        key = self._under_way.take(request.id)
        if isinstance(key, Malformed):
            self._refuse(key)
            return
        kernel = self._kernel or await self._open(request)
        to_list = self._plain.list_asked_for(request, kernel, self._peer.connection.profile)
        if to_list is not None and (kept := self._plain.lists.get(to_list)) is not None:
            self._under_way.end(key)
            self._wire.post(result_frame(request.id, kept))
            return
        channel = self._channel(kernel, request.id)
        channel.progress_token = progress_token_from_params(request.params)
        self._under_way.stopped_by(key, channel.cancel)
        if request.method == INITIALIZE:
            # Nothing is read meanwhile, so that what is sent right behind it finds the connection open.
            await self._serve(kernel, channel, request, key, to_list)
        else:
            self._peer.nursery.start_soon(self._serve, kernel, channel, request, key, to_list)
            # One after the other, each with everybody else's turn between: these cost a hundred times as much as plain calls.
            await trio.lowlevel.checkpoint()

    def _channel(self, kernel: Kernel, request_id: Id | None) -> Channel:
        return Channel(self._line, request_id, ServerMessageMetadata(request_context=self._peer), kernel.transport)

    async def _open(self, request: JSONRPCRequest) -> Kernel:
        self._kernel = opened_by(request.method, request.params, self._server, self._line, self._peer.connection.id)
        early, self._early = self._early, []
        for each in early:
            await self._take_other(self._kernel, each)
        return self._kernel

    async def _serve(self, kernel: Kernel, channel: Channel, request: JSONRPCRequest, key: Id, to_list: ListAsked | None) -> None:
        frame = None
        with channel.scope:
            try:
                result = written(await kernel.serve(channel, request.method, request.params))
                frame = result_frame(request.id, result)
                if to_list is not None:
                    self._plain.lists[to_list] = result
            except Exception as error:
                # The client must hear something, and of what nobody foresaw not its own words.
                frame = error_frame(request.id, handler_exception_to_error_data(error) or _unforeseen(error, request.method))
            finally:
                channel.close()
        self._under_way.end(key)
        if frame is not None and not channel.is_cancelled:
            self._wire.post(frame)

    async def _take_other(self, kernel: Kernel, message: JSONRPCMessage) -> None:
        if not isinstance(message, JSONRPCNotification):
            await self._line.heard(message)
            return
        if message.method == CANCELLED and (given_up := cancelled_request_id_from_params(message.params)) is not None:
            self._under_way.stop(given_up)
        elif message.method == PROGRESS:
            await self._line.heard(message)
        channel = self._channel(kernel, None)
        if message.method == INITIALIZED:
            # As what comes right behind it may depend on it.
            await kernel.notice(channel, message.method, message.params)
        else:
            self._peer.nursery.start_soon(kernel.notice, channel, message.method, message.params)


def _unforeseen(error: Exception, method: str) -> ErrorData:
    refusal = internal(error, "a request failed", method=method)
    return ErrorData(code=INTERNAL_ERROR, message=refusal.cause())
