"""File systems: which of them stored data would not be safe on."""

import os
import re
from pathlib import Path

from .errors import UnsupportedFilesystem

REMOTE = (
    *("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "gluster", "lustre", "ncp", "gpfs", "beegfs", "ocfs2", "gfs2"),
    *("vboxsf", "prl_fs"),
)
"""Beginnings of the names of file systems whose locks and memory maps other machines, or a host, do not honour."""

MOUNTS = Path("/proc/self/mountinfo")

_ESCAPED = re.compile(rb"\\([0-7]{3})")


def require_local(folder: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a folder on a file system that is not this machine's own. Where mounts cannot be listed, nothing is refused."""
    kind = _kind(folder.resolve(), mounts)
    if kind.startswith(REMOTE):
        raise UnsupportedFilesystem(folder, kind)


def _kind(folder: Path, mounts: Path) -> str:
    """From the longest mount point above it, and of several on one point the last; empty when unknown."""
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return ""
    deepest, kind = 0, ""
    for line in lines:
        before, _, after = line.partition(b" - ")
        point = os.fsdecode(_ESCAPED.sub(lambda octal: bytes([int(octal[1], 8)]), before.split(b" ")[4]))
        if folder.is_relative_to(point) and len(point) >= deepest:
            deepest, kind = len(point), after.split(b" ")[0].decode()
    return kind
