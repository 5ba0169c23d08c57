"""Calling a server elsewhere: JSON-RPC over HTTP, with the standard library alone."""

from __future__ import annotations

import json
import math
import queue
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, RemoteDisconnected
from urllib.parse import quote, urlencode

from .credentials import TOKEN_VARIABLE, token_for, whole
from .errors import NOT_ADMITTED, CliError, LostServer, NoServer, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .address import Address

CONNECT_WITHIN_S = 10.0

ANSWER_BYTES = 16 << 20
"""What we are willing to be told in one answer."""

SAID_CHARACTERS = 300
"""The most that is repeated of an answer that is none of a tool's."""

IN_PIECES = frozenset({"discover_work", "read_inbox", "get_changes"})
PIECE_S = 45
"""A long wait is asked for in pieces of this many seconds, between which a place in the line is kept: what stands between
here and there often cuts off whatever is silent for a minute."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WHOLE = {"X-Taskactors-Answers": "whole"}
"""So that a tool of older servers answers as it does everywhere else, and not in the shape that their scripts read."""

METHOD_NOT_FOUND = -32601

TRUST = "have SSL_CERT_FILE name the PEM file of the authority that signed it"
LOOK = "look whether the change was made before you repeat it"


class RemoteServer:
    """A connection to one server. Whoever made it closes it."""

    def __init__(self, there: Address, within_s: float) -> None:
        self._there = there
        self._within_s = within_s
        self._url, self._connection = _connection(there, min(within_s, CONNECT_WITHIN_S))
        # In the environment's address it may stand, too: other users cannot read that.
        self._token = token_for(None) or (whole(there.token, "the address") if there.token else None)
        self._answered = False
        self._connect()
        _warn_of_listeners(there)

    def call(self, method: str, arguments: dict[str, Any], project: str, agent: str | None) -> dict[str, Any]:
        """The answer of a tool. Raises Refused with the server's cause and remedy, LostServer when it goes away."""
        given = {name: value for name, value in arguments.items() if value is not None}
        if method not in IN_PIECES:
            return self._called(method, given, project, agent)
        until = time.monotonic() + given.get("wait_s", 0)
        while True:
            left_s = until - time.monotonic()
            piece = {"wait_s": max(1, min(PIECE_S, math.ceil(left_s)))} if given.get("wait_s") else {}
            answer = self._called(method, given | piece, project, agent)
            if left_s <= PIECE_S or answer.get("items"):
                return answer
            if method == "get_changes":
                # From where this piece ended, so that nothing is missed between two.
                given["cursor"] = answer["next_cursor"]

    def tell(self, method: str, params: bytes) -> None:
        """The same for whoever needs no answer, with the params as a line of the control socket has them."""
        arguments = json.loads(params)
        around = arguments.pop("_")
        self._called(method, arguments, around["project"], around.get("agent"))

    def first_of(self, calls: list[tuple[str, dict[str, Any]]], project: str, agent: str | None) -> tuple[str, dict[str, Any]]:
        """Ask all of these at once; the method and the answer of whichever is answered first. Nothing may be called afterwards."""
        first: queue.SimpleQueue[tuple[str, dict[str, Any] | CliError]] = queue.SimpleQueue()
        servers = [self, *(RemoteServer(self._there, self._within_s) for _ in calls[1:])]

        def ask(server: RemoteServer, method: str, arguments: dict[str, Any]) -> None:
            try:
                first.put((method, server.call(method, arguments, project, agent)))
            except CliError as error:
                first.put((method, error))

        for server, (method, arguments) in zip(servers, calls, strict=True):
            threading.Thread(target=ask, args=(server, method, arguments), daemon=True).start()
        try:
            method, answer = first.get(timeout=self._within_s)
        except queue.Empty:
            raise LostServer("the server did not answer in time", LOOK) from None
        finally:
            for server in servers[1:]:
                server.close()
        if isinstance(answer, CliError):
            raise answer
        return method, answer

    def close(self) -> None:
        """Also while another thread waits for an answer, which then ends."""
        # It may be closed already, or by its other end.
        with suppress(OSError):
            if self._connection.sock is not None:
                socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)
        self._connection.close()

    # one request

    def _connect(self) -> None:
        try:
            self._connection.connect()
        except OSError as error:
            raise self._unreachable(error) from None
        self._connection.sock.settimeout(self._within_s)

    def _called(self, method: str, arguments: dict[str, Any], project: str, agent: str | None) -> dict[str, Any]:
        asked = {"agent": agent, "patient": "yes" if arguments.get("wait_s", 0) > PIECE_S else None}
        target = f"/rpc/{quote(project, safe='')}?{urlencode({name: value for name, value in asked.items() if value})}"
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": arguments})
        headers = {"Content-Type": "application/json", **WHOLE}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            self._connection.request("POST", target, body.encode(), headers)
            response = self._connection.getresponse()
            said = response.read(ANSWER_BYTES)
        except TimeoutError:
            raise LostServer("the server did not answer in time", LOOK) from None
        except (OSError, HTTPException) as error:
            raise self._lost(error) from None
        self._answered = True
        return self._result(method, response, said)

    def _result(self, method: str, response: HTTPResponse, said: bytes) -> dict[str, Any]:
        if response.status != 200:
            # A server of ours says why as plain text; what proxies say is a page.
            is_plain = (response.headers.get_content_type() or "") == "text/plain"
            raise self._no(response, said.decode("utf-8", "replace").strip()[:SAID_CHARACTERS] if is_plain else "")
        try:
            reply = json.loads(said)
        except ValueError:
            reply = None
        if isinstance(reply, dict) and isinstance(reply.get("result"), dict):
            answer: dict[str, Any] = reply["result"]
            return answer
        error = reply.get("error") if isinstance(reply, dict) else None
        if not isinstance(error, dict):
            raise NoServer(f"{self._url} does not answer as a server of taskactors does", "look whether the address is right")
        if error.get("code") == METHOD_NOT_FOUND and method.startswith("admin."):
            raise Refused(
                f"{method} is for whoever runs the server",
                f"put the token of that machine into {TOKEN_VARIABLE}, or run it there; and speak as no agent",
            )
        data: dict[str, Any] = error["data"] if isinstance(error.get("data"), dict) else {}
        raise Refused(data.get("cause") or str(error.get("message")), data.get("remedy") or "", data.get("code") or "", data.get("facts"))

    def _no(self, response: HTTPResponse, said: str) -> CliError:
        """What an answer means that comes from before any tool."""
        why, _, remedy = said.partition("; ")
        match response.status:
            case 401 if self._token is None:
                return Refused(f"{self._url} wants a token", f"put yours into {TOKEN_VARIABLE}; {remedy}", NOT_ADMITTED)
            case 401 | 403:
                return Refused(why or f"{self._url} answers {response.status}", remedy, NOT_ADMITTED)
            case 400 | 413 | 415:
                return Refused(why or f"{self._url} answers {response.status}", remedy)
            case 421:
                return Refused(
                    f"the server at {self._url} does not answer to the name {self._there.host}",
                    f"whoever runs it starts it with --allow-host {self._there.host}",
                    NOT_ADMITTED,
                )
            case status if 300 <= status < 400:
                return NoServer(f"{self._url} leads elsewhere, to {response.headers.get('Location', 'nowhere')}", "name that address")
            case 404:
                return NoServer(f"at {self._url} there is something else than a server of taskactors", "look whether the address is right")
            case status:
                return NoServer(f"{self._url} answers {status}{f': {why}' if why else ''}", remedy or "try again in a moment")

    def _unreachable(self, error: OSError) -> NoServer:
        if isinstance(error, ssl.SSLCertVerificationError):
            return NoServer(f"the certificate of {self._there.host} is not trusted: {error.verify_message}", TRUST)
        if isinstance(error, ssl.SSLError):
            why = f"{self._url} does not speak TLS as it should ({error.reason or error})"
            return NoServer(why, "a server without --tls-cert has an http:// address")
        if isinstance(error, socket.gaierror):
            return NoServer(f"there is no machine called {self._there.host} ({error.strerror})", "look whether the address is right")
        if isinstance(error, TimeoutError):
            return NoServer(f"nobody answers at {self._url}", "look whether it runs there, and whether a firewall is between")
        meant_by = "" if self._there.is_http else f", the HTTP port that usually belongs to {self._there.shown}"
        why = f"nobody takes a connection at {self._url}{meant_by} ({error.strerror or error})"
        return NoServer(why, "look whether the server runs there, with HTTP, and give its http:// or https:// address")

    def _lost(self, error: OSError | HTTPException) -> NoServer:
        if not self._answered and isinstance(error, HTTPException) and not isinstance(error, RemoteDisconnected):
            return NoServer(f"{self._url} does not speak HTTP", "look whether the address is right")
        if not self._answered and not self._there.is_secure and isinstance(error, RemoteDisconnected | ConnectionResetError):
            why = f"{self._url} closed the connection without an answer"
            return LostServer(why, f"a server with --tls-cert has an https:// address; else {LOOK}")
        return LostServer(f"the server went away in the middle of the call ({error})", LOOK)


def _connection(there: Address, within_s: float) -> tuple[str, HTTPConnection]:
    """Where the server's HTTP is, and a connection to it that is not open yet. Of a WebSocket's address it is the next port,
    unless that is one of the web, behind which a proxy leads both to where they belong.
    """
    port = there.port if there.is_http or there.is_usual_port else there.port + 1
    scheme = "https" if there.is_secure else "http"
    host = f"[{there.host}]" if ":" in there.host else there.host
    url = f"{scheme}://{host}" + ("" if there.is_usual_port else f":{port}")
    if there.is_secure:
        return url, HTTPSConnection(there.host, port, timeout=within_s, context=ssl.create_default_context())
    return url, HTTPConnection(there.host, port, timeout=within_s)


def _warn_of_listeners(there: Address) -> None:
    if not there.is_secure and there.host not in LOOPBACK:
        print(f"taskactors: what is said to {there.host} can be read on the way, the token too; https:// keeps it", file=sys.stderr)
