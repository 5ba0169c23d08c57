"""Credentials: where in a handshake a token may be. Never in the address: addresses are written into logs and histories."""

import base64
import binascii
from collections.abc import Sequence

BEARER_PROTOCOL = "bearer."
"""For web pages, which can add no header to a WebSocket: the token as a subprotocol beside our own."""

SECRET_LIMIT = 256
"""More characters than any token has; what is longer is not looked at."""


class TwoSecrets(Exception):
    """A handshake has more than one token, and nobody should guess which is meant."""


def secret_in(headers: Sequence[tuple[str, str]], subprotocols: Sequence[str] = ()) -> str | None:
    """The token of a handshake, None without one. Raises TwoSecrets."""
    given = [value for name, value in headers if name == "authorization"]
    offered = [each.removeprefix(BEARER_PROTOCOL) for each in subprotocols if each.startswith(BEARER_PROTOCOL)]
    if len(given) + len(offered) > 1:
        raise TwoSecrets
    if offered:
        return offered[0][:SECRET_LIMIT]
    return _authorized(given[0]) if given else None


def _authorized(value: str) -> str | None:
    scheme, _, rest = value.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip()[:SECRET_LIMIT]
        case "basic":
            # As in ws://NAME:TOKEN@HOST, all that some clients can be told. The name says nothing that the token does not.
            try:
                decoded = base64.b64decode(rest.strip()[: 2 * SECRET_LIMIT], validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return ""
            return decoded.partition(":")[2][:SECRET_LIMIT]
        case _:
            return ""
