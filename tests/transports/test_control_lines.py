"""Cutting a stream into lines gives the same lines however it arrives, and never holds more than one."""

import itertools

import hypothesis.strategies as st
from hypothesis import given

from taskactors.transports import control_lines
from taskactors.transports.control_lines import TOO_LONG, LineCutter

LIMIT = 20


def cut(chunks: list[bytes]) -> list[bytes | None]:
    cutter = LineCutter()
    lines = [line for chunk in chunks for line in cutter.feed(chunk)]
    assert len(cutter.unfinished()) <= control_lines.LINE_BYTES
    return lines


def expected(stream: bytes, limit: int) -> list[bytes | None]:
    *whole, rest = stream.split(b"\n")
    lines = [line if len(line) <= limit else TOO_LONG for line in whole]
    return [*lines, TOO_LONG] if len(rest) > limit else lines


@given(st.lists(st.integers(0, 3 * LIMIT), max_size=8), st.lists(st.integers(0, 8 * LIMIT), max_size=12))
def test_lines_do_not_depend_on_how_the_bytes_arrive(lengths: list[int], cuts: list[int]) -> None:
    stream = b"\n".join(bytes([97 + number]) * length for number, length in enumerate(lengths))
    edges = sorted({0, *(min(at, len(stream)) for at in cuts), len(stream)})
    chunks = [stream[begin:end] for begin, end in itertools.pairwise(edges)]
    before, control_lines.LINE_BYTES = control_lines.LINE_BYTES, LIMIT
    try:
        assert cut(chunks) == expected(stream, LIMIT)
        assert cut([bytes([byte]) for byte in stream]) == expected(stream, LIMIT)
    finally:
        control_lines.LINE_BYTES = before


def test_a_line_at_the_limit_is_whole_and_one_byte_more_is_not() -> None:
    limit = control_lines.LINE_BYTES
    assert cut([b"x" * limit + b"\n"]) == [b"x" * limit]
    assert cut([b"x" * (limit + 1) + b"\nnext\n"]) == [TOO_LONG, b"next"]


def test_a_line_without_end_is_told_once_and_kept_not_at_all() -> None:
    cutter = LineCutter()
    told = [line for _ in range(64) for line in cutter.feed(b"x" * 65_536)]
    assert told == [TOO_LONG]
    assert cutter.unfinished() == b""
    assert list(cutter.feed(b"rest\nnext\n")) == [b"next"]
