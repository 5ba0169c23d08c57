"""Unchanged: how a file looks to the system that runs, in a way that every later change of it shows in."""

import time
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another after every start of the machine: what a disk kept while the power was off is for nobody to vouch for."""

STAMPING_CLOCK = 5
"""Linux's CLOCK_REALTIME_COARSE, which files are stamped by; Python has no name for it."""

TICK_S = 0.001
TICKS = 100
"""That clock goes on every few milliseconds."""


Look = dict[str, Any]


def look_of(file: Path) -> Look | None:
    """What changes with every change of a file, and cannot be set back; None where no such thing is known. Raises OSError.

    A change that comes within one tick of the last would bear the same stamp, so it waits for the next tick to look.
    """
    if not BOOT_ID.exists():
        return None
    status = file.stat()
    for _ in range(TICKS):
        if time.clock_gettime_ns(STAMPING_CLOCK) > status.st_ctime_ns:
            return {
                "boot": BOOT_ID.read_text().strip(),
                "device": status.st_dev,
                "inode": status.st_ino,
                "size": status.st_size,
                "changed_ns": status.st_ctime_ns,
            }
        time.sleep(TICK_S)
    return None  # the clock was set back, and what the stamps say is worth nothing
