"""The gate's control: a server that is let run for half of the time, whatever it does."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Short against the time of a call among 64, long against what it takes to stop and to go on.
TURN_S = 0.004


@contextmanager
def slowed(pid: int) -> Iterator[None]:
    """Stop and continue a process in turns; it runs when this ends."""
    over = threading.Event()

    def hold_back() -> None:
        while not over.is_set():
            began = time.monotonic()
            os.kill(pid, signal.SIGSTOP)
            time.sleep(TURN_S)
            os.kill(pid, signal.SIGCONT)
            # As long as it was really stopped, which a busy machine makes longer than was asked for.
            time.sleep(time.monotonic() - began)

    holding = threading.Thread(target=hold_back)
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()
        os.kill(pid, signal.SIGCONT)
