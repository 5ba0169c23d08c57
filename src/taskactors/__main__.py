"""Run as a program: python -m taskactors."""

import sys

from .cli import main

sys.exit(main())
