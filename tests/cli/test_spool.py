"""Kept lines are delivered in order and none is lost, whoever dies when."""

import json
import multiprocessing
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from taskactors.cli.errors import LostServer, NoServer, Refused
from taskactors.cli.spool import FOR_NOW, SPOOL, Outcome, deliver, keep
from taskactors.domain.errors import Refusal

SPAWNED = multiprocessing.get_context("fork")


def line(number: int) -> bytes:
    return json.dumps({"content": f"line {number}"}).encode()


def kept(folder: Path) -> list[bytes]:
    spool = folder / SPOOL
    return spool.read_bytes().splitlines() if spool.exists() else []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / ".taskactors"
    for number in range(5):
        keep(str(folder), line(number))
    return folder


def test_lines_are_delivered_in_order_and_nothing_is_left(data: Path) -> None:
    sent: list[bytes] = []
    outcome = deliver(str(data), sent.append)
    assert sent == [line(number) for number in range(5)]
    assert (outcome.kept_because, outcome.refused, kept(data)) == (None, {}, [])
    assert deliver(str(data), sent.append).refused == {}
    assert len(sent) == 5


def test_a_folder_that_is_made_is_private_and_kept_out_of_git(data: Path) -> None:
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / SPOOL).stat().st_mode) == 0o600
    assert (data / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("gone", [NoServer("gone"), LostServer("gone"), *(Refused("not now", code=code) for code in sorted(FOR_NOW))])
def test_what_cannot_be_delivered_now_stays_with_all_behind_it(gone: NoServer | Refused, data: Path) -> None:
    sent: list[bytes] = []

    def send(each: bytes) -> None:
        if len(sent) == 2:
            raise gone
        sent.append(each)

    assert deliver(str(data), send).kept_because is gone
    assert kept(data) == [line(2), line(3), line(4)]
    keep(str(data), line(5))
    deliver(str(data), sent.append)
    assert sent == [line(number) for number in range(6)]


def test_a_line_that_is_refused_for_good_is_told_of_and_does_not_stop_the_others(data: Path) -> None:
    sent: list[bytes] = []
    no = Refused("no such agent", code="invalid_arguments")

    def send(each: bytes) -> None:
        if each == line(1):
            raise no
        sent.append(each)

    assert deliver(str(data), send).refused == {line(1): no}
    assert sent == [line(0), line(2), line(3), line(4)]
    assert kept(data) == []


def test_refusals_for_now_are_refusals_that_there_are() -> None:
    import taskactors.actors.refusals  # noqa: F401  so that they are all known

    assert {each.code for each in Refusal.__subclasses__()} >= FOR_NOW


def test_an_interrupt_loses_nothing(data: Path) -> None:
    def send(each: bytes) -> None:
        if each == line(2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(str(data), send)
    assert kept(data) == [line(2), line(3), line(4)]


def test_a_line_that_is_kept_while_others_are_delivered_goes_with_them(data: Path) -> None:
    sent: list[bytes] = []

    def send(each: bytes) -> None:
        sent.append(each)
        if each == line(3):
            keep(str(data), line(5))

    deliver(str(data), send)
    assert sent == [line(number) for number in range(6)]


def test_while_one_delivers_another_only_leaves_its_line(data: Path) -> None:
    sent: list[bytes] = []
    inner: list[Outcome] = []

    def send(each: bytes) -> None:
        sent.append(each)
        if each == line(0):
            keep(str(data), line(5))
            inner.append(deliver(str(data), never))

    deliver(str(data), send)
    assert inner[0].kept_because is None
    assert sent == [line(number) for number in range(6)]


def test_a_torn_line_does_not_swallow_the_next_one(data: Path) -> None:
    with (data / SPOOL).open("ab") as file:
        file.write(b'{"content": "half')
    keep(str(data), line(5))
    assert kept(data)[-2:] == [b'{"content": "half', line(5)]


def test_a_process_killed_while_it_delivers_leaves_what_is_not_known_to_be_taken(data: Path) -> None:
    def send_two_and_die(data: Path) -> None:
        def send(each: bytes) -> None:
            if each == line(2):
                os.kill(os.getpid(), signal.SIGKILL)

        deliver(str(data), send)

    in_a_process(send_two_and_die, data)
    sent: list[bytes] = []
    deliver(str(data), sent.append)
    # The first two were taken; they come again, under their keys, because nobody lived to note it.
    assert sent == [line(number) for number in range(5)]


def test_many_processes_at_once_deliver_every_line_once(tmp_path: Path) -> None:
    data, taken = tmp_path / "data", tmp_path / "taken"

    def log_ten(first: int) -> None:
        for number in range(first, first + 10):
            keep(str(data), line(number))
            deliver(str(data), lambda each: append(taken, each))

    processes = [SPAWNED.Process(target=log_ten, args=(first,)) for first in range(0, 80, 10)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
        assert each.exitcode == 0
    lines = taken.read_bytes().splitlines()
    assert sorted(lines) == sorted(line(number) for number in range(80))
    for first in range(0, 80, 10):
        mine = [line(number) for number in range(first, first + 10)]
        assert [each for each in lines if each in mine] == mine


def never(each: bytes) -> None:
    raise AssertionError(f"{each!r} was sent by somebody else")


def append(path: Path, each: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(each + b"\n")


def in_a_process(function: Callable[[Path], None], data: Path) -> None:
    process = SPAWNED.Process(target=function, args=(data,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
