"""Requests: one frozen class per tool, holding its arguments."""
