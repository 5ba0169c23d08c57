"""Only a file system of this machine's own may hold data."""

from pathlib import Path

import pytest

from taskactors.storage.errors import UnsupportedFilesystem
from taskactors.storage.filesystems import require_local

MOUNTS = r"""
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
22 21 0:5 / /dev/shm rw shared:3 - tmpfs tmpfs rw
23 21 0:40 / /mnt/team rw,relatime shared:4 master:1 - nfs4 server:/team rw,vers=4.2
24 23 8:1 / /mnt/team/local rw - xfs /dev/sda1 rw
25 21 0:41 / /mnt/with\040space rw - fuse.sshfs someone@there: rw
26 21 0:42 / /mnt/käse rw - cifs //server/share rw
27 21 0:43 / /mnt/twice rw - ext4 /dev/sdb1 rw
28 27 0:44 / /mnt/twice rw - 9p host rw
29 21 0:45 / /mnt/teamwork rw - btrfs /dev/sdc1 rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_bytes(MOUNTS.strip().encode() + b"\n30 21 0:46 / /mnt/\xff\xfe rw - smb3 //server/odd rw\n")
    return file


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/mnt/team", "nfs4"),
        ("/mnt/team/deep/below", "nfs4"),
        ("/mnt/with space/x", "fuse.sshfs"),
        ("/mnt/käse/x", "cifs"),
        ("/mnt/twice/x", "9p"),
        ("/mnt/\udcff\udcfe/x", "smb3"),
    ],
)
def test_a_file_system_that_others_share_is_refused_by_its_name(mounts: Path, folder: str, kind: str) -> None:
    with pytest.raises(UnsupportedFilesystem, match=f"on a {kind} file system"):
        require_local(Path(folder), mounts)


@pytest.mark.parametrize("folder", ["/srv/data", "/dev/shm/x", "/mnt/team/local/x", "/mnt/teamwork/x", "/mnt"])
def test_a_file_system_of_this_machine_is_taken(mounts: Path, folder: str) -> None:
    require_local(Path(folder), mounts)


def test_a_link_is_judged_by_where_it_leads(mounts: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/mnt/team")
    with pytest.raises(UnsupportedFilesystem):
        require_local(tmp_path / "link", mounts)


def test_where_mounts_cannot_be_listed_nothing_is_refused(tmp_path: Path) -> None:
    require_local(Path("/mnt/team"), tmp_path / "no such file")
