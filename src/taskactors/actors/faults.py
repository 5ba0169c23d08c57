"""Faults: bugs and broken things, logged whole under a reference, and told to the caller by that reference alone."""

import secrets

from ..loglines import Log
from .refusals import Internal

log = Log(__name__)


def internal(error: BaseException, what: str, **facts: object) -> Internal:
    """Log a fault with its traceback; the refusal that a caller gets says only where to find it."""
    reference = secrets.token_hex(4)
    log.error(what, reference=reference, exc_info=error, **facts)
    return Internal(reference)
