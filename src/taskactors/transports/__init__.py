"""Wires: frames and lines in and out, without their meaning."""
