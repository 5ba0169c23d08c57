"""A real browser without a window: Debian's chromium, spoken to over a pair of pipes, in a profile of its own."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import Factory, define

WITHIN_S = 30.0
"""For one step of a page; a machine that is busy with other tests takes its time."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
)

CHROMIUM = shutil.which("chromium")
HOW_TO_GET_IT = "chromium is not installed: apt-get update && apt-get install -y chromium"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason=HOW_TO_GET_IT)


@define(eq=False)
class Page:
    """One tab."""

    _browser: "Browser"
    _session: str

    async def go(self, url: str) -> None:
        """Open an address, and wait until all of it is there."""
        await self._browser.command("Page.navigate", {"url": url}, self._session)
        await self._browser.event("Page.loadEventFired", self._session)

    async def run(self, script: str) -> Any:
        """What an expression of the page's own comes to, which may be a promise."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = await self._browser.command("Runtime.evaluate", asked, self._session)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")


@define(eq=False)
class Browser:
    """One browser; commands and events one after the other, by one task."""

    _sending: trio.abc.SendStream
    _receiving: trio.abc.ReceiveStream
    _received: bytes = b""
    _number: int = 0
    _events: list[Mapping[str, Any]] = Factory(list)

    async def page(self) -> Page:
        """A new tab."""
        target = (await self.command("Target.createTarget", {"url": "about:blank"}))["targetId"]
        session = (await self.command("Target.attachToTarget", {"targetId": target, "flatten": True}))["sessionId"]
        await self.command("Page.enable", {}, session)
        return Page(self, session)

    async def command(self, method: str, params: Mapping[str, Any], session: str | None = None) -> Any:
        """The result of one command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        await self._sending.send_all(json.dumps(message).encode() + b"\0")
        with trio.fail_after(WITHIN_S):
            while (answer := await self._next()).get("id") != self._number:
                self._events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    async def event(self, method: str, session: str) -> None:
        """Wait for an event, unless it came already since the last time."""

        def is_it(message: Mapping[str, Any]) -> bool:
            return message.get("method") == method and message.get("sessionId") == session

        with trio.fail_after(WITHIN_S):
            while not any(is_it(message) for message in self._events):
                self._events.append(await self._next())
        self._events.clear()

    async def _next(self) -> Any:
        while b"\0" not in self._received:
            chunk = await self._receiving.receive_some(1 << 16)
            assert chunk, "the browser has ended"
            self._received += bytes(chunk)
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser for the time of a block. Every name under .example is this machine to it, as if its owner had said so."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        commands, to_browser = os.pipe()
        from_browser, answers = os.pipe()
        # The browser reads commands at descriptor 3 and answers at 4.
        wiring = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        process = await trio.lowlevel.open_process(
            ["bash", "-c", wiring, CHROMIUM, *FLAGS, f"--user-data-dir={Path(folder) / 'profile'}", "about:blank"],
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        async with trio.lowlevel.FdStream(to_browser) as sending, trio.lowlevel.FdStream(from_browser) as receiving:
            browser = Browser(sending, receiving)
            try:
                yield browser
            finally:
                with trio.CancelScope(shield=True):
                    await _ended(browser, process)


async def _ended(browser: Browser, process: trio.Process) -> None:
    with trio.move_on_after(5):
        try:
            await browser.command("Browser.close", {})
            await process.wait()
        except (trio.BrokenResourceError, trio.BusyResourceError, AssertionError):
            pass  # it is broken already; it is ended all the same
    process.kill()
    await process.wait()


@asynccontextmanager
async def pages() -> AsyncIterator[int]:
    """A web server with one empty page at every path; its port."""

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            request = b""
            while b"\r\n\r\n" not in request and (chunk := await stream.receive_some(65536)):
                request += bytes(chunk)
            body = b"<!doctype html><title>a page</title><body>a page</body>"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            await stream.send_all(head.encode() + body)

    async def each(stream: trio.SocketStream) -> None:
        # A browser opens connections that it does not use.
        with suppress(trio.BrokenResourceError):
            await answer(stream)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, each, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()
