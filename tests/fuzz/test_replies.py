"""Replies that may come in any order are held to all that is owed, also where two have the same id."""

from typing import Any

from tests.fuzz.oracle.replies import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, NOTHING, Allowed, unmatched

EITHER = Allowed(id=1, codes={INVALID_PARAMS, INVALID_REQUEST})
ONE = Allowed(id=1, codes={INVALID_REQUEST})


def refused(code: int, to: int = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": to, "error": {"code": code, "message": "no"}}


def test_a_reply_that_fits_two_leaves_the_one_to_whom_nothing_else_is_owed() -> None:
    for owed in ([EITHER, ONE], [ONE, EITHER]):
        assert unmatched(owed, [refused(INVALID_REQUEST), refused(INVALID_PARAMS)]) is None
        assert unmatched(owed, [refused(INVALID_PARAMS), refused(INVALID_REQUEST)]) is None


def test_a_wrong_reply_and_one_too_many_and_one_too_few_are_seen() -> None:
    assert "was right" in str(unmatched([ONE], [refused(METHOD_NOT_FOUND)]))
    assert "nobody asked" in str(unmatched([NOTHING], [refused(INVALID_REQUEST)]))
    assert "nobody asked" in str(unmatched([ONE], [refused(INVALID_REQUEST)] * 2))
    assert "never answered" in str(unmatched([ONE, EITHER], [refused(INVALID_REQUEST)]))
    assert unmatched([ONE, EITHER], [refused(INVALID_PARAMS)] * 2) is not None


def test_a_thousand_of_a_kind_are_no_work() -> None:
    many = [Allowed(codes={INVALID_REQUEST})] * 4_000
    assert unmatched(many, [{**refused(INVALID_REQUEST), "id": None}] * 4_000) is None
