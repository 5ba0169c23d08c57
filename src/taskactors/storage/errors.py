"""What can go wrong with stored bytes; each message says what to do about it."""

from pathlib import Path


class StorageError(Exception):
    """The family of everything below."""


class NeedsRoom(StorageError):
    """The map is full. Nothing was committed: call `make_room` between reads, then run the same batch again."""


class StoreFull(StorageError):
    """There is no space left. Nothing of this batch was committed; reading goes on, and writing too once there is space."""


class EngineFault(StorageError):
    """The engine failed and the outcome of the batch is unknown: close, open again, and ask `committed`."""


class Damaged(StorageError):
    """Stored bytes are not what was written. `fact` says what is wrong, without what to do about it."""

    def __init__(self, fact: str) -> None:
        self.fact = fact
        super().__init__(
            f"{fact}. The data is damaged and nothing was changed. Stop the server, put back a copy of its data folder from before, "
            "or move the damaged folder away to start empty; `taskactors verify` lists what is wrong"
        )


class RecordTooNew(StorageError):
    """A record was written by a later version of this software."""

    def __init__(self, name: str, version: int, known: int) -> None:
        super().__init__(
            f"a {name} record has version {version} and this software knows versions up to {known}; run the newer taskactors on this data"
        )


class NoCopies(StorageError):
    """This engine keeps its data in no file that could be copied."""

    def __init__(self) -> None:
        super().__init__("this engine's data is in no file that could be copied; back it up where it is kept")


class DataInUse(StorageError):
    """Another server owns this data folder."""

    def __init__(self, folder: Path, owner: str) -> None:
        super().__init__(f"the data folder {folder} is in use by {owner}; stop that server, or choose another folder with --data")
        self.owner = owner


class UnsupportedFilesystem(StorageError):
    """The data folder lies where memory maps and locks cannot be trusted."""

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(f"{folder} is on a {kind} file system, on which stored data would not be safe; choose a local disk with --data")


class UnusableFolder(StorageError):
    """The data folder cannot be made, or not be written to."""

    def __init__(self, folder: Path, why: str | None) -> None:
        super().__init__(f"{folder} cannot hold data: {why}; mend that, or choose another folder with --data")


class OpenToOthers(StorageError):
    """Other users of this machine could read, or change, what is their owner's alone."""

    def __init__(self, path: Path, mode: int, wanted: int) -> None:
        super().__init__(
            f"other users of this machine may read or change {path} (its mode is {mode:04o}): "
            f"look whether one did, then `chmod {wanted:o} {path}`"
        )
        self.path = path


class KeyTooLong(StorageError):
    """A key is longer than every engine can hold."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a key of {size} bytes is over the limit of {limit}")


class ValueTooLong(StorageError):
    """A value is longer than anything that should be stored."""

    def __init__(self, key: bytes, size: int, limit: int) -> None:
        super().__init__(f"the value under {key!r} has {size} bytes and the limit is {limit}")


class WrongEngineVersion(StorageError):
    """The LMDB library, or the one that a file was written by, is not the one that this software was tested with."""


class UnknownFormat(StorageError):
    """The folder holds something else, or data of a version that this software does not know."""

    def __init__(self, folder: Path, found: bytes | None) -> None:
        super().__init__(f"{folder} holds data of the format {found!r}, which this taskactors cannot read; run the version that wrote it")


class Exposed(StorageError):
    """A file that holds a secret can be read or written by others."""

    def __init__(self, file: Path, mode: int) -> None:
        super().__init__(f"{file} is open to others on this machine (mode {mode:o}); run `chmod 600 {file}`, and make its tokens anew")
