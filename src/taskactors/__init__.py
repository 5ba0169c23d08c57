"""A durable task server that a team of parallel AI agents shares."""

__version__ = "0.1.0"
