"""The line to one client, as the SDK's kernel speaks on it: notifications, and requests that the server makes of its client."""

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn, Self

import anyio
import trio
from attrs import define
from mcp.shared.dispatcher import CallOptions, DispatchContext
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.message import MessageMetadata, SessionMessage
from mcp.shared.transport_context import TransportContext
from mcp_types import JSONRPCMessage

from ..actors.wires import Wire, WireClosed
from .frames import Id, notification_frame, written

BOTH_WAYS = TransportContext(kind="jsonrpc", can_send_request=True)
ONE_WAY = TransportContext(kind="jsonrpc", can_send_request=False)
"""In the newer era a server asks nothing of its client."""

Params = Mapping[str, Any] | None


@define(eq=False)
class Line:
    """The whole connection's. Requests of ours are the SDK's own work, begun with the first: hardly any client is ever asked anything."""

    _wire: Wire
    _nursery: trio.Nursery
    _asking: "_Asking | None" = None

    async def notify(self, method: str, params: Params, opts: CallOptions | None = None) -> None:
        """Tell the client, if it is still there."""
        with suppress(WireClosed):  # whoever reads hears of it
            await self._wire.send(notification_frame(method, params))

    async def send_raw_request(self, method: str, params: Params, opts: CallOptions | None = None) -> dict[str, Any]:
        """Ask the client. Raises MCPError when it refuses, or is gone."""
        if self._asking is None:
            self._asking = _Asking(self._wire)
            await self._nursery.start(self._asking.run)
        return await self._asking.dispatcher.send_raw_request(method, params, opts)

    async def heard(self, message: JSONRPCMessage) -> None:
        """Something has come that may be an answer to us, or tell how it comes along."""
        if self._asking is not None:
            await self._asking.heard(message)


class Channel:
    """One message's share of the line, with which the kernel serves it; for a request, until it is answered or cancelled."""

    def __init__(self, line: Line, request_id: Id | None, message_metadata: MessageMetadata, transport: TransportContext) -> None:
        self.request_id = request_id
        self.message_metadata = message_metadata
        self.transport = transport
        self.scope = trio.CancelScope()
        self.is_cancelled = False
        self.progress_token: Id | None = None
        self._line = line
        self._closed = False
        self._cancel_requested: anyio.Event | None = None

    @property
    def can_send_request(self) -> bool:
        return self.transport.can_send_request and not self._closed

    @property
    def cancel_requested(self) -> anyio.Event:
        if self._cancel_requested is None:
            self._cancel_requested = anyio.Event()
            if self.is_cancelled:
                self._cancel_requested.set()
        return self._cancel_requested

    def cancel(self) -> None:
        """Its client wants no answer any more."""
        self.is_cancelled = True
        if self._cancel_requested is not None:
            self._cancel_requested.set()
        self.scope.cancel()

    def close(self) -> None:
        """It was served; nothing more is said for it."""
        self._closed = True

    async def send_raw_request(self, method: str, params: Params, opts: CallOptions | None = None) -> dict[str, Any]:
        if not self.can_send_request:
            raise NoBackChannelError(method)
        return await self._line.send_raw_request(method, params, opts)

    async def notify(self, method: str, params: Params, opts: CallOptions | None = None) -> None:
        if not self._closed:
            await self._line.notify(method, params, opts)

    async def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        if self.progress_token is None:
            return
        said = {"progressToken": self.progress_token, "progress": progress, "total": total, "message": message}
        await self.notify("notifications/progress", {name: value for name, value in said.items() if value is not None})


class _Stream:
    """What the SDK asks of a stream besides its one verb."""

    async def aclose(self) -> None:
        """Nothing: whoever made it ends it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


class _Answers(_Stream):
    """What the SDK reads: the messages that may be answers to us, one at a time."""

    def __init__(self) -> None:
        self.put, self._taken = trio.open_memory_channel[JSONRPCMessage](0)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return SessionMessage(await self._taken.receive())

    receive = __anext__


class _Questions(_Stream):
    """What the SDK writes: our requests, and that we gave one up."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, item: SessionMessage) -> None:
        try:
            await self._wire.send(written(item.message.model_dump(by_alias=True, exclude_unset=True)))
        except WireClosed:
            raise anyio.BrokenResourceError from None


class _Asking:
    """The SDK's dispatcher, used in one direction."""

    def __init__(self, wire: Wire) -> None:
        self._answers = _Answers()
        self.dispatcher: JSONRPCDispatcher[TransportContext] = JSONRPCDispatcher(self._answers, _Questions(wire))

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await self.dispatcher.run(_never, _already_told, task_status=task_status)

    async def heard(self, message: JSONRPCMessage) -> None:
        await self._answers.put.send(message)


async def _never(context: DispatchContext[TransportContext], method: str, params: Params) -> NoReturn:
    raise AssertionError("requests are served elsewhere")


async def _already_told(context: DispatchContext[TransportContext], method: str, params: Params) -> None:
    """Notifications go to the kernel another way."""
