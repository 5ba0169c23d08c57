"""Who used the processor, told apart."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from bench.processor import Used, family, memory_kib, process_s


def test_a_process_that_works_is_seen_to_work() -> None:
    before = process_s([os.getpid()])
    sum(number * number for number in range(2_000_000))
    assert process_s([os.getpid()]) - before > 0.01


def test_what_a_thread_did_is_not_forgotten_when_it_ends() -> None:
    before = process_s([os.getpid()])
    thread = Thread(target=lambda: sum(number * number for number in range(2_000_000)))
    thread.start()
    thread.join()
    assert process_s([os.getpid()]) - before > 0.01


def test_what_a_process_started_belongs_to_its_family_and_who_is_gone_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in family(os.getpid())
        child.communicate(b"\n")
    assert family(child.pid) == []
    assert process_s([child.pid]) == 0
    assert memory_kib([child.pid]) == 0


def test_what_another_thread_started_belongs_to_the_family_too() -> None:
    ask = [sys.executable, "-c", "input()"]
    with ThreadPoolExecutor(1) as other, other.submit(subprocess.Popen, ask, stdin=subprocess.PIPE).result() as child:
        assert child.pid in family(os.getpid())
        child.communicate(b"\n")


def test_strangers_use_what_neither_the_server_nor_the_generator_did() -> None:
    assert Used(server_s=3.0, own_s=1.0, machine_s=4.5).foreign_s == 0.5
    assert Used(server_s=3.0, own_s=1.0, machine_s=3.99).foreign_s == 0


def test_memory_that_is_taken_is_counted_as_ones_own() -> None:
    before = memory_kib([os.getpid()])
    taken = bytearray(os.urandom(16 << 20))
    assert 15 << 10 < memory_kib([os.getpid()]) - before < 40 << 10
    assert len(taken) == 16 << 20
