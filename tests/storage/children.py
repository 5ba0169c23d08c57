"""Processes of their own for what a test must not do to itself: die, lose its disk, or be refused by the kernel."""

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

ANSWER_WITHIN_S = 60.0


class Ended(Exception):
    """The process ended without an answer; `how` is the signal's name, or the exit code."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Impossible(Exception):
    """This machine does not let a process do what the test needs."""


def in_child(fn: Callable[..., Any], *arguments: Any) -> Any:
    """What the function answers in a new process. Raises Ended, after a traceback if it raises; skips the test on Impossible."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, fn, arguments))
    process.start()
    theirs.close()
    try:
        assert ours.poll(ANSWER_WITHIN_S), "the child hangs"
        kind, answer = ours.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        raise Ended(signal.Signals(-code).name if code < 0 else str(code)) from None
    finally:
        ours.close()
        process.kill()
        process.join()
    if kind == "impossible":
        pytest.skip(answer)
    return answer


def _run(to: Connection, fn: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        answer = ("answer", fn(*arguments))
    except Impossible as why:
        answer = ("impossible", str(why))
    to.send(answer)


_CLONE_NEWNS, _MS_REC, _MS_PRIVATE, _MS_REMOUNT = 0x20000, 0x4000, 1 << 18, 32


def mount_small_disk(at: Path, size: int) -> None:
    """A disk of this many bytes that only this process sees, and that goes with it. Raises Impossible."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux" or libc.unshare(_CLONE_NEWNS) or libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None):
        raise Impossible("mounting a small disk needs Linux and root")
    _mount(at, size, 0)


def resize_small_disk(at: Path, size: int) -> None:
    _mount(at, size, _MS_REMOUNT)


def _mount(at: Path, size: int, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(at), b"tmpfs", flags, f"size={size}".encode()):
        raise Impossible(f"mounting a small disk is not permitted: {os.strerror(ctypes.get_errno())}")


def fill(file: Path) -> None:
    """Take all the room that is left on a disk."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)


_CALLS = {"x86_64": {"fdatasync": 75, "pwrite64": 18}, "aarch64": {"fdatasync": 83, "pwrite64": 68}}
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_NUMBER_AT, _THIRD_ARGUMENT_AT = 0, 32


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def refuse_from_now_on(call: str, below: int | None = None) -> None:
    """The kernel answers this process's system call with an input/output error, for good.

    With `below`, only calls whose third argument (the count of bytes to write) is less. Raises Impossible.
    """
    number = _CALLS.get(platform.machine(), {}).get(call)
    if sys.platform != "linux" or number is None:
        raise Impossible("refusing system calls is written for Linux on x86_64 and aarch64")
    steps = [(_LOAD, 0, 0, _NUMBER_AT), (_JUMP_IF_EQUAL, 0, 1 if below is None else 3, number)]
    if below is not None:
        steps += [(_LOAD, 0, 0, _THIRD_ARGUMENT_AT), (_JUMP_IF_AT_LEAST, 1, 0, below)]
    steps += [(_RETURN, 0, 0, _FAIL | errno.EIO), (_RETURN, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise Impossible(f"refusing system calls is not permitted: {os.strerror(ctypes.get_errno())}")
