"""Examining as it is where the disk has no room for a copy: `python -m tests.storage.crowded_disk` in its place."""

from taskactors.storage import examining

COPY = examining.COPY

examining.FREE_FOR_EACH = 1 << 40

if __name__ == "__main__":
    examining.main()
