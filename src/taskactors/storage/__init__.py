"""Engines: bytes on disk behind one small contract."""
