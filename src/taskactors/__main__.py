"""Run as a program: python -m taskactors."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
